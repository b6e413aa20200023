"""The plugin tells the truth about real pytest sessions, also about those that die."""

from pathlib import Path

import pytest

from asyncproof.coordinator.build import TestOutcome
from asyncproof.coordinator.events import reader
from asyncproof.coordinator.exit_reason import Reason, exit_code
from tests.support.known_wrong import summary_line_verdict
from tests.support.sessions import run_session

XDIST = ("-p", "xdist", "-n", "2")
EVERY_OUTCOME = """
import pytest
@pytest.fixture
def bad_setup(): raise RuntimeError("no set-up")
@pytest.fixture
def bad_teardown():
    yield
    raise RuntimeError("no tear-down")
def test_passes(): pass
def test_fails(): assert 1 == 2
def test_setup_error(bad_setup): pass
def test_teardown_error(bad_teardown): pass
def test_fails_with_teardown_error(bad_teardown): assert 0
def test_skips(): pytest.skip("why not")
@pytest.mark.xfail(reason="known")
def test_xfails(): assert 0
@pytest.mark.xfail
def test_xpasses(): pass
@pytest.mark.xfail(strict=True)
def test_strict_xpass(): pass
@pytest.mark.parametrize("text", ["\\u20ac", "a/b::c"])
def test_names(text): pass
def test_subtests(subtests):
    with subtests.test("one"): assert 0
    with subtests.test("two"): pytest.skip("no")
def test_skipped_subtest(subtests):
    with subtests.test("one"): pytest.skip("no")
"""
OUTCOMES = {
    "test_passes": "passed",
    "test_fails": "failed",
    "test_setup_error": "error",
    "test_teardown_error": "error",
    "test_fails_with_teardown_error": "failed",
    "test_skips": "skipped",
    "test_xfails": "xfailed",
    "test_xpasses": "xpassed",
    "test_strict_xpass": "failed",
    "test_names[\\u20ac]": "passed",
    "test_names[a/b::c]": "passed",
    "test_subtests": "failed",
    "test_skipped_subtest": "passed",
}


@pytest.mark.parametrize("extra", [(), XDIST], ids=["alone", "xdist"])
def test_each_test_has_its_one_outcome(tmp_path: Path, extra: tuple[str, ...]) -> None:
    """Every kind of outcome is told apart, without xdist and with it."""
    session = run_session(tmp_path, EVERY_OUTCOME, *extra)

    assert session.outcomes() == OUTCOMES
    assert session.record.ended
    assert session.record.collected
    assert not session.record.unplanned
    assert session.ending.reason is Reason.TESTS_FAILED
    assert "assert 1 == 2" in next(t.text for t in session.record.tests if "test_fails" in t.test)


ONE_PASS = "def test_one(): pass\n"
KILL = "import os, signal\ndef test_two(): os.kill(os.getpid(), signal.SIGKILL)\n"
KILL_AFTER_SUMMARY = "import os, signal\ndef pytest_unconfigure(): os.kill(os.getpid(), 9)\n"
FORGED = """
import os
def test_two(capfd):
    with capfd.disabled():
        os.write(1, b"===== 2 passed in 0.01s =====\\n")
        os._exit(0)
"""

