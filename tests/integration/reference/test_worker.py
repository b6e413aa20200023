"""The bundled worker: correct answers, honest states, and nothing done for who has left."""

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from reference.catalog import Entry, members
from reference.worker import faults
from reference.worker.app import make_app
from reference.worker.engine import EchoEngine, Engine, ModelError, Paced, Request, check_model
from reference.worker.faults import FAULTS, by_name
from reference.worker.heartbeat import SCHEMAS, Beat, Identity
from reference.worker.seams import Around, Fault
from reference.worker.work import Work

Client = TestClient[Any, Any]


class Endless:
    """An engine that goes on until nobody listens, and tells when it stopped."""

    name, note = "endless", ""

    def __init__(self) -> None:
        self.stopped = threading.Event()

    def generate(self, _: Request, emit: Callable[[str], bool]) -> str:
        while emit("on "):
            threading.Event().wait(0.005)
        self.stopped.set()
        return "cancelled"

    def close(self) -> None:
        """Holds nothing."""


def talk(story: Callable[[Client, Work], Awaitable[None]], engine: Engine | None) -> None:
    """Run a story against a worker with this engine."""

    async def talking() -> None:
        work = Work(slots=2)
        work.engine = engine
        async with TestClient(TestServer(make_app(Around(work), Fault()))) as client:
            await story(client, work)
        work.close()

    asyncio.run(talking())


def test_a_json_answer_has_text_tokens_and_the_reason() -> None:
    async def story(client: Client, _: Work) -> None:
        body = {"prompt": "one two three", "max_tokens": 4}
        async with client.post("/v1/inference", json=body) as answer:
            told = await answer.json()
        assert told == {"text": "one two three one", "tokens": 4, "finish_reason": "length"}

    talk(story, EchoEngine("a test"))


def test_a_stream_has_each_token_and_one_end_mark() -> None:
    async def story(client: Client, _: Work) -> None:
        body = {"prompt": "one two", "max_tokens": 2, "stream": True}
        async with client.post("/v1/inference", json=body) as answer:
            assert answer.content_type == "text/event-stream"
            frames = (await answer.text()).split("\n\n")
        assert [frame.removeprefix("data: ") for frame in frames] == [
            '{"type": "token", "t": "one "}',
            '{"type": "token", "t": "two "}',
            '{"type": "end", "finish_reason": "length"}',
            "[DONE]",
            "",
        ]

    talk(story, EchoEngine("a test"))


def test_a_job_is_streamed_once_from_its_own_address() -> None:
    async def story(client: Client, _: Work) -> None:
        async with client.post("/v1/jobs", json={"prompt": "one", "max_tokens": 1}) as answer:
            assert answer.status == 202
            job = await answer.json()
        assert job["job_id"] in job["sse_url"]
        for status, ends in ((200, 1), (404, 0)):
            async with client.session.get(job["sse_url"]) as stream:
                assert (stream.status, (await stream.text()).count("[DONE]")) == (status, ends)

    talk(story, EchoEngine("a test"))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "JSON object with a prompt"),
        (b"[]", "JSON object with a prompt"),
        (b"{}", "JSON object with a prompt"),
        (b'{"prompt": ""}', "prompt: "),
        (b'{"prompt": 3}', "prompt: "),
        (b'{"prompt": "a", "max_tokens": 0}', "max_tokens: "),
        (b'{"prompt": "a", "max_tokens": true}', "max_tokens: "),
        (b'{"prompt": "a", "max_tokens": 9999999}', "max_tokens: "),
        (b'{"prompt": "a", "stream": "yes"}', "stream: "),
    ],
)
def test_a_bad_request_is_answered_with_its_field(body: bytes, said: str) -> None:
    async def story(client: Client, work: Work) -> None:
        async with client.post("/v1/inference", data=body) as answer:
            assert answer.status == 400
            assert said in json.loads(await answer.text())["error"]
        assert work.begun == 0

    talk(story, EchoEngine("a test"))


