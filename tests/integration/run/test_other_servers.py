"""Runs against a server of another dialect: by its profile it is tested as any miner is."""

import asyncio
import re
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from asyncproof.cli.profile import profile
from asyncproof.driver.http_client import HttpClient
from asyncproof.harness.verdict import CheckResult
from asyncproof.history.history import History
from asyncproof.history.recorder import Recorder
from asyncproof.nemesis import AnswersError, Nemesis, Resets, When
from asyncproof.receiver.nemesis import QUIET
from asyncproof.run.late_checks import judged_as_a_whole
from asyncproof.run.recheck import rejudge
from asyncproof.run.testbed import Testbed
from asyncproof.settings import Settings
from asyncproof.wire.dialect import Dialect
from asyncproof.wire.profile import parse
from asyncproof.workload.scenario import a_job, burst
from tests.support.other_server import (
    CHATTY,
    PROFILE,
    WITHOUT_POLLING,
    ChattyServer,
    QueueServer,
    serving,
)
from tests.support.shell import Shell

SEEDS = (3, 4, 5)
MEANS = {"waiting": "queued", "working": "processing"}
ALL = '[callback]\nevents = "all"'
FEW = "test_callbacks_of_many_jobs or test_health_while_work_is_done"


def run(
    server: QueueServer, profile: str, folder: Path, nemesis: Nemesis = QUIET
) -> tuple[History, list[CheckResult]]:
    path = folder / "queue.toml"
    path.write_text(profile, encoding="utf-8")
    settings = Settings().override_variables(
        {
            "ASYNC_PROFILE": str(path),
            "ASYNC_CALLBACK_BASE_URL": "http://127.0.0.1:0",
            "ASYNC_CALLBACK_DIR": str(folder / "callbacks"),
            "ASYNC_IMAGE_SIZE": "96x64",
            "ASYNC_POLL_INTERVAL": "0.05",
            "ASYNC_JOB_TIMEOUT": "30",
        }
    )
    with (
        serving(server) as url,
        Testbed.open(settings, url, Recorder(folder), seed=1) as testbed,
    ):
        history = testbed.run(burst([a_job(seed) for seed in SEEDS]), nemesis)
        for sending in server.sent:
            sending.join()
        results = judged_as_a_whole(testbed.recorder.events, {})
    return history, list(results)


def broken(results: list[CheckResult]) -> set[str]:
    return {finding.clause for result in results for finding in result.findings}


def test_a_queue_with_webhooks_is_followed_fetched_and_judged(tmp_path: Path) -> None:
    """Its words, its fraction, its list of pictures, its JSON and its repeats with one id."""
    history, results = run(QueueServer(), PROFILE, tmp_path)
    for job in history:
        assert job.completed
        assert {poll.status for poll in job.polls} == {"queued", "processing", "completed"}
        assert 50.0 in {poll.progress for poll in job.polls}
        assert [d.what for d in job.downloads] == ["result", "result 2"]
        assert job.delivery is not None
        assert job.delivery.image is not None
        assert {file.sha256 for file in job.pictures()} == {job.delivery.image.sha256}
        assert job.submitted.sent is not None
        assert job.submitted.sent["picture"]["size"] == [96, 64]
    assert len([job for job in history if job.told_to_wait]) == 1
    assert broken(results) == set()
    assert {"CBK-4", "CBK-9", "IMG-1", "POL-2", "SCH-2"} <= {c for r in results for c in r.clauses}


def test_headers_go_with_every_request_to_the_server_itself(tmp_path: Path) -> None:
    server, elsewhere = QueueServer(key="s3same", times=1), QueueServer()
    keyed = f'headers = {{ X-Key = "s3same" }}\n{PROFILE}'
    history, results = run(server, keyed, tmp_path)
    assert all(job.completed for job in history)
    assert (broken(results), server.keys) == (set(), {"s3same"})

    async def ask(url: str, other: str) -> None:
        spoken = Dialect(parse(keyed))
        async with HttpClient.connected(url, time.monotonic, dialect=spoken) as client:
            await client.ask("GET", f"{other}/x")

    with serving(server) as url, serving(elsewhere) as other:
        asyncio.run(ask(url, other))
    assert elsewhere.keys == {None}


def test_a_repeat_with_another_id_is_a_duplicate(tmp_path: Path) -> None:
    _, results = run(QueueServer(same_id=False), PROFILE, tmp_path)
    assert broken(results) == {"CBK-4"}
    advice = next(found.advice for result in results for found in result.findings)
    assert re.search(r"with the same delivery id: they were '(\d)-0', '\1-1'$", advice), advice


@pytest.mark.parametrize(("secret", "found"), [("test-secret", set()), ("another", {"CBK-2"})])
def test_a_secret_that_no_job_brings_is_that_of_the_settings(
    tmp_path: Path, secret: str, found: set[str]
) -> None:
    plain = PROFILE.replace('proof = "nothing"', 'proof = "header"\nheader = "X-Plain"')
    _, results = run(QueueServer(secret=secret, times=1), plain, tmp_path)
    assert broken(results) & {"CBK-2"} == found
    told = "".join(str(f) for r in results for f in r.findings if f.clause == "CBK-2")
    assert ("ASYNC_CALLBACK_SECRET" in told) == bool(found)


