"""Profiles: the shipped ones can be used, what is wrong is named, placeholders are filled in."""

import sys
from pathlib import Path
from typing import Any

import pytest

from asyncproof.worker.profile import (
    FOLDER,
    PLACEHOLDERS,
    ProfileError,
    at,
    command_line,
    fill,
    load,
    parse,
)

GOOD = """
command = "worker --port {port}"
health = { path = "/h" }
ready = { path = "/r" }
heartbeat = { schema = "none" }
inference = { path = "/i", body = { p = "{prompt}" } }
"""
VALUES = dict.fromkeys(PLACEHOLDERS, "x")


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_profile_can_be_used(path: Path) -> None:
    profile = load(path.stem)
    assert profile == load(str(path))
    assert command_line(profile.command, VALUES)
    assert profile.description


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("command = [", "not TOML"),
        (GOOD.replace('health = { path = "/h" }', ""), "health: Field required"),
        (GOOD.replace("none", "morse"), "heartbeat: .*expected one of none, document"),
        (GOOD + "colour = 3", "colour: Extra inputs are not permitted"),
        (GOOD.replace("inference", "guess"), r"needs a table \[inference\] or \[stream\]|guess"),
        (GOOD.replace('path = "/r"', "path = 3"), "ready.path"),
    ],
)
def test_what_is_wrong_in_a_profile_is_named(broken: str, said: str) -> None:
    with pytest.raises(ProfileError, match=said):
        parse(broken)


def test_a_profile_that_is_not_there_is_answered_with_the_shipped_names() -> None:
    with pytest.raises(ProfileError, match=r"nowhere.toml.*detailed, document, health, llama_cpp"):
        load("nowhere.toml")


def test_a_file_that_is_no_text_is_no_profile(tmp_path: Path) -> None:
    picture = tmp_path / "worker.toml"
    picture.write_bytes(b"\x89PNG\xff")
    with pytest.raises(ProfileError, match=r"there is no profile .*worker\.toml"):
        load(str(picture))


def test_a_value_with_spaces_stays_one_word() -> None:
    words = command_line('{python} -m "my worker" --model {model}', {"model": "/a b/c.gguf"})
    assert words == [sys.executable, "-m", "my worker", "--model", "/a b/c.gguf"]


@pytest.mark.parametrize("template", ["w {colour}", "w {0}", "w {", 'w "open', "w {port.x}"])
def test_a_command_that_cannot_be_filled_in_names_the_placeholders(template: str) -> None:
    with pytest.raises(ProfileError, match=r"placeholders: \{worker_id\} \{model\}"):
        command_line(template, VALUES)


def test_a_body_is_filled_in_at_every_depth_and_numbers_stay_numbers() -> None:
    body = {"a": ["{prompt}", {"b": "say {prompt}"}], "n": "{max_tokens}", "x": True}
    assert fill(body, "hi", 7) == {"a": ["hi", {"b": "say hi"}], "n": 7, "x": True}


@pytest.mark.parametrize(
    ("place", "value"),
    [("a.b", 1), ("l.1.c", 2), ("l.9.c", None), ("a.b.c", None), ("zz", None), ("l.x", None)],
)
def test_a_dotted_place_is_found_or_is_none(place: str, value: Any) -> None:
    assert at({"a": {"b": 1}, "l": [0, {"c": 2}]}, place) == value
