"""What a run says on the terminal at its end."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import partial

import pytest

from asyncproof.facts import curl, delivery_outcome, observed, timings
from asyncproof.facts.applicable import clauses_in_their_words
from asyncproof.harness.contract import Clause
from asyncproof.harness.verdict import Outcome, Verdict
from asyncproof.history.history import History
from asyncproof.reports import terminal
from asyncproof.run.session import Session


def tell(reporter: pytest.TerminalReporter, run: Session) -> None:
    """Why nothing was tested; or what was observed, what was found, and where the report lies."""
    if run.unavailable and not run.results:
        reporter.section("async inference", red=True)
        reporter.line(f"Nothing was tested. {run.unavailable}")
        reporter.line(f"Verdict: {run.verdict().outcome}")
    elif run.recorder:
        good = run.verdict().outcome is Outcome.PASS
        reporter.section("async inference", green=good, red=not good)
        for line in _lines(run, bool(reporter.stats.get("failed"))):
            reporter.line(line)
        reporter.line(f"Report: {run.recorder.folder / 'report.html'}")
    elif run.incomplete:
        reporter.line(f"INCOMPLETE: {run.incomplete}; nothing was tested")
        reporter.line(f"Verdict: {run.verdict().outcome}")
    elif run.broken:
        reporter.section("a fault of this suite", red=True)
        reporter.write(run.broken)


def _lines(run: Session, tests_failed: bool) -> Iterator[str]:
    verdict = run.verdict()
    clauses = clauses_in_their_words(run.clauses, run.dialect.spoken)
    yield from judged(run.whole(), verdict, clauses)
    if run.left_out:
        yield f"Left out by --budget: {', '.join(run.left_out)}"
    if verdict.outcome is Outcome.FAIL and not tests_failed:
        yield "The tests passed; this was found after they had ended, and the verdict holds"


def judged(
    whole: History, verdict: Verdict, clauses: Mapping[str, Clause] | None = None
) -> Iterator[str]:
    """What was observed, then what was found. Where something is broken, only the callbacks are
    counted before it, so that one defect is one screen; the report has all that was observed."""
    if verdict.failures:
        yield from filter(None, [delivery_outcome.told(whole)])
    else:
        yield from observed.lines(whole)
        yield from timings.lines(whole)
    yield from terminal.lines(verdict, clauses, partial(curl.behind, whole))
    if verdict.failures:
        yield "The report also has how the miner delivers, the times of all stages, and each job"


def nothing_selected(keyword: str, names: Sequence[str]) -> str:
    """Why no test was run, with the names that the expression may have meant."""
    words = {name.partition("[")[0] for name in names}
    parts = {part for word in words for part in word.split("_") if len(part) > 3}
    near = get_close_matches(keyword, [*words, *parts], n=3)
    meant = f" (did you mean {', '.join(near)}?)" if near else ""
    chosen = f"-k {keyword!r}{meant}" if keyword else "the options"
    return (
        f"Nothing was tested: of {len(names)} tests, none is selected by {chosen}. "
        "List the tests: the same command with --plan in its place"
    )
