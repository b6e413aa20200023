"""What a stress run shows while it goes on."""

import io

from rich.console import Console

from asyncproof.harness.verdict import Finding
from asyncproof.history.events import FellBehind, Settled
from asyncproof.stress.screen import SHOWN_OF_EACH, MovingStress, PlainStress
from asyncproof.stress.tally import Tally
from tests.support.histories import good_job


def a_tally() -> Tally:
    tally = Tally()
    for event in [*good_job(), Settled(at=2.0, job="job_001"), *good_job("job_002", at=9.0)[:4]]:
        tally.take(event)
    return tally


def test_elsewhere_than_on_a_terminal_there_is_a_line_each_ten_seconds() -> None:
    lines, tally = list[str](), a_tally()
    screen = PlainStress(lines.append)
    for at in (0.5, 9.9, 10.1, 15.0, 20.2):
        screen.event(FellBehind(at=at, since=0.0, worst=0.0, polls=0), tally)
    screen.close()
    assert len(lines) == 2
    assert lines[0].startswith("10 s: 1 in flight, 2 submitted, 1 done, 0 failed, 0.1 a second")


def test_findings_are_told_as_they_come_and_not_a_thousand_times() -> None:
    lines = list[str]()
    screen = PlainStress(lines.append)
    for number in range(50):
        screen.finding(Finding("CBK-4", f"job_{number}", "1", "2", cause="twice"))
    screen.finding(Finding("CBK-1", "job_1", "one", "none"))
    assert len(lines) == SHOWN_OF_EACH + 2
    assert lines[0] == "CBK-4 job_0: expected 1, got 2"
    assert "counted at the end" in lines[SHOWN_OF_EACH]
    assert lines[-1].startswith("CBK-1 job_1")


def test_on_a_terminal_a_table_moves_and_findings_stand_above_it() -> None:
    shown = io.StringIO()
    screen = MovingStress(Console(file=shown, force_terminal=True, width=120))
    screen.event(FellBehind(at=1.0, since=0.0, worst=0.0, polls=0), a_tally())
    screen.finding(Finding("CBK-4", "job_1", "1", "2"))
    screen.close()
    assert "1 in flight, 2 submitted" in shown.getvalue()
    assert "accept" in shown.getvalue()
    assert "CBK-4 job_1: expected 1, got 2" in shown.getvalue()
