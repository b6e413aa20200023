"""``asyncproof profile``: what it prints, and what it ends with."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from asyncproof.cli.profile import profile
from asyncproof.wire.profile import parse
from tests.unit.wire.test_dialect import QUEUE
from tests.unit.wire.test_draft import TASKS


def ran(*arguments: str) -> Result:
    return CliRunner().invoke(profile, arguments)


def test_the_shipped_profiles_are_listed() -> None:
    listed = ran("list").output
    assert "inference" in listed
    assert "fal" in listed
    assert "(not tried)" in listed


def test_a_profile_is_shown_with_what_does_not_apply_to_it() -> None:
    shown = ran("check", "cog")
    assert shown.exit_code == 0
    for said in ("POST /predictions", "ask       not possible", "succeeded means completed"):
        assert said in shown.output
    assert "there is no [status]: jobs cannot be asked for" in shown.output
    assert "once, again within 1 s where it was not taken" in shown.output
    documented = ran("check", "inference").output
    only = "does not apply:\n    it does not promise to send a callback again"
    assert only in documented
    assert "multipart, proven by header X-Callback-Secret, once\n" in documented


def test_a_profile_is_shown_as_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        QUEUE.replace('proof = "nothing"', 'events = "all"\nproof = "header"\nheader = "X-Key"')
    )
    shown = ran("check", str(path)).output
    assert "ask       GET /jobs/{id}?full=1" in shown
    assert "json, proven by header X-Key, at least once, about all events" in shown
    assert "words     waiting means queued, working means processing" in shown
    assert "X-Callback-Secret" not in shown
    assert "nothing means failed" not in shown


def test_a_profile_that_knows_no_failure_is_told_what_that_costs(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(QUEUE.replace('broken = "failed"\n', ""))
    assert "nothing means failed: a failed job" in ran("check", str(path)).output
    assert "nothing means failed" not in ran("check", "runpod").output
    assert "nothing means failed" not in ran("check", "ai-horde").output


def test_a_profile_that_cannot_be_read_is_a_usage_error_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[submit]\npath = "jobs"\n')
    wrong = ran("check", str(path))
    assert wrong.exit_code == 2
    assert "mine.toml: line 2: submit.path" in wrong.output
    assert ran("check", "no-such-profile").exit_code == 2


def test_nobody_there_is_trouble_with_the_setup() -> None:
    tried = ran("check", "cog", "--url", "http://127.0.0.1:1", "--size", "64x64")
    assert tried.exit_code == 3
    assert "Nothing was tried." in tried.output


def test_a_draft_is_printed_or_written(tmp_path: Path) -> None:
    document, out = tmp_path / "openapi.json", tmp_path / "mine.toml"
    document.write_text(json.dumps(TASKS))
    printed = ran("learn", "--openapi", str(document))
    written = ran("learn", "--openapi", str(document), "--out", str(out))
    assert parse(printed.output).submit.path == "/paint/submit"
    assert out.read_text() == printed.output
    assert "go through it" in written.output


@pytest.mark.parametrize("content", [None, "<html>", '{"paths": {}}'])
def test_what_no_profile_can_be_drafted_from_is_a_usage_error(
    tmp_path: Path, content: str | None
) -> None:
    document = tmp_path / "openapi.json"
    if content is not None:
        document.write_text(content)
    assert ran("learn", "--openapi", str(document)).exit_code == 2