@pytest.mark.parametrize(("secret", "found"), [("test-secret", set()), ("another", {"CBK-2"})])
def test_signed_webhooks_are_compared(tmp_path: Path, secret: str, found: set[str]) -> None:
    signed = PROFILE.replace('proof = "nothing"', 'proof = "hub"')
    _, results = run(QueueServer(secret=secret, times=1), signed, tmp_path)
    assert broken(results) & {"CBK-2"} == found
    told = "".join(str(f) for r in results for f in r.findings if f.clause == "CBK-2")
    assert ("X-Hub-Signature-256" in told) == bool(found)


def test_a_server_that_cannot_be_asked_is_followed_by_its_callbacks(tmp_path: Path) -> None:
    """A callback ends its job, also one that overtakes the answer to the submission."""
    history, results = run(QueueServer(prompt=True), WITHOUT_POLLING, tmp_path)
    assert all(job.completed and job.polls[0].by_callback for job in history)
    assert broken(results) == set()


def promising(profile: str) -> str:
    return profile.replace("[callback]", "[callback]\nretry_within = 0.1")


ONCE_FAILED = AnswersError(503, first=1)
TRYING_AGAIN = {
    "an error": (PROFILE, False, ONCE_FAILED),
    "an error, where jobs cannot be asked for": (WITHOUT_POLLING, True, ONCE_FAILED),
    "a broken connection": (PROFILE, False, Resets(When.AFTER)),
}


@pytest.mark.parametrize("after", TRYING_AGAIN)
def test_a_promised_retry_is_waited_for_and_is_no_double(tmp_path: Path, after: str) -> None:
    profile, prompt, nemesis = TRYING_AGAIN[after]
    server = QueueServer(prompt=prompt, times=1, tries=2)
    history, results = run(server, promising(profile), tmp_path, nemesis)
    assert broken(results) == set()
    assert [len(job.deliveries) for job in history] == [2] * len(SEEDS)
    assert {"CBK-4", "CBK-32"} <= {c for r in results for c in r.clauses}


@pytest.mark.parametrize(
    ("profile", "prompt"), [(PROFILE, False), (WITHOUT_POLLING, True)], ids=["polled", "not polled"]
)
def test_a_promised_retry_that_never_comes_is_waited_for_and_found(
    tmp_path: Path, profile: str, prompt: bool
) -> None:
    """No more is needed than the failed delivery and the time until it was to come again."""
    server = QueueServer(prompt=prompt, times=1)
    _, results = run(server, promising(profile), tmp_path, ONCE_FAILED)
    assert broken(results) == {"CBK-32"}
    said = [finding.actual for result in results for finding in result.findings]
    assert len(said) == len(SEEDS)
    for one in said:  # longer where this program was late itself
        waited = re.fullmatch(r"no other attempt in (\S+) s after our receiver answered 503", one)
        assert waited is not None
        assert float(waited[1]) >= 5.1


ASKED_FOR = [(CHATTY, False), (WITHOUT_POLLING.replace("[callback]", ALL), True)]


@pytest.mark.parametrize(("profile", "prompt"), ASKED_FOR, ids=["polled", "not polled"])
def test_callbacks_about_all_events_are_no_repeated_deliveries(
    tmp_path: Path, profile: str, prompt: bool
) -> None:
    """Those about the beginning and the work are read, and the one about the end is delivered."""
    history, results = run(ChattyServer(prompt=prompt), profile, tmp_path)
    said = ["waiting"] if prompt else ["waiting", "working", "working"]
    for job in history:
        assert [notice.fields["status"] for notice in job.notices] == [MEANS[word] for word in said]
        assert not any(notice.problems for notice in job.notices)
        assert [delivery.fields["status"] for delivery in job.deliveries] == ["completed"]
        assert job.completed
    assert not history.orphans
    assert broken(results) == set()


def test_a_callback_about_the_work_after_that_about_the_end_is_found(tmp_path: Path) -> None:
    _, results = run(ChattyServer(afterwards="working"), CHATTY, tmp_path)
    assert broken(results) == {"CBK-4"}


def test_a_second_end_is_a_repeated_delivery(tmp_path: Path) -> None:
    _, results = run(ChattyServer(afterwards="done"), CHATTY, tmp_path)
    assert broken(results) == {"CBK-4"}


def test_where_only_the_end_is_told_of_other_states_are_wrong(tmp_path: Path) -> None:
    _, results = run(ChattyServer(), PROFILE, tmp_path)
    assert "CBK-7" in broken(results)


def test_a_run_by_a_profile_tells_what_does_not_apply(tmp_path: Path) -> None:
    """And a history of it is judged the same again, without the profile."""
    (tmp_path / "queue.toml").write_text(PROFILE, encoding="utf-8")
    shell = Shell(tmp_path)
    with serving(QueueServer()) as url:
        chosen = ("--profile", str(tmp_path / "queue.toml"), "--miner", url)
        ran = shell.cli("run", "--quick", "-k", FEW, *chosen)
        check = ["check", str(tmp_path / "queue.toml"), "--url", url, "--size", "96x64"]
        checked = CliRunner().invoke(profile, check)
    assert ran.code == 0, ran.output
    assert "NOT APPLICABLE HLT-1: the profile names no health page" in ran.output
    assert checked.exit_code == 0, checked.output
    assert "The profile fits." in checked.output
    (path,) = tmp_path.glob("reports/*/history.ndjson")
    assert rejudge(path, {}).passed
