"""Suites as real processes, side by side, dying in every way that the classes name."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from asyncproof.coordinator import journal as jr
from asyncproof.coordinator.attempt import RUN_MARK
from asyncproof.coordinator.build import TestOutcome
from asyncproof.coordinator.exit_reason import Reason
from asyncproof.coordinator.local import LocalBackend
from asyncproof.coordinator.memory_group import MemoryGroup
from asyncproof.coordinator.session import start
from tests.support.known_wrong import summary_line_verdict
from tests.support.runs import declare, journal, options, run, run_all

PASS = "def test_one(): pass\n"
FORGE = """
import os
def test_forges(capfd):
    with capfd.disabled():
        os.write(1, b"===== 3 passed in 0.01s =====\\n")
        os._exit(0)
def test_later(): pass
"""
GRANDCHILD = """
import os, time
def test_leaves_one(capfd):
    with capfd.disabled():
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                open("grandchild.pid", "w").write(str(os.getpid()))
                os.execvp("sleep", ["sleep", "600"])
            os._exit(0)
        os.wait()
    while not os.path.exists("grandchild.pid"): time.sleep(0.01)
"""
FLOOD = """
import os
def test_floods(capfd):
    with capfd.disabled():
        for n in range(320):
            os.write(1, (b"%09d" % n + b"x" * 90 + b"\\n") * 1000)
"""
SOURCES = {
    "green": PASS,
    "red": PASS + "def test_two(): assert 0\n",
    "dies-importing": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n",
    "dies-inside": PASS + "import os\ndef test_two(): os.kill(os.getpid(), 9)\n",
    "segfaults": PASS + "import os\ndef test_two(): os.kill(os.getpid(), 11)\n",
    "wants-memory": PASS + "def test_two(): bytearray(1 << 60)\n",
    "exits-early": PASS + "import os\ndef test_two(): os._exit(0)\n",
    "forges": PASS + FORGE,
    "floods": FLOOD,
    "grandchild": GRANDCHILD,
    "removes": PASS + "import os, shutil\n"
    "def test_two(): shutil.rmtree(os.environ['COORDINATOR_FOLDER'])\ndef test_three(): pass\n",
    "no-tests": "",
    "no-import": "import nothing_of_that_name\n",
}
EXPECTED = {
    "green": (Reason.COMPLETED, 0),
    "red": (Reason.TESTS_FAILED, 1),
    "dies-importing": (Reason.KILLED, 3),
    "dies-inside": (Reason.KILLED, 3),
    "segfaults": (Reason.CRASHED, 5),
    "wants-memory": (Reason.MEMORY_ERROR, 1),
    "exits-early": (Reason.EXITED_EARLY, 5),
    "forges": (Reason.EXITED_EARLY, 5),
    "floods": (Reason.COMPLETED, 0),
    "grandchild": (Reason.COMPLETED, 0),
    "removes": (Reason.COMPLETED, 0),
    "no-tests": (Reason.NO_TESTS, 4),
    "no-import": (Reason.COLLECTION_ERROR, 5),
}


def test_suites_that_die_side_by_side_each_have_their_true_ending(tmp_path: Path) -> None:
    """Thirteen suites at once: class, exit code, outcomes, log and reports of each are right."""
    session, results, said = run_all(declare(tmp_path, SOURCES), list(SOURCES))

    told = {name: (r.ending.reason, int(r.exit_code)) for name, r in results.items()}
    assert told == EXPECTED
    assert [t.outcome.value for t in results["forges"].record.tests] == [
        "passed",
        "running when the suite died",
        "never started",
    ]
    assert results["floods"].ended.log.complete
    log = Path(results["floods"].ended.log.path)
    assert log.stat().st_size > 32_000_000
    assert "bytes not shown here" in said.of("floods")
    assert "removed its event file" in " ".join(results["removes"].ending.evidence)
    assert results["removes"].record.count(TestOutcome.PASSED) == 3
    assert "sleep 600" in " ".join(results["grandchild"].ended.log.gaps)
    forged = Path(results["forges"].ended.log.path).read_text()
    assert summary_line_verdict(forged) == "green", "the known-wrong rule believes the forged line"
    written = json.loads((session.plan.folder / "results.json").read_text())
    assert len(written["suites"]) == len(SOURCES)
    assert all((session.plan.folder / f"junit-{name}.xml").exists() for name in SOURCES)


def test_a_hung_suite_is_explained(tmp_path: Path) -> None:
    """By the running test, by warnings on the way, and by every thread's stack in the log."""
    hangs = "import time\ndef test_hangs(): time.sleep(600)\n"
    file = declare(tmp_path, {"unit": hangs}, unit={"deadline": 8})

    session, results, said = run_all(file, ["unit"], stall_after=1)

    hung = "unit/test_it.py::test_hangs"
    assert results["unit"].ending.reason is Reason.DEADLINE
    assert f"running: {hung}" in results["unit"].ending.evidence
    stalls = [event for event in journal(session) if isinstance(event, jr.Stalled)]
    assert stalls[-1].running == (hung,)
    assert "no event for" in said.of("unit")
    assert any("in test_hangs" in line for line in results["unit"].last_lines[-6:])


