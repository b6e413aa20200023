"""The damaged pictures of a run as cards: the region framed, the quiet twin beside it."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from markupsafe import Markup

from tests.e2e.async_inference.checks.damage import broken_rule
from tests.e2e.async_inference.events import AsyncEvent, File
from tests.e2e.async_inference.fold import split
from tests.e2e.async_inference.pictures.alone.look import look
from tests.e2e.async_inference.pictures.gallery import Card, alone_card, render_cards, twin_card
from tests.e2e.async_inference.pictures.pixels import Pixels, UndecodableError, decode
from tests.e2e.async_inference.pictures.twin import compare
from tests.e2e.async_inference.run_history import JobRecord, RunHistory
from tests.harness.verdict import Finding

MOST_CARDS = 24  # a page stays quick to open; the list of findings is complete


def damage_gallery(
    folder: Path, events: Iterable[AsyncEvent], findings: Iterable[Finding]
) -> Markup:
    """The cards of the run in this folder, as safe HTML; empty where no picture is damaged.

    Only pictures of jobs that one of the findings accuses are shown: a look alone proves nothing.
    """
    accused = {f.subject.partition(" ")[0] for f in findings if _is_about_pictures(f)}
    cards = list(islice(_cards(folder, split(events)[1], accused), MOST_CARDS))
    return Markup(render_cards(cards)) if cards else Markup()  # escaped by jinja2


def _is_about_pictures(finding: Finding) -> bool:
    return finding.clause.partition("-")[0] in {"IMG", "TRN"}


def _cards(folder: Path, scenarios: Iterable[RunHistory], accused: set[str]) -> Iterator[Card]:
    shown = set[str]()
    for scenario in scenarios:
        for job in (job for job in scenario if job.name in accused):
            for picture in job.pictures():
                reason = broken_rule(scenario, job, picture)
                if reason and picture.sha256 not in shown:
                    shown.add(picture.sha256)
                    yield _card(folder, scenario, job, picture, reason)


def _card(folder: Path, scenario: RunHistory, job: JobRecord, picture: File, reason: str) -> Card:
    title = job.shown
    pixels = _pixels(folder, picture)
    twin = next((_pixels(folder, quiet) for quiet in scenario.quiet.get(job.recipe, ())), None)
    if pixels is None:
        return alone_card(title, (reason,), None)
    if twin is not None:
        learned = scenario.learned
        tolerance, drift = (learned.tolerance or 0, learned.drift) if learned else (0, None)
        difference = compare(pixels, twin, tolerance, drift_tolerance=drift)
        if difference is not None:
            return twin_card(title, pixels, twin, difference, reason)
    return alone_card(title, (reason,), pixels, tuple(each.region for each in look(pixels)[:1]))


def _pixels(folder: Path, picture: File) -> Pixels | None:
    try:
        return decode((folder / picture.path).read_bytes())
    except (OSError, UndecodableError):
        return None
