"""``asyncproof stress`` against real miners: verdicts, replays, early ends, forgotten jobs."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from asyncproof.harness.exit_codes import ExitCode
from asyncproof.harness.history_file import HistoryError
from asyncproof.harness.verdict import Verdict
from asyncproof.history.events import Settled, Submitted, reader
from asyncproof.run.recheck import rejudge
from asyncproof.settings import Settings
from asyncproof.stress.control import Commanded
from asyncproof.stress.merge import merged
from asyncproof.stress.order import StressOrder
from asyncproof.stress.session import StressSession
from tests import ROOT
from tests.support.miners import forked_miner
from tests.support.shell import Shell
from tests.support.waiting import TIMEOUT, until

QUICK_JOBS = ["--workers", "4", "--job-seconds", "0.05"]


@pytest.fixture(scope="module")
def sound() -> Iterator[str]:
    with forked_miner(QUICK_JOBS) as url:
        yield url


def a_session(url: str, folder: Path, order: StressOrder, **more: Any) -> StressSession:
    settings = Settings().override_variables(
        {
            "ASYNC_MINER_URL": url,
            "ASYNC_CALLBACK_BASE_URL": "http://127.0.0.1:0",
            "ASYNC_REPORT_DIR": str(folder),
            "ASYNC_IMAGE_SIZE": "64x64",
            "ASYNC_STEPS": "2",
            "ASYNC_POLL_INTERVAL": "0.1",
            "ASYNC_STRAGGLER_WAIT": "0.2",
            "ASYNC_RUN_SEED": "7",
        }
    )
    return StressSession(settings, order, **more)


def requests(session: StressSession) -> dict[str, tuple[object, ...]]:
    return requests_of(session.folder)


def requests_of(folder: Path) -> dict[str, tuple[object, ...]]:
    names = "prompt", "seed", "lora_path"
    return {
        event.job: tuple(map(event.request.get, names))
        for event in reader.read(folder / "history.ndjson")
        if isinstance(event, Submitted)
    }


def test_a_sound_miner_passes_and_the_same_seed_sends_the_same_again(
    sound: str, tmp_path: Path
) -> None:
    sessions = [
        a_session(sound, tmp_path / shape, StressOrder(jobs=30, concurrency=6, shape=shape))
        for shape in ("steady", "burst")
    ]
    verdicts = [session.run() for session in sessions]
    assert [verdict.exit_code for verdict in verdicts] == [ExitCode.PASS] * 2, verdicts[0].explain()
    steady, burst = sessions
    assert requests(steady) == requests(burst)
    assert len(requests(steady)) == 30
    assert (steady.proof.failures, steady.proof.jobs) == (0, 30)
    assert 2 <= steady.proof.overlap <= 6
    assert "Valid images: 30" in steady.result.block
    assert rejudge(steady.folder / "history.ndjson", steady.levels).passed
    told = json.loads((steady.folder / "verdict.json").read_text())
    assert (told["outcome"], told["jobs"]) == ("PASS", 30)
    # What was judged and found sound is kept in the history only.
    assert list((steady.folder / "pictures").iterdir()) == []
    assert not list(steady.folder.glob("*.sqlite"))


def test_faults_are_found_as_they_come_and_the_first_ends_the_run(tmp_path: Path) -> None:
    arguments = ["--fault", "callback-twice", "--fault", "rows-of-another", "--trigger", "every:9"]
    found = list[str]()
    order = StressOrder(until_failure=True, concurrency=6)
    with forked_miner([*QUICK_JOBS, *arguments]) as url:
        session = a_session(url, tmp_path, order, fresh=lambda f: found.append(f.clause))
        verdict = session.run()
    assert verdict.exit_code == ExitCode.FINDINGS
    assert "CBK-4" in {finding.clause for finding in verdict.failures}
    assert "CBK-4" in found
    assert session.stopped
    assert session.proof.jobs < order.wanted / 4
    assert "CBK-4" in (session.folder / "report.html").read_text()
    judged_again = rejudge(session.folder / "history.ndjson", session.levels)
    assert {(f.clause, f.job) for f in judged_again.failures} == {
        (f.clause, f.job) for f in verdict.failures
    }


def test_a_miner_that_takes_nothing_is_left_soon(tmp_path: Path) -> None:
    with forked_miner([*QUICK_JOBS, "--fault", "submission-without-id"]) as url:
        session = a_session(url, tmp_path, StressOrder(jobs=100_000, concurrency=20))
        verdict = session.run()
    assert {finding.clause for finding in verdict.failures} == {"SUB-1"}
    assert "none of the last" in session.stopped


def test_a_run_that_never_overlapped_proves_nothing(sound: str, tmp_path: Path) -> None:
    order = StressOrder(jobs=3, concurrency=4)
    session = a_session(sound, tmp_path, order, commanded=Commanded(jobs=1))
    session.run()
    assert (session.proof.jobs, session.proof.overlap) == (3, 1)
    assert session.verdict.exit_code == ExitCode.INCONCLUSIVE
    assert "no race was tested" in session.verdict.incomplete


def findings(verdict: Verdict) -> set[tuple[str, str]]:
    return {(finding.clause, finding.job) for finding in verdict.findings}


def test_the_parts_of_two_machines_are_one_run(tmp_path: Path) -> None:
    """The same jobs, sent by one machine and by two, have the same verdict; a part that was cut off
    is told, and what it had found counts all the same."""
    order = StressOrder(jobs=40, concurrency=6)
    arguments = ["--fault", "callback-twice", "--trigger", "p:0.3", "--fault-seed", "5"]
    with forked_miner([*QUICK_JOBS, *arguments]) as url:
        sessions = [
            a_session(url, tmp_path / "parts", replace(order, part=part, parts=2))
            for part in range(2)
        ]
        for session in sessions:
            session.run()
    whole = merged(sorted(tmp_path.glob("parts/*/history.ndjson")), tmp_path / "whole")
    assert whole.verdict.exit_code == ExitCode.FINDINGS
    assert findings(whole.verdict) == findings(sessions[0].verdict) | findings(sessions[1].verdict)
    assert "Total jobs: 40" in whole.block
    together = requests(sessions[0]) | requests(sessions[1])
    assert together == requests_of(whole.folder or tmp_path)
    assert not requests(sessions[0]).keys() & requests(sessions[1]).keys()
    assert findings(rejudge((whole.folder or tmp_path) / "history.ndjson", {})) == findings(
        whole.verdict
    )

    cut = sessions[1].folder / "history.ndjson"
    lines = cut.read_bytes().splitlines(keepends=True)
    last = max(n for n, line in enumerate(lines) if b'"type":"Settled"' in line)
    cut.write_bytes(b"".join(lines[:last]))
    partly = merged([session.folder / "history.ndjson" for session in sessions], tmp_path / "less")
    assert "died" in partly.verdict.incomplete
    assert "of the 20 jobs that it had sent, 1 were in flight" in partly.verdict.incomplete
    assert "Total jobs: 39" in partly.block

    for session in sessions:
        (session.folder / "history.ndjson").write_bytes(b"")
    with pytest.raises(HistoryError, match="none of the 2 parts"):
        merged([session.folder / "history.ndjson" for session in sessions], tmp_path / "none")


def test_a_race_is_shrunk_to_as_few_in_flight_as_it_takes(tmp_path: Path) -> None:
    """The fault shows with more than four in flight; what is printed sends a load that fails."""
    # Jobs that take so long that a busy machine, too, has more than four in flight.
    arguments = ["--fault", "callback-twice", "--trigger", "race:4", "--job-seconds", "0.5"]
    with forked_miner([*arguments, "--workers", "2"]) as url:
        session = a_session(url, tmp_path, StressOrder(jobs=20, concurrency=20))
        assert session.run().exit_code == ExitCode.FINDINGS
        ran = Shell(tmp_path).cli("shrink", str(session.folder))
    assert ran.code == ExitCode.PASS, ran.output
    assert "Shrinking 20 jobs" in ran.output
    assert ", 1 in flight: does not fail" in ran.output
    command = ran.output.splitlines()[-1]
    assert command.startswith("asyncproof stress --miner=")
    (concurrency,) = (w for w in command.split() if w.startswith("--concurrency="))
    assert 5 <= int(concurrency.partition("=")[2]) < 20


def recorded(folder: Path, kind: type) -> bool:
    try:
        (run,) = folder.glob("reports/*/history.ndjson")
        return any(isinstance(event, kind) for event in reader.read(run))
    except (ValueError, HistoryError):
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_ended_early_leaves_its_verdict(
    sound: str, tmp_path: Path, number: signal.Signals
) -> None:
    shell = Shell(tmp_path)
    command = [sys.executable, "-m", "asyncproof", "stress", "--duration", "1h", "--size", "64x64"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=shell.environ(ASYNC_MINER_URL=sound),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        until("a job has settled", lambda: recorded(tmp_path, Settled))
        process.send_signal(number)
        output, _ = process.communicate(timeout=TIMEOUT)
    assert process.returncode == ExitCode.INCONCLUSIVE, output
    assert "Verdict: INCONCLUSIVE" in output
    assert "INCOMPLETE: interrupted" in output
    (run,) = (tmp_path / "reports").iterdir()
    assert json.loads((run / "verdict.json").read_text())["outcome"] == "INCONCLUSIVE"
    assert (run / "report.html").exists()
    assert not psutil.pid_exists(process.pid)


def test_the_command_says_how_it_is_used_and_what_is_missing(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    wrong = shell.cli("stress", "--shape", "flood")
    assert wrong.code == ExitCode.USAGE
    assert "burst, steady, ramp, spike, soak" in wrong.output
    away = shell.cli("stress", "--jobs", "1", ASYNC_MINER_URL="http://127.0.0.1:9")
    assert away.code == ExitCode.SETUP_FAILED
    assert "Miner server unavailable" in away.output
    assert not list((tmp_path / "reports").glob("*"))