def test_nothing_is_promised_before_the_model_is_loaded() -> None:
    async def story(client: Client, work: Work) -> None:
        statuses = [(await client.get(f"/v1/{page}")).status for page in ("health", "ready")]
        refused = await client.post("/v1/inference", json={"prompt": "a"})
        assert (*statuses, refused.status, work.state) == (503, 503, 503, "starting")

    talk(story, None)


def test_it_is_busy_while_it_generates_and_stops_when_the_client_leaves() -> None:
    engine = Endless()

    async def story(client: Client, work: Work) -> None:
        body = {"prompt": "a", "max_tokens": 9, "stream": True}
        assert work.state == "ready"
        async with client.post("/v1/inference", json=body) as answer:
            await answer.content.readuntil(b"\n\n")
            assert work.state == "busy"
            answer.close()
        assert await asyncio.to_thread(engine.stopped.wait, 30)
        async with asyncio.timeout(30):
            while work.state != "ready":  # noqa: ASYNC110 (a state has no event)
                await asyncio.sleep(0.01)

    talk(story, engine)


def test_an_echo_says_in_its_health_that_it_is_one() -> None:
    async def story(client: Client, _: Work) -> None:
        async with client.get("/v1/health") as answer:
            told = await answer.json()
        assert told["engine"] == "echo"
        assert "no language model: because" in told["note"]

    talk(story, Paced(EchoEngine("because"), 1000.0))


BEAT = Beat(Identity("me", "tiny.gguf", "cuda", 1, 18081), "busy", 1767323045.5)
TIME = "2026-01-02T03:04:05.500000+00:00"


@pytest.mark.parametrize(
    ("schema", "body"),
    [
        ("document", {"worker_id": "me", "timestamp": TIME, "state": "busy"}),
        ("health", {"worker_id": "me", "timestamp": TIME, "health_status": "healthy"}),
        (
            "detailed",
            {
                "worker": {
                    "id": "me",
                    "model_id": "tiny.gguf",
                    "device": "cuda:1",
                    "port": 18081,
                    "status": "busy",
                    "implementation": "reference-worker",
                    "version": "1",
                },
                "timestamp": TIME,
            },
        ),
    ],
)
def test_a_heartbeat_takes_the_shape_of_its_schema(schema: str, body: dict[str, Any]) -> None:
    assert SCHEMAS[schema][1](BEAT) == body


def run(*flags: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "reference.worker", *flags]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_every_fault_is_listed_under_its_family_with_its_clause() -> None:
    blocks = run("--list-faults").stdout.strip().split("\n\n")
    for (heading, family), block in zip(FAULTS.items(), blocks, strict=True):
        first, *lines = block.splitlines()
        assert first == f"Faults: {heading}"
        assert [line.split(maxsplit=1) for line in lines] == [
            [entry.name, f"{entry.does}  [{entry.clause}]"] for entry in members(family, Entry)
        ]


def test_every_module_of_faults_is_a_family_and_no_name_is_given_twice() -> None:
    files = {file.stem for file in Path(str(faults.__file__)).parent.glob("[!_]*.py")}
    assert {family.__name__.rpartition(".")[2] for family in FAULTS.values()} == files
    assert len(by_name()) == sum(len(members(family, Entry)) for family in FAULTS.values())


def test_an_unknown_fault_is_refused_with_the_nearest_name() -> None:
    ended = run("--fault", "wrong-idd")
    assert ended.returncode == 2
    assert "unknown fault 'wrong-idd'; did you mean 'wrong-id'?" in ended.stderr


@pytest.mark.parametrize(("content", "said"), [(None, "not found"), (b"text", "not a GGUF")])
def test_a_model_that_is_none_is_told_with_path_and_cure(
    tmp_path: Any, content: bytes | None, said: str
) -> None:
    path = tmp_path / "model.gguf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=f"{said}.*{path}.*make tiny-model"):
        check_model(path)
