"""What this machine needs for many connections, and the cure where it lacks it."""

import errno
import resource
from pathlib import Path

import pytest

from asyncproof.driver import room


def test_the_limit_of_this_process_is_raised_as_far_as_it_may_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits = [256, 4096]
    monkeypatch.setattr(resource, "getrlimit", lambda _: tuple(limits))
    monkeypatch.setattr(resource, "setrlimit", lambda _, new: limits.__setitem__(0, new[0]))
    assert room.make_room(128, 10) == ""
    assert limits[0] == 128 + 2 * 10 + room.BESIDE
    missing = room.make_room(128, 10_000)
    assert limits[0] == 4096
    assert "ulimit -Hn 20384" in missing


def test_too_few_ports_are_told_with_the_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = tmp_path / "range"
    setting.write_text("50000\t50009\n")
    assert room.free_ports(setting) == 10
    assert room.free_ports(tmp_path / "none") is None
    monkeypatch.setattr(room, "free_ports", lambda: 10)
    assert "ip_local_port_range" in room.make_room(128, 1)


def test_what_ran_out_here_is_no_matter_of_the_miner() -> None:
    assert "ulimit -n" in room.exhausted(errno.EMFILE)
    assert room.exhausted(errno.ECONNREFUSED) == ""
    assert room.exhausted(None) == ""
