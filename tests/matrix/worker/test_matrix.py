"""Each fault of the bundled worker is caught by the clause that is there for it only."""

from pathlib import Path

import msgspec
import pytest

from asyncproof.harness.exit_codes import ExitCode
from asyncproof.worker.judging import clauses
from reference.worker.faults import by_name
from tests.support.lab import LIMITS, with_faults

IMPATIENT = msgspec.structs.replace(LIMITS, ready=8)
# Pauses that no busy machine explains, and answers that are long enough for a heartbeat in them.
CALM = msgspec.structs.replace(LIMITS, interval=1.2)
LIMITS_OF = {
    "never-healthy": IMPATIENT,
    "never-ready": IMPATIENT,
    "irregular-heartbeat": CALM,
    "ready-while-busy": CALM,
}

CAUGHT: dict[str, set[str]] = {
    "none": set(),
    "exits-early": {"WRK-1"},
    "crashes-early": {"WRK-1"},
    "never-healthy": {"WRK-2"},
    "never-ready": {"WRK-2"},
    "dies-at-work": {"WRK-3"},
    "dies-with-hive": {"WRK-3"},
    "ignores-sigterm": {"WRK-4"},
    "leaves-helper": {"WRK-5"},
    "stops-with-error": {"WRK-6"},
    "health-status": {"END-1"},
    "health-shape": {"END-1"},
    "health-slow": {"END-3"},
    "health-blocked": {"END-4"},
    "ready-status": {"END-2"},
    "ready-shape": {"END-2"},
    "inference-status": {"INF-1"},
    "inference-shape": {"INF-2"},
    "inference-slow": {"INF-3"},
    "inference-empty": {"INF-6"},
    "stream-shape": {"INF-2"},
    "stream-endless": {"INF-4"},
    "stream-cut": {"INF-4"},
    "stream-ends-twice": {"INF-4"},
    "stream-stalls": {"INF-5"},
    "no-heartbeat": {"HBT-1"},
    "irregular-heartbeat": {"HBT-2"},
    "malformed-heartbeat": {"HBT-3"},
    "wrong-id": {"HBT-4"},
    "time-goes-back": {"HBT-5"},
    "illegal-state": {"HBT-6"},
    "busy-while-idle": {"HBT-7"},
    "ready-while-busy": {"HBT-7"},
    "stale-after-work": {"HBT-8"},
    "ready-while-stopped": {"HBT-9"},
    "gives-up-on-hive": {"HIV-1"},
    "needs-hive": {"HIV-2"},
    "ready-too-soon": {"WRK-7"},
    "cold-start": {"WRK-8"},
    "hangs-at-work": {"INF-3"},
    "stream-drops": {"INF-1"},
    "stream-error": {"INF-1"},
    "stream-no-reason": {"INF-7"},
    "stream-split-character": {"INF-8"},
    "stream-replacement": {"INF-9"},
    "leaks-slot": {"INF-10"},
    "ignores-max-tokens": {"INF-11"},
    "counts-wrong": {"INF-12"},
    "stream-at-once": {"INF-13"},
    "stop-after-abort": {"INF-14"},
    "busy-after-work": {"HBT-7"},
    "busy-after-hang-up": {"HBT-10"},
}


# Workers side by side, which mostly wait; in parts, so that no test is much longer than others.
PARTS = 6


@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", range(PARTS))
def test_every_fault_is_caught_by_its_clause_and_by_no_other(tmp_path: Path, part: int) -> None:
    """Equality, not inclusion: nothing is missed, and nobody is accused of what he did not do."""
    expected = {name: CAUGHT[name] for name in list(CAUGHT)[part::PARTS]}

    verdicts = with_faults(tmp_path, list(expected), LIMITS_OF)

    found = {name: {f.clause for f in verdict.findings} for name, verdict in verdicts.items()}
    told = "\n".join(v.explain() for name, v in verdicts.items() if found[name] != CAUGHT[name])
    assert found == expected, told
    sound = [verdict for name, verdict in verdicts.items() if not CAUGHT[name]]
    assert all(v.exit_code is ExitCode.PASS for v in sound), [v.explain() for v in sound]


def test_the_matrix_has_every_fault_of_the_worker() -> None:
    """A new fault arrives with its row, which has the clause that the fault names."""
    named = {name: {fault.clause} for name, fault in by_name().items()}
    assert named | {"none": set()} == CAUGHT


def test_every_clause_is_broken_by_a_fault() -> None:
    """A clause that no fault breaks has a check that nobody has seen fail."""
    assert set().union(*CAUGHT.values()) == clauses().keys()
