"""Small sizes are asked for only where the miner is known to take them."""

from pathlib import Path

import pytest

from asyncproof.facts.sizes import FAILED, MADE, REFUSED
from asyncproof.run import capabilities
from asyncproof.run.capabilities import SMALL, Capabilities

TARGET = "http://miner.example:8091"
USUAL = (1024, 1024)


def test_what_was_learned_is_read_again(tmp_path: Path) -> None:
    known = Capabilities().learned([(SMALL, MADE), ((1024, 768), REFUSED)])
    capabilities.write(tmp_path, TARGET, known.learned([((1024, 768), FAILED)]))
    again = capabilities.read(tmp_path, TARGET)
    assert dict(again.sizes) == {SMALL: MADE, (1024, 768): FAILED}
    assert capabilities.read(tmp_path, "http://another.example:8091") == Capabilities()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"sizes": {"512": "made"}}', b"\xff\xfe"])
def test_a_file_that_cannot_be_read_says_nothing(tmp_path: Path, content: bytes) -> None:
    path = capabilities.kept_in(tmp_path, TARGET)
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    assert capabilities.read(tmp_path, TARGET) == Capabilities()


@pytest.mark.parametrize(
    ("known", "size"), [([], USUAL), ([(SMALL, REFUSED)], USUAL), ([(SMALL, MADE)], SMALL)]
)
def test_a_small_size_needs_a_run_that_saw_it_work(
    known: list[tuple[tuple[int, int], str]], size: tuple[int, int]
) -> None:
    assert Capabilities().learned(known).small(USUAL, None) == size


def test_a_small_size_that_is_given_is_taken() -> None:
    assert Capabilities().small(USUAL, (256, 128)) == (256, 128)


def test_what_is_smaller_than_small_stays() -> None:
    assert Capabilities().learned([(SMALL, MADE)]).small((128, 128), None) == (128, 128)


def test_the_bundled_miner_is_known_to_take_small_sizes(tmp_path: Path) -> None:
    assert capabilities.read(tmp_path, "reference").small(USUAL, None) == SMALL
    capabilities.write(tmp_path, "reference", Capabilities())
    assert not list(tmp_path.iterdir())
