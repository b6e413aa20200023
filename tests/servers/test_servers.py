"""What the suite says of servers that nobody here wrote: of sound ones and of broken ones.

``make test-servers`` runs these. docs/servers.md lists what is true of each server; of a sound
predictor the suite reports that and nothing else.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from asyncproof.wire.profile import load
from tests import ROOT
from tests.servers.conftest import PYTHON
from tests.servers.serving import SERVERS, RealServer, serving
from tests.support.shell import Shell

PAGE = (ROOT / "docs" / "servers.md").read_text(encoding="utf-8")
ALWAYS = re.compile(r"^- \*\*([A-Z]+-\d+)\*\*", re.M)
AT_TIMES = re.compile(r"^- \*([A-Z]+-\d+)\*", re.M)
SETTINGS = {
    "ASYNC_JOB_TIMEOUT": "20",
    "ASYNC_PROCESS_TIMEOUT": "20",
    "ASYNC_SILENCE_TIMEOUT": "12",
    "ASYNC_CALLBACK_TIMEOUT": "12",
    "ASYNC_POLL_INTERVAL": "0.1",
    "STRESS_TEST_CONCURRENT": "8",
}
# How a predictor is broken, what has to be found for it, and how the cause is named.
BROKEN = {
    "half": ({"IMG-1", "IMG-2", "IMG-3"}, r"damaged|blank|black|missing|cut"),
    "anothers": ({"IMG-3", "IDN-1"}, r"same picture|another job"),
    "hang": ({"SCH-1", "LIV-1"}, r"exceeded the time|no answer|never answered|stuck"),
    "raise": ({"SCH-2"}, r"CUDA out of memory|no reason given"),
    "crash": ({"SCH-1", "SCH-2", "LIV-1", "SUB-1"}, r"cannot connect|exceeded the time|crash|exit"),
}


@dataclass(frozen=True)
class Said:
    """What a run said: the clauses that were broken, and the whole verdict as text."""

    must: frozenset[str]
    should: frozenset[str]
    text: str
    output: str


def run(shell: Shell, server: RealServer, broken: str) -> Said:
    """The whole suite against a sound predictor, its quick part against a broken one."""
    part = ("--quick",) if broken else ()
    with serving(server, PYTHON, broken, shell.folder / "server.log") as url:
        ran = shell.cli("run", *part, "--profile", server.name, "--miner", url, **SETTINGS)
    paths = list(shell.folder.glob("reports/*/verdict.json"))
    assert len(paths) == 1, ran.output
    verdict = json.loads(paths[0].read_text(encoding="utf-8"))
    told = [(found["level"], found["clause"]) for found in verdict["findings"]]
    return Said(
        frozenset(clause for level, clause in told if level == "MUST"),
        frozenset(clause for level, clause in told if level != "MUST"),
        json.dumps(verdict["findings"] + verdict["echoes"]),
        ran.output,
    )


def known(server: RealServer) -> tuple[set[str], set[str]]:
    """The clauses that docs/servers.md names below the heading of this server: those that are
    always found, and those with them that may be found, by the speed of the machine."""
    section = re.search(rf"^## .*`{server.name}`.*\n(?P<text>(?:(?!^## ).*\n)*)", PAGE, re.M)
    assert section, f"docs/servers.md has no heading with `{server.name}`"
    always = set(ALWAYS.findall(section["text"]))
    return always, always | set(AT_TIMES.findall(section["text"]))


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.mark.parametrize("server", SERVERS, ids=str)
def test_a_sound_predictor_trips_what_is_true_of_its_server(
    server: RealServer, shell: Shell
) -> None:
    said = run(shell, server, "")
    always, at_most = known(server)
    assert always <= said.must | said.should <= at_most, said.output
    assert "INCONCLUSIVE test" not in said.output, said.output


@pytest.mark.parametrize("server", SERVERS, ids=str)
def test_a_profile_fits_its_server(server: RealServer, shell: Shell) -> None:
    """And where the server has an OpenAPI document, a profile is drafted from it."""
    drafted = shell.folder / "drafted.toml"
    with serving(server, PYTHON, "", shell.folder / "server.log") as url:
        checked = shell.cli("profile", "check", server.name, "--url", url)
        if server.openapi:
            source = url + server.openapi
            learned = shell.cli("profile", "learn", "--openapi", source, "--out", str(drafted))
            assert learned.code == 0, learned.output
    assert checked.code == 0, checked.output
    assert "The profile fits." in checked.output
    if server.openapi:
        shipped, draft = load(server.name), load(str(drafted))
        assert (draft.submit.path, draft.submit.id) == (shipped.submit.path, shipped.submit.id)
        assert draft.status is not None
        assert shipped.status is not None
        assert draft.status.path == shipped.status.path


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("server", SERVERS, ids=str)
def test_a_broken_predictor_is_found(server: RealServer, broken: str, shell: Shell) -> None:
    expected, named = BROKEN[broken]
    said = run(shell, server, broken)
    assert (said.must - known(server)[1]) & expected, said.output
    assert re.search(named, said.text), said.text
    (shell.folder / "said.txt").write_text(said.text)
