"""The callback server with another parser of multipart bodies than its own, to compare them.

    python -m benchmarks.peers.other_parsers ours|python-multipart|multipart FOLDER

It prints its url. Everything but the search for parts and boundaries stays the server's own.
"""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import multipart
from python_multipart.multipart import MultipartParser

from asyncproof.receiver.callback_server import CallbackServer
from asyncproof.receiver.limits import Limits
from asyncproof.receiver.multipart import form_reader
from asyncproof.receiver.multipart.bad_form import BadFormError
from asyncproof.receiver.multipart.parser import Part, PartParser
from asyncproof.receiver.multipart.part_head import MOST_HEADERS

Begin = Callable[[bytes], Part]


class PythonMultipart:
    """python-multipart behind the interface of the server's own parser."""

    def __init__(self, boundary: bytes, limits: Limits, begin: Begin) -> None:
        self.ended = False
        self._begin = begin
        self._block = bytearray()
        self._part: Part
        self.feed = MultipartParser(
            boundary,
            {
                "on_part_begin": self._block.clear,
                "on_header_field": self._header_field,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_finished,
                "on_part_data": self._part_data,
                "on_part_end": self._part_end,
                "on_end": self._end,
            },
            max_header_count=MOST_HEADERS,
            max_header_size=limits.part_header,
        ).write

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._block += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        if not self._block.endswith(b": "):
            self._block += b": "
        self._block += data[start:end]

    def _header_end(self) -> None:
        self._block += b"\r\n"

    def _headers_finished(self) -> None:
        self._part = self._begin(bytes(self._block[:-2]))

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        self._part.write(memoryview(data)[start:end])

    def _part_end(self) -> None:
        self._part.end()

    def _end(self) -> None:
        self.ended = True


class Multipart:
    """multipart (its push parser) behind the interface of the server's own parser."""

    def __init__(self, boundary: bytes, limits: Limits, begin: Begin) -> None:
        self._begin = begin
        self._parser = multipart.PushMultipartParser(
            boundary,
            max_header_count=MOST_HEADERS,
            max_header_size=limits.part_header,
            max_segment_size=limits.body,
        )
        self._part: Part

    @property
    def ended(self) -> bool:
        try:
            self._parser.close()
        except multipart.MultipartError:
            return False
        return True

    def feed(self, piece: bytes) -> None:
        try:
            for event in self._parser.parse(piece):
                if event is None:
                    self._part.end()
                elif isinstance(event, (bytes, bytearray)):
                    self._part.write(memoryview(event))
                else:
                    lines = [f"{name}: {value}" for name, value in event.headerlist]
                    self._part = self._begin("\r\n".join(lines).encode())
        except multipart.MultipartError as error:
            raise BadFormError(400, str(error)) from None


PARSERS = {"ours": PartParser, "python-multipart": PythonMultipart, "multipart": Multipart}


async def main(name: str, folder: Path) -> None:
    form_reader.PartParser = PARSERS[name]  # type: ignore[assignment,misc]
    server = CallbackServer(folder)
    await server.start()
    sys.stdout.write(f"{server.url}/\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
