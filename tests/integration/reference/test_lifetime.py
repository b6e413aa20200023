"""A miner starts where it is told to, refuses nonsense, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from reference.catalog import Entry, members
from reference.engine import names
from reference.miner import faults, variations
from reference.miner.faults import FAULTS, by_name
from reference.miner.sets import SETS, entries_of
from reference.miner.settings import table
from reference.miner.triggers import parse_fault
from reference.miner.variations import VARIATIONS
from tests.integration.reference.conftest import RunningMiner, StartMiner, until


@dataclass
class StartedProgram(RunningMiner):
    """A miner that is started as a user does, and leads a process group."""

    process: "subprocess.Popen[str]"


StartProgram = Callable[..., StartedProgram]


@pytest.fixture
def start_program(tmp_path: Path) -> Iterator[StartProgram]:
    """Starts the program with flags of the test's own choice."""
    with ExitStack() as stack:

        def start(*flags: str) -> StartedProgram:
            return stack.enter_context(a_program(tmp_path / "program", *flags))

        yield start


@contextmanager
def a_program(folder: Path, *flags: str) -> Iterator[StartedProgram]:
    """A miner on a free port; nothing of it is left afterwards."""
    ready, log = folder / "ready.json", folder / "miner.log"
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "reference.miner", "--port", "0", "--job-seconds", "0.02"]
    with log.open("w") as out:
        process = subprocess.Popen(
            [*command, "--ready-file", str(ready), *flags],
            stdout=out,
            stderr=out,
            text=True,
            process_group=0,
        )
    miner = psutil.Process(process.pid)
    try:
        until(lambda: ready.exists() or process.poll() is not None, "the miner to start")
        assert process.poll() is None, log.read_text()
        yield StartedProgram(json.loads(ready.read_text())["url"], process.pid, log, process)
    finally:
        left = [miner, *miner.children(recursive=True)] if miner.is_running() else []
        process.terminate()
        _, alive = psutil.wait_procs(left, timeout=10)
        for survivor in alive:
            survivor.kill()
        process.wait()


def run(*flags: str) -> "subprocess.CompletedProcess[str]":
    """The command with these flags, to its end."""
    command = [sys.executable, "-m", "reference.miner", *flags]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def gone(processes: list[psutil.Process]) -> bool:
    """Whether none of these runs any more."""
    return not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes)


def busy_tree(miner: RunningMiner) -> list[psutil.Process]:
    """All processes of a miner that has jobs under way."""
    for _ in range(4):
        miner.submit()
    return miner.tree()


def test_sigterm_ends_every_process_and_removes_the_temporary_folder(
    start_program: StartProgram,
) -> None:
    """Also in the middle of jobs."""
    miner = start_program("--job-seconds", "30")
    tree = busy_tree(miner)
    assert len(tree) >= 4

    miner.process.terminate()

    assert miner.process.wait(timeout=20) == 0
    until(lambda: gone(tree), "every process to end")
    assert "Traceback" not in miner.log.read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda s: s.name)
def test_a_signal_to_the_whole_group_is_for_the_miner_alone(
    start_program: StartProgram, number: signal.Signals
) -> None:
    """As from a terminal or `timeout`: it ends its processes itself, and complains of none."""
    miner = start_program("--job-seconds", "30")
    tree = busy_tree(miner)

    os.killpg(miner.process.pid, number)

    assert miner.process.wait(timeout=20) == 0
    until(lambda: gone(tree), "every process to end")
    assert "ended unexpectedly" not in miner.log.read_text()


def test_inference_processes_end_when_the_miner_is_killed(
    start_program: StartProgram, tmp_path: Path
) -> None:
    """Even those that hang or are stopped: nobody is there to end them."""
    folder = str(tmp_path / "pictures")  # one of its own would stay behind
    miner = start_program("--fault", "hang:0", "--output-dir", folder)
    tree = busy_tree(miner)
    tree[-1].suspend()

    miner.process.kill()
    miner.process.wait(timeout=20)

    until(lambda: gone(tree), "every process to end")


def test_the_loss_of_every_process_is_survived(start_program: StartProgram) -> None:
    """Also of the one that they are forked from: jobs go on in new ones."""
    miner = start_program("--replacement-cooldown", "0", "--tick", "0.1")
    for process in miner.tree()[1:]:
        process.kill()

    job_id = until(miner.submit, "the miner to take a job")

    assert miner.ended(job_id)["status"] == "completed"


def test_attempts_that_came_to_nothing_leave_no_files(
    start_miner: StartMiner, tmp_path: Path
) -> None:
    """Half-written pictures and sources of edits go with their job at the latest."""
    folder = tmp_path / "out"
    flags = ("--retention", "0.5", "--quarantine-failures", "1000", "--replacement-cooldown", "0")
    miner = start_miner("--output-dir", str(folder), "--fault", "crash:100", *flags)
    made = miner.post("/edit", {"prompt": "x", "seed": 1, "image_b64": "aGk="}).json()
    miner.ended(miner.submit())
    until(lambda: miner.get(made["status_url"]).status_code == 404, "the record to go")
    until(lambda: not list(folder.iterdir()), "the folder to be empty")