def test_a_kernel_kill_for_memory_is_told_from_any_other_kill(tmp_path: Path) -> None:
    """SIGKILL with a risen oom counter is out of memory; the same signal without it is a kill."""
    probe = MemoryGroup.create(f"coordinator-probe-{tmp_path.name}", 1 << 28)
    if probe is None:
        pytest.skip("no memory groups may be made here")
    probe.remove()
    hungry = PASS + "def test_two(): b'x' * (600 << 20)\n"
    file = declare(tmp_path, {"hungry": hungry}, hungry={"memory": "200 MiB"})

    _, results, _ = run_all(file, ["hungry"])

    assert results["hungry"].ending.reason is Reason.OUT_OF_MEMORY
    assert results["hungry"].ended.signal == 9
    assert [t.outcome.value for t in results["hungry"].record.tests] == [
        "passed",
        "running when the suite died",
    ]


FLAKY_MACHINE = """
import os, pathlib, signal
def test_one():
    seen = pathlib.Path("seen")
    if not seen.exists():
        seen.touch()
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_only_infrastructure_trouble_earns_another_attempt(tmp_path: Path) -> None:
    """A killed suite is tried again, shown with its first ending; a failed one is not."""
    sources = {"killed": FLAKY_MACHINE, "red": "def test_one(): assert 0\n"}
    file = declare(tmp_path, sources)

    session, results, said = run_all(file, ["killed", "red"], retries=2)

    assert results["killed"].green
    assert [e.reason for e in results["killed"].before] == [Reason.KILLED]
    assert "retrying" in said.of("killed")
    assert not results["red"].before
    assert (session.plan.folder / "killed" / "attempt-2" / "log.txt").exists()


def test_a_suite_that_cannot_be_started_is_told_as_that(tmp_path: Path) -> None:
    session = start(options(declare(tmp_path, {"unit": PASS})), ["unit"])

    results, _ = run(session, LocalBackend(python="no-such-python"))

    assert results["unit"].ending.reason is Reason.SUBMISSION_FAILED
    assert "no-such-python" in " ".join(results["unit"].ending.evidence)


def test_the_deadline_of_the_run_ends_what_runs_and_keeps_the_rest_from_starting(
    tmp_path: Path,
) -> None:
    """Suites that exclude each other wait; past the deadline they are told as not run."""
    hangs = "import time\ndef test_one(): time.sleep(600)\n"
    sources = {"first": hangs, "second": PASS, "dies": "import os\nos.kill(os.getpid(), 9)\n"}
    gpu = {"exclusive": ["gpu"]}
    file = declare(tmp_path, sources, first=gpu, second=gpu)

    _, results, said = run_all(file, list(sources), deadline=4)

    assert results["first"].ending.reason is Reason.DEADLINE
    assert results["second"].ending.reason is Reason.NOT_RUN
    assert said.of("second").count("waits until there is room") == 1
    assert "waits" not in said.of("first")


OWN_THINGS = """
import os, socket, tempfile
def test_own():
    port = int(os.environ["URL"].rpartition(":")[2])
    with socket.socket() as server:
        server.bind(("127.0.0.1", port))
    print("OWN", port, tempfile.gettempdir(), os.environ["PICTURES"])
    assert os.environ["GIVEN"] == "{}"
"""


def test_each_suite_has_ports_and_folders_of_its_own(tmp_path: Path) -> None:
    needs = {
        "ports": ["callback"],
        "pytest": ["a/test_it.py", "-s"],
        "env": {"URL": "http://127.0.0.1:{port.callback}", "PICTURES": "{folder}/pictures"},
    }
    file = declare(tmp_path, {"a": OWN_THINGS, "b": ""}, a=needs, b=needs)

    _, results, said = run_all(file, ["a", "b"], env={"GIVEN": "{}"})

    assert all(result.green for result in results.values())
    own = [line.split("OWN")[1].split() for _, line in said.lines if "OWN" in line]
    assert len(own) == 2
    for mine, other in zip(*own, strict=True):
        assert mine != other


def test_shards_run_every_test_exactly_once(tmp_path: Path) -> None:
    tests = "import pytest\n@pytest.mark.parametrize('n', range(20))\ndef test_one(n): pass\n"
    file = declare(tmp_path, {"unit": tests})

    _, results, _ = run_all(file, ["unit"], shards=3)

    parts = [{t.test for t in result.record.tests} for result in results.values()]
    assert len(parts) == 3
    assert sum(map(len, parts)) == len(set().union(*parts)) == 20


def test_a_part_without_tests_is_green_where_the_others_have_them(tmp_path: Path) -> None:
    """Few tests in many parts; a suite that has no test at all is red in each of them."""
    file = declare(tmp_path, {"few": PASS, "none": ""})

    _, results, _ = run_all(file, ["few", "none"], shards=3)

    few = [result for name, result in results.items() if name.startswith("few")]
    assert all(result.green for result in few)
    assert sorted(len(result.record.tests) for result in few) == [0, 0, 1]
    assert {r.ending.reason for n, r in results.items() if n.startswith("none")} == {
        Reason.NO_TESTS
    }


def test_nothing_of_a_run_is_left_on_the_machine(tmp_path: Path) -> None:
    """A process in a session of its own, found by the mark of its run, is ended by ``reap``."""
    program = [sys.executable, "-c", "import time; print(flush=True); time.sleep(600)"]
    run_id = f"run-{tmp_path.name}"
    with subprocess.Popen(
        program, env={RUN_MARK: run_id}, start_new_session=True, stdout=subprocess.PIPE
    ) as orphan:
        assert orphan.stdout
        orphan.stdout.readline()

        named = asyncio.run(LocalBackend().reap(run_id))

        orphan.wait(30)
    assert "time.sleep(600)" in named[0]
