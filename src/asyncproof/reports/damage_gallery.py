"""The damaged pictures of a run as cards: the region framed, the idle reference beside it."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from markupsafe import Markup

from asyncproof.facts.damage import broken_rule, doubt, idle_references
from asyncproof.harness.verdict import Finding
from asyncproof.history.build import split
from asyncproof.history.events import AsyncEvent, File
from asyncproof.history.history import History, JobRecord
from asyncproof.images.gallery import Card, reference_card, render_cards, single_card
from asyncproof.images.pixels import Pixels, UndecodableError, decode
from asyncproof.images.reference.comparison import compare
from asyncproof.images.reference.judgement import Tolerance, judge
from asyncproof.images.single.look import look

SHOWN_AT_ONCE = 4  # the others are folded away
MOST_CARDS = 24  # a page stays quick to open; the list of findings is complete


def damage_gallery(
    folder: Path, events: Iterable[AsyncEvent], findings: Iterable[Finding]
) -> Markup:
    """The cards of the run in this folder, as safe HTML; empty where no picture is damaged.

    Only pictures of jobs that one of the findings accuses are shown: a look alone proves nothing.
    """
    accused = {f.subject.partition(" ")[0] for f in findings if _is_about_pictures(f)}
    cards = list(islice(_cards(folder, split(events)[1], accused), MOST_CARDS))
    if not cards:
        return Markup()
    first = Markup(render_cards(cards[:SHOWN_AT_ONCE]))  # escaped by jinja2, here and below
    more = cards[SHOWN_AT_ONCE:]
    if not more:
        return first
    folded = Markup("<details><summary>{} more</summary>{}</details>")
    return first + folded.format(len(more), Markup(render_cards(more)))


def _is_about_pictures(finding: Finding) -> bool:
    return finding.clause.partition("-")[0] in {"IMG", "TRN"}


def _cards(folder: Path, scenarios: Iterable[History], accused: set[str]) -> Iterator[Card]:
    shown = set[str]()
    for scenario in scenarios:
        for job in (job for job in scenario if job.name in accused):
            for picture in job.pictures():
                reason = broken_rule(scenario, job, picture) or _doubtful(scenario, job, picture)
                if reason and picture.sha256 not in shown:
                    shown.add(picture.sha256)
                    card = _card(folder, scenario, job, picture, reason)
                    yield replace(card, link=f"#{job.name}")


def _doubtful(scenario: History, job: JobRecord, picture: File) -> str:
    told = doubt(scenario, job, picture)
    return f"doubtful, since one look can err: {told}" if told else ""


def _card(folder: Path, scenario: History, job: JobRecord, picture: File, reason: str) -> Card:
    title = job.shown
    pixels = _pixels(folder, picture)
    reference = next(
        (_pixels(folder, quiet) for quiet in idle_references(scenario, job.recipe)), None
    )
    if pixels is None:
        return single_card(title, (reason,), None, file=picture.path)
    if reference is not None:
        learned = scenario.learned
        tolerance, drift = (learned.tolerance or 0, learned.drift) if learned else (0, None)
        difference = judge(pixels, reference, Tolerance(tolerance, drift)).difference or compare(
            pixels, reference, tolerance, drift_tolerance=drift
        )
        if difference is not None:
            return reference_card(title, pixels, reference, difference, reason)
    return single_card(title, (reason,), pixels, tuple(each.region for each in look(pixels)[:1]))


def _pixels(folder: Path, picture: File) -> Pixels | None:
    try:
        return decode((folder / picture.path).read_bytes())
    except (OSError, UndecodableError):
        return None