def test_the_first_line_tells_where_it_listens(start_miner: StartMiner) -> None:
    """And the ready file says the same."""
    miner = start_miner()
    assert miner.log.read_text().startswith(f"reference miner listening on {miner.url}\n")


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--workers", "0"), "workers must be between 1 and 64, not 0"),
        (("--fault", "xyz"), "unknown fault or variation 'xyz'; --list-faults shows them all"),
        (("--fault", "botom-black:5"), "'botom-black'; did you mean 'bottom-black'?"),
        (("--variation", "burst"), "'burst'; did you mean 'bursty'?"),
        (("--fault", "hang:x"), "'x' is not a number"),
        (("--fault", "hang:-1"), "'-1' is not 0 or more"),
        (("--fault", "all-black:3"), "all-black takes no value, not 3"),
        (("--engine", "painted"), "engine must be one of drawn, diffusion, not 'painted'"),
        (("--engine-fault", "x"), "engine_fault must be one of no-synchronisation, "),
        (("--trigger", "sometimes"), "use always, race:K"),
    ],
)
def test_nonsense_is_refused_with_the_cure(flags: tuple[str, ...], words: str) -> None:
    """Exit code 2, one line, no traceback."""
    ended = run("--port", "0", *flags)
    assert ended.returncode == 2
    assert words in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_a_taken_port_is_named(start_miner: StartMiner) -> None:
    """Exit code 3."""
    miner = start_miner()
    ended = run("--port", miner.url.rpartition(":")[2])
    assert ended.returncode == 3
    assert "address already in use" in ended.stderr.lower()


def test_every_fault_and_variation_is_listed_under_its_family() -> None:
    """With its sentence, and its clause where it breaks one."""
    headings = [
        (f"{kind}: {heading}", family)
        for kind, families in (("Faults", FAULTS), ("Permitted variations", VARIATIONS))
        for heading, family in families.items()
    ]
    *blocks, engine, sets = run("--list-faults").stdout.strip().split("\n\n")
    assert [line.split()[0] for line in engine.splitlines()[1:]] == list(names.FAULTS)
    assert all(name in sets for name in SETS)
    for (heading, family), block in zip(headings, blocks, strict=True):
        first, *lines = block.splitlines()
        assert first == heading
        for entry, line in zip(members(family, Entry), lines, strict=True):
            clause = f"  [{entry.clause}]" if entry.clause else ""
            assert line.split(maxsplit=1) == [entry.name, f"{entry.does}{clause}"]
            assert bool(entry.clause) == heading.startswith("Faults")


def test_what_belongs_to_a_set_can_be_switched_on() -> None:
    names = [parse_fault(entry)[0] for entry in entries_of(tuple(SETS))]
    assert set(names) <= by_name().keys()
    with pytest.raises(LookupError, match="real-shape"):
        entries_of(("real-shap",))


def test_every_module_of_faults_is_a_family_and_no_name_is_given_twice() -> None:
    """What is in no table cannot be switched on, and the second of two hides the first."""
    for package, families in ((faults, FAULTS), (variations, VARIATIONS)):
        files = {file.stem for file in Path(str(package.__file__)).parent.glob("[!_]*.py")}
        assert {family.__name__.rpartition(".")[2] for family in families.values()} == files
    every = (*FAULTS.values(), *VARIATIONS.values())
    names = [entry.name for family in every for entry in members(family, Entry)]
    assert len(names) == len(set(names)) == len(by_name())


def test_a_fault_starts_without_what_only_servers_and_inference_processes_need() -> None:
    """Each start of a miner would pay for it."""
    heavy = "numpy", "PIL", "pydantic", "aiohttp"
    code = "import sys, reference.miner.faults as f; f.by_name(); print(*sys.modules)"
    command = [sys.executable, "-c", code]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert not {*heavy} & {*ran.stdout.split()}


def test_the_manual_tells_every_setting() -> None:
    """With its default and its meaning as they are in the code."""
    manual = (Path(__file__).parents[3] / "docs" / "reference-miner.md").read_text()
    for row in table():
        default = row.default or "–" if row.type is str else f"{row.default:g}"
        assert f"| `{row.name}` | {default} |" in manual
        assert row.metadata["help"] in manual


def test_the_manual_names_every_family_of_faults_with_its_module() -> None:
    """As it is in the list."""
    manual = (Path(__file__).parents[3] / "docs" / "reference-miner.md").read_text()
    for heading, family in FAULTS.items():
        assert f"| {heading} | `{Path(str(family.__file__)).name}` |" in manual