CASES = {
    "green": (ONE_PASS, "", {"passed": 1}, Reason.COMPLETED, 0, "green"),
    "teardown error": (
        "import pytest\n@pytest.fixture\ndef f():\n    yield\n    raise RuntimeError\n"
        "def test_one(f): pass\n",
        "",
        {"error": 1},
        Reason.TESTS_FAILED,
        1,
        "green",
    ),
    "forged summary line": (
        ONE_PASS + FORGED + "def test_three(): pass\n",
        "",
        {"passed": 1, "running when the suite died": 1, "never started": 1},
        Reason.EXITED_EARLY,
        5,
        "green",
    ),
    "killed after its summary": (
        ONE_PASS,
        KILL_AFTER_SUMMARY,
        {"passed": 1},
        Reason.KILLED,
        3,
        "green",
    ),
    "crash after its end mark": (
        ONE_PASS,
        "import atexit, os\natexit.register(os._exit, 7)\n",
        {"passed": 1},
        Reason.CRASHED_AFTER_END,
        5,
        "green",
    ),
    "only expected failures": (
        "import pytest\n@pytest.mark.xfail\ndef test_one(): assert 0\n",
        "",
        {"xfailed": 1},
        Reason.COMPLETED,
        0,
        "red",
    ),
    "killed in the second test": (
        ONE_PASS + KILL,
        "",
        {"passed": 1, "running when the suite died": 1},
        Reason.KILLED,
        3,
        "no summary",
    ),
    "aborts by itself": (
        ONE_PASS + "import os\ndef test_two(): os.abort()\n",
        "",
        {"passed": 1, "running when the suite died": 1},
        Reason.CRASHED,
        5,
        "no summary",
    ),
    "exits with 0 too early": (
        ONE_PASS + "import os\ndef test_two(): os._exit(0)\n",
        "",
        {"passed": 1, "running when the suite died": 1},
        Reason.EXITED_EARLY,
        5,
        "no summary",
    ),
    "all skipped": (
        "import pytest\ndef test_one(): pytest.skip('no server')\n",
        "",
        {"skipped": 1},
        Reason.NOTHING_TESTED,
        4,
        "red",
    ),
    "exit status changed by a plugin": (
        ONE_PASS,
        "def pytest_sessionfinish(session): session.exitstatus = 9\n",
        {"passed": 1},
        Reason.UNEXPLAINED_EXIT,
        4,
        "green",
    ),
    "no tests": ("", "", {}, Reason.NO_TESTS, 4, "red"),
    "does not import": ("import nothing_of_that_name\n", "", {}, Reason.COLLECTION_ERROR, 5, "red"),
    "conftest does not import": (ONE_PASS, "1 / 0\n", {}, Reason.USAGE_ERROR, 2, "no summary"),
    "internal error": (
        ONE_PASS,
        "def pytest_runtest_makereport(item): raise RuntimeError('plugin')\n",
        {"running when the suite died": 1},
        Reason.INTERNAL_ERROR,
        5,
        "red",
    ),
    "soft memory error": (
        ONE_PASS + "def test_two(): raise MemoryError\n",
        "",
        {"passed": 1, "failed": 1},
        Reason.MEMORY_ERROR,
        1,
        "red",
    ),
    "interrupted": (
        ONE_PASS + "def test_two(): raise KeyboardInterrupt\n",
        "",
        {"passed": 1, "running when the suite died": 1},
        Reason.INTERRUPTED,
        4,
        "green",
    ),
    "a forked child of a test": (
        "import os\ndef test_one():\n    if os.fork() == 0: raise SystemExit(0)\n    os.wait()\n",
        "",
        {"passed": 1},
        Reason.COMPLETED,
        0,
        "green",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_how_a_session_ended_is_told_from_its_events(tmp_path: Path, name: str) -> None:
    """Each case has its outcomes, its class and its exit code, whatever the terminal says."""
    source, conftest, counts, reason, code, by_summary = CASES[name]
    (tmp_path / "conftest.py").write_text(conftest)

    session = run_session(tmp_path, source)

    assert session.counts() == counts
    assert session.ending.reason is reason, session.ending
    assert int(exit_code(session.record, session.ending)) == code
    assert summary_line_verdict(session.terminal) == by_summary


def test_a_worker_of_xdist_that_dies_fails_its_test(tmp_path: Path) -> None:
    """The session goes on after a worker crashed, and the test under it is a failure."""
    source = ONE_PASS + "import os\ndef test_two(): os._exit(1)\ndef test_three(): pass\n"

    session = run_session(tmp_path, source, *XDIST)

    assert session.outcomes() == {
        "test_one": "passed",
        "test_two": "failed",
        "test_three": "passed",
    }


def test_a_pytest_that_a_test_starts_writes_elsewhere(tmp_path: Path) -> None:
    """A nested session does not mix its events into those of the session around it."""
    (tmp_path / "inner.py").write_text("def test_inner(): pass\n")
    nested = (
        "import subprocess, sys\n"
        "def test_outer():\n"
        "    run = [sys.executable, '-m', 'pytest', '-p', 'coordinator_events', 'inner.py']\n"
        "    subprocess.run(run, check=True)\n"
    )

    session = run_session(tmp_path, nested)

    assert session.outcomes() == {"test_outer": "passed"}


def test_tests_after_the_first_failure_are_never_started(tmp_path: Path) -> None:
    """With ``-x`` the rest of the plan is told as never started."""
    session = run_session(tmp_path, "def test_one(): assert 0\ndef test_two(): pass\n", "-x")

    assert session.outcomes() == {"test_one": "failed", "test_two": "never started"}
    assert session.ending.reason is Reason.TESTS_FAILED


def test_a_body_that_never_ran_is_no_pass(tmp_path: Path) -> None:
    """``--setup-only`` reports no failure and tests nothing."""
    session = run_session(tmp_path, ONE_PASS, "--setup-only")

    assert session.counts() == {TestOutcome.ERROR: 1}


def test_an_event_file_that_cannot_be_written_is_a_usage_error(tmp_path: Path) -> None:
    """The message names the option; the session does not run without its witness."""
    (tmp_path / "file").touch()
    session = run_session(tmp_path, ONE_PASS, "--coordinator-events=file/events.ndjson")

    assert "--coordinator-events: cannot write" in session.terminal
    assert session.ending.reason is Reason.USAGE_ERROR


def test_every_event_has_a_time_that_never_goes_back(tmp_path: Path) -> None:
    run_session(tmp_path, EVERY_OUTCOME)

    times = [event.at for event in reader.read(tmp_path / "out" / "events.ndjson")]
    assert times == sorted(times)


NOTHING: dict[str, tuple[str, tuple[str, ...], Reason, str]] = {
    "a file that does not import": (
        "import nothing_of_that_name\n",
        (),
        Reason.COLLECTION_ERROR,
        "No module named 'nothing_of_that_name'",
    ),
    "a file that is skipped for want of a module": (
        "import pytest\npytest.importorskip('nothing_of_that_name')\n",
        (),
        Reason.NOTHING_TESTED,
        "test_it.py: skipped: could not import 'nothing_of_that_name'",
    ),
    "a file that is skipped as a whole": (
        "import pytest\npytest.skip('no device', allow_module_level=True)\n",
        (),
        Reason.NOTHING_TESTED,
        "test_it.py: skipped: no device",
    ),
    "tests that are skipped": (
        "import pytest\n@pytest.mark.parametrize('n', [1, 2])\n"
        "def test_one(n): pytest.skip('no server')\n",
        (),
        Reason.NOTHING_TESTED,
        "2 skipped: no server",
    ),
    "tests that are skipped without a word": (
        "import pytest\n@pytest.mark.skip\ndef test_one(): pass\n",
        (),
        Reason.NOTHING_TESTED,
        "1 skipped: unconditional skip",
    ),
    "tests that are not wanted": (
        ONE_PASS,
        ("-k", "another"),
        Reason.NO_TESTS,
        "1 tests were deselected",
    ),
}


@pytest.mark.parametrize("extra", [(), XDIST], ids=["alone", "xdist"])
@pytest.mark.parametrize("name", NOTHING)
def test_a_suite_that_tested_nothing_says_why(
    tmp_path: Path, name: str, extra: tuple[str, ...]
) -> None:
    source, args, reason, evidence = NOTHING[name]

    session = run_session(tmp_path, source, *args, *extra)

    assert session.ending.reason is reason, session.ending
    if not (extra and reason is Reason.NO_TESTS):  # xdist does not tell what its workers deselect
        assert evidence in " ".join(session.ending.evidence)
