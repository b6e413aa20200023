"""How a stress run ended: what the terminal and the reports tell of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from asyncproof.facts.proof import Proof
from asyncproof.harness.contract import Clause
from asyncproof.harness.recorder import unwritable
from asyncproof.harness.verdict import Verdict
from asyncproof.reports import machine, terminal
from asyncproof.reports.damage_gallery import damage_gallery
from asyncproof.reports.html.run_page import report_page
from asyncproof.reports.stress_report import block
from asyncproof.stress.folding import EXAMPLES, Folding
from asyncproof.stress.tally import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class StressResult:
    """``notes`` are lines about the run itself: what ended it early, what held it back. ``folder``
    is where its reports are; None where there are none, because nothing was run."""

    verdict: Verdict
    clauses: Mapping[str, Clause]
    block: str = ""
    times: tuple[str, ...] = ()
    proof: str = ""
    notes: tuple[str, ...] = ()
    command: str = ""
    folder: Path | None = None

    def lines(self) -> Iterator[str]:
        """For a person; the verdict last."""
        if self.folder is not None:
            yield self.block
            yield from self.times
            yield from self.notes
            yield self.proof
            if self.command:
                yield f"Again: {self.command}"
            yield f"Report: {self.folder / 'report.html'}"
        yield from terminal.lines(self.verdict, self.clauses)


def proof_of(folding: Folding, tally: Tally) -> Proof:
    """What was exercised, and how often it failed."""
    failing = min(folding.failing, folding.judged)
    return Proof(folding.judged, failing, tally.overlap, tally.switches)


def told(
    verdict: Verdict,
    clauses: Mapping[str, Clause],
    folding: Folding,
    tally: Tally,
    *,
    folder: Path,
    command: str = "",
    notes: tuple[str, ...] = (),
    **run: Any,
) -> StressResult:
    """The result, with its reports written into ``folder``: ``verdict.json``, with ``run`` at its
    top, and ``report.html``, which shows the jobs that failed and some that did not."""
    proof = proof_of(folding, tally)
    try:
        _write(verdict, clauses, folding, tally, folder=folder, command=command, run=run)
    except OSError as error:
        lost = verdict.unavailable or unwritable(folder, error)
        verdict = replace(verdict, unavailable=lost)
    return StressResult(
        verdict=verdict,
        clauses=clauses,
        block=block(
            folding.judged, folding.completed, folding.pictured, folding.invalid, folding.doubted
        ),
        times=tuple(tally.lines()),
        proof=str(proof),
        notes=notes,
        command=command,
        folder=folder,
    )


def _write(
    verdict: Verdict,
    clauses: Mapping[str, Clause],
    folding: Folding,
    tally: Tally,
    *,
    folder: Path,
    command: str,
    run: dict[str, Any],
) -> None:
    proof = str(proof_of(folding, tally))
    about = {**run, "jobs": tally.submitted, "timings": tally.as_data(), "proof": proof}
    text = machine.as_json(verdict, **about)
    (folder / "verdict.json").write_text(text, encoding="utf-8")
    events = folding.events_of_note()
    gallery = damage_gallery(folder, events, verdict.findings)
    note = (
        f"{tally.submitted} jobs were sent; this page shows those that failed, and the last "
        f"{EXAMPLES} that completed at the most. The history has all of them. {proof}"
    )
    page = report_page(events, verdict, dict(clauses), gallery, command=command, note=note)
    (folder / "report.html").write_text(page, encoding="utf-8")
