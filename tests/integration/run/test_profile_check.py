"""``asyncproof profile check --url``: what it shows of a profile that does not fit its server."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from asyncproof.cli.profile import profile
from tests.support.other_server import CHATTY, PROFILE, ChattyServer, QueueServer, serving


def checked(text: str, server: QueueServer, folder: Path, *more: str) -> Result:
    path = folder / f"{len(list(folder.iterdir()))}.toml"
    path.write_text(text, encoding="utf-8")
    with serving(server) as url:
        arguments = ["check", str(path), "--url", url, "--size", "96x64", *more]
        return CliRunner().invoke(profile, arguments)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASYNC_CALLBACK_TIMEOUT", "2")
    monkeypatch.setenv("ASYNC_POLL_INTERVAL", "0.1")


FRACTION, STATUS_ID = 'unit = "fraction"', '{id}"\nid = "number"'
CHANGED: list[tuple[str, str, str, int]] = [
    (FRACTION, 'unit = "percent"', r'WRONG +\[status.progress\].* is it unit = "fraction"\?', 1),
    (FRACTION, 'unit = "steps"\nof = 20', r"WRONG +\[status.progress\].* no whole number", 1),
    (FRACTION, 'unit = "steps"\nof = "all"', r"WRONG +\[status.progress\].* at all\. There are", 1),
    ('at = "share"', 'at = "done"', r"WRONG +\[status.progress\] +at: nothing is at done\.", 1),
    ('working = "processing"\n', "", r"WRONG +\[status\] +state: 'working' came", 1),
    ('waiting = "queued"\n', "", r"WRONG +\[submit\] +state: 'waiting' came", 1),
    ('"job.number"', '"job.id"', r"WRONG +\[submit\] +id: .*There are: job.number, job.state", 1),
    ('"job.state"', '"job.phase"', r"nothing +\[submit\] +state: nothing is at job.phase", 0),
    (STATUS_ID, '{id}"\nid = "no"', r"nothing +\[status\] +id: nothing is at no\. There", 0),
    (STATUS_ID, '{id}"\nseed = "seed"', r"nothing +\[status\] +seed: nothing is at seed", 0),
    (STATUS_ID, '{id}"\ncompleted_at = "end"', r"WRONG +\[status\] +completed_at: nothing", 1),
    (STATUS_ID, '{id}"\nerror = "why"', r"not seen \[status\] +error: nothing came at why", 0),
    (STATUS_ID, '{id}"\nfailed_at = "end"', r"not seen \[status\] +failed_at: nothing came", 0),
    ('json"\nid = "number"', 'json"\nid = "job"', r"WRONG +\[callback\] +id: nothing is at job", 1),
    (
        'state = "state"\npicture',
        'state = "phase"\npicture',
        r"WRONG +callback .*phase is missing",
        1,
    ),
    ('picture = "inline"', 'picture = "file"', r"WRONG +\[callback\] +picture: nothing is at", 1),
    ('picture = "inline"', 'picture = "inline"\nerror = "why"', r"not seen \[callback\] +error", 0),
    ('proof = "nothing"', 'proof = "header"\nheader = "X-Key"', r"401: X-Key is missing\. Set", 1),
    ("{callback_url}", "http://127.0.0.1:1/", r'WRONG +callback +none came: .*"{callback_url}"', 1),
]


@pytest.mark.parametrize(("old", "new", "said", "code"), CHANGED, ids=[row[1] for row in CHANGED])
def test_what_is_wrong_in_a_profile_is_shown(
    tmp_path: Path, old: str, new: str, said: str, code: int
) -> None:
    assert PROFILE.count(old) >= 1
    ran = checked(PROFILE.replace(old, new, 1), QueueServer(times=1), tmp_path)
    assert re.search(said, ran.output), ran.output
    assert ran.exit_code == code, ran.output


def test_a_profile_that_fits_has_all_its_places_shown(tmp_path: Path) -> None:
    ran = checked(PROFILE, QueueServer(times=1), tmp_path)
    assert ran.exit_code == 0
    assert "[submit]           id at job.number, state at job.state" in ran.output
    assert "number '1', state 'completed', a picture of" in ran.output
    assert not re.search("^(WRONG|nothing|not seen)", ran.output, re.M)


def test_callbacks_about_all_events_are_counted(tmp_path: Path) -> None:
    ran = checked(CHATTY, ChattyServer(), tmp_path)
    assert ran.exit_code == 0, ran.output
    assert "3 before the end; number '1', state 'completed'" in ran.output


def test_who_is_not_let_in_is_told_what_to_set(tmp_path: Path) -> None:
    keyed = QueueServer(key="k3y")
    ran = checked(PROFILE, keyed, tmp_path)
    assert ran.exit_code == 1
    assert "401" in ran.output
    assert "set `headers` at the top of the profile" in ran.output
    cured = checked(f'headers = {{ X-Key = "k3y" }}\n{PROFILE}', keyed, tmp_path)
    assert cured.exit_code == 0, cured.output


def test_a_job_that_never_ends_is_waited_for_as_long_as_asked(tmp_path: Path) -> None:
    endless = PROFILE.replace("done =", "finished =")
    ran = checked(endless, QueueServer(times=1), tmp_path, "--job-timeout", "1.5")
    assert "which may take 1.5 s" in ran.output
    assert re.search(r"WRONG +\[status\] +state: 'done' came", ran.output), ran.output
    assert "--job-timeout" in CliRunner().invoke(profile, ["check", "--help"]).output
