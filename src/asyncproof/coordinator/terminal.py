"""The coordinator's terminal output; for people only, no verdict depends on it."""

from collections.abc import Callable, Iterable, Sequence

import click

from asyncproof.coordinator.build import BROKEN, TestOutcome
from asyncproof.coordinator.exit_reason import gravest
from asyncproof.coordinator.result import SuiteResult

SayLine = Callable[[str], None]
SHOWN = 10
_COLOURS = ("cyan", "magenta", "yellow", "blue", "green", "bright_red")


def prefixer(names: Sequence[str]) -> Callable[[str, str], str]:
    """A function that puts a suite's name, all padded to one width, before a line."""
    width = max((len(name) for name in names), default=0)
    colours = {name: _COLOURS[n % len(_COLOURS)] for n, name in enumerate(names)}

    def prefix(name: str, line: str) -> str:
        return f"{click.style(f'{name:<{width}} |', fg=colours.get(name))} {line}"

    return prefix


def summary(results: Sequence[SuiteResult], where: str) -> Iterable[str]:
    """The verdict, suite by suite, with the details that a person needs."""
    width = max((len(result.suite) for result in results), default=0)
    for result in results:
        yield _line(result, width)
        yield from (f"    {line}" for line in _details(result))
    green = sum(result.green for result in results)
    code = gravest([result.exit_code for result in results])
    yield f"{green} of {len(results)} suites green; exit code {code:d}; files: {where}"


def _line(result: SuiteResult, width: int) -> str:
    word, colour = ("PASS", "green") if result.green else ("NOT GREEN", "red")
    told = click.style(f"{word:<9}", fg=colour, bold=True)
    return f"{result.suite:<{width}}  {told}  {result.ending.reason.value}; {counts(result)}"


def counts(result: SuiteResult) -> str:
    """``12 passed, 1 failed of 13, 3.2 s``."""
    told = [f"{n} {o.value}" for o in TestOutcome if (n := result.record.count(o))]
    outcomes = f"{', '.join(told)} of {len(result.record.tests)}" if told else "no test was planned"
    return f"{outcomes}, {result.ended.took:.1f} s"


def _details(result: SuiteResult) -> Iterable[str]:
    for number, ending in enumerate(result.before, 1):
        yield f"attempt {number}: {ending.reason.value} ({'; '.join(ending.evidence)})"
    if not result.green:
        yield from result.ending.evidence
    for outcome in (*BROKEN, TestOutcome.NEVER_STARTED):  # evidence names those that were running
        named = result.record.named(outcome)
        yield from (f"{outcome.value}: {name}" for name in named[:SHOWN])
        if len(named) > SHOWN:
            yield f"{outcome.value}: {len(named) - SHOWN} more"
    for gap in result.ended.log.gaps:
        yield f"log is incomplete: {gap}"
    if not result.record.ended and result.last_lines:
        yield "its last lines:"
        yield from (f"  {line}" for line in result.last_lines[-SHOWN:])
