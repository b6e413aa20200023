"""What the page's scripts draw from: scenarios, jobs and their stories, as plain data.

Jobs are short rows, so that thousands of them open at once; what the drawer shows of each lies in
chunks that are read only when one of their jobs is opened.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from asyncproof.facts import curl
from asyncproof.facts.damage import broken_rule, difference, idle_references
from asyncproof.facts.load_over_time import peak
from asyncproof.facts.pictures import pictures
from asyncproof.facts.spans import last_seen, spans, stalls
from asyncproof.harness.verdict import Finding, Verdict
from asyncproof.history.build import split
from asyncproof.history.events import AsyncEvent, Judged
from asyncproof.history.history import History, JobRecord
from asyncproof.reports.html.events_of_jobs import Numbered, events_of_jobs
from asyncproof.reports.html.job_story import entries, lines_told

CHUNK = 100  # jobs
FAILED, WARNED, PASSED = "failed", "warned", "passed"


@dataclass(frozen=True, slots=True)
class RunData:
    """``index`` holds scenarios and job rows; each chunk maps names of jobs to their stories."""

    index: dict[str, Any]
    chunks: tuple[dict[str, Any], ...]


def run_data(events: Sequence[AsyncEvent], verdict: Verdict) -> RunData:
    """Everything of a run that the scripts of the page show."""
    whole, parts = split(events)
    findings = _findings(verdict)
    lines, tests = events_of_jobs(events, whole), _tests(events)
    scenarios, rows, stories = list[dict[str, Any]](), list[dict[str, Any]](), dict[str, Any]()
    for number, part in enumerate(parts):
        began, ended = _extent(part)
        accused = any(findings[job.name] for job in part)
        scenarios.append(_scenario(part, began, ended, accused=accused))
        for job in part:
            about = findings[job.name]
            row = _row(part, job, about, verdict)
            rows.append({**row, "scenario": number, "tests": tests.get(job.name, [])})
            stories[job.name] = _story(part, job, lines[job.name], about, verdict)
    names = list(stories)
    chunks = tuple(
        {name: stories[name] for name in names[n : n + CHUNK]} for n in range(0, len(names), CHUNK)
    )
    return RunData({"scenarios": scenarios, "jobs": rows, "chunk": CHUNK}, chunks)


def tone(about: Sequence[Finding], verdict: Verdict) -> str:
    """The worst that was found of a job: failed, warned or passed."""
    failures = set(verdict.failures)
    failed = any(f in failures or f.because for f in about)
    return FAILED if failed else WARNED if about else PASSED


def _findings(verdict: Verdict) -> defaultdict[str, list[Finding]]:
    found = defaultdict[str, list[Finding]](list)
    for finding in (*verdict.findings, *verdict.echoes):
        if finding.job:
            found[finding.job].append(finding)
    return found


def _tests(events: Sequence[AsyncEvent]) -> dict[str, list[str]]:
    """Which tests were judged on which job, where a run has recorded it: a scenario has the name of
    one test, and others share its jobs."""
    found = defaultdict[str, list[str]](list)
    for event in events:
        if isinstance(event, Judged):
            for job in event.jobs or ():
                found[job].append(event.scenario)
    return {job: list(dict.fromkeys(names)) for job, names in found.items()}


def _extent(part: History) -> tuple[float, float]:
    """The scenario from its start to the last end, delivery or sign of life of its jobs. That
    ended jobs are asked for once more later does not count."""
    began = part.scenario.at if part.scenario else 0.0
    ends = [job.terminal.at if job.terminal else last_seen(job) for job in part]
    delivered = [delivery.at for job in part for delivery in job.deliveries]
    last = part.finished if part.finished and not part.jobs else began
    return began, max([last, began + 0.001, *ends, *delivered])


def _scenario(part: History, began: float, ended: float, *, accused: bool) -> dict[str, Any]:
    started = part.scenario
    return {
        "name": started.name if started else "run",
        "nemesis": started.nemesis if started else "",
        "shape": started.shape if started else "",
        "told": summary(part, ended - began, accused=accused),
        "began": round(began, 3),
        "ended": round(ended, 3),
    }


def summary(part: History, seconds: float, *, accused: bool = False) -> str:
    """What became of the jobs of a scenario, in one line. ``accused``: something was found of one
    of them."""
    jobs = list(part)
    if not jobs:
        return f"requests only, no jobs, {seconds:.1f} s"
    n, done = len(jobs), sum(job.completed for job in jobs)
    damaged = sum(any(broken_rule(part, j, p) for _, p, _ in pictures(j)) for j in jobs)
    told = f"{done} of {n} jobs completed in {seconds:.1f} s ({_rate(done / seconds)}), "
    told += "; ".join([f"up to {peak(part)} in flight", *_others(jobs)])
    if damaged:
        told += f"; {damaged} with a damaged picture"
    elif n > 3 and done == n and not accused:
        told += (
            f"; no failure in {n}: fewer than {300 / n:.0f} % of such jobs fail (95 % confidence)"
        )
    return told


def _rate(per_second: float) -> str:
    return f"{per_second:.1f} a second" if per_second >= 0.1 else f"{60 * per_second:.1f} a minute"


def _others(jobs: Sequence[JobRecord]) -> Iterator[str]:
    """How many did not complete, and why."""
    ended = [job for job in jobs if job.terminal and not job.completed]
    refused = [job for job in jobs if job.answered and not job.accepted]
    for count, told in (
        (len(ended), "failed"),
        (len(refused), "not accepted"),
        (sum(not job.completed for job in jobs) - len(ended) - len(refused), "without an end"),
    ):
        if count > 0:
            yield f"{count} {told}"


def _row(
    part: History, job: JobRecord, about: Sequence[Finding], verdict: Verdict
) -> dict[str, Any]:
    shown = list(pictures(job))
    row: dict[str, Any] = {
        "name": job.name,
        "id": job.job_id or "",
        "status": job.final_status or ("no end seen" if job.accepted else "not accepted"),
        "tone": tone(about, verdict),
        "clauses": sorted({f.clause for f in about}),
        "bars": [[round(s.begin, 3), round(s.end, 3), s.state] for s in spans(part, job)],
        "polls": [round(p.at, 3) for p in job.polls],
        "callbacks": [[round(d.at, 3), _is_good(d)] for d in job.deliveries],
        "stalls": [[round(a, 3), round(b, 3), told] for a, b, told in stalls(job)],
    }
    if shown:
        row["picture"] = shown[0][1].path
        row["damaged"] = any(broken_rule(part, job, picture) for _, picture, _ in shown)
    return row


def _is_good(delivery: Any) -> bool:
    """One that we broke ourselves is not the miner's fault."""
    return bool((delivery.stored or delivery.nemesis) and delivery.secret == "match")


def _story(
    part: History,
    job: JobRecord,
    numbered: list[Numbered],
    about: Sequence[Finding],
    verdict: Verdict,
) -> dict[str, Any]:
    return {
        "findings": [_finding(finding, verdict) for finding in about],
        "events": [entry.as_data() for entry in entries(numbered)],
        "lines": lines_told(line for line, _ in numbered),
        "progress": [[round(p.at, 3), p.progress] for p in job.polls if p.progress is not None],
        "pictures": list(_pictures(part, job)),
        "curl": curl.submission(part, job),
    }


def _finding(finding: Finding, verdict: Verdict) -> dict[str, str]:
    """An echo has no advice: what to mend is its cause."""
    return {
        "clause": finding.clause,
        "level": f"because of {finding.because}" if finding.because else verdict.level(finding),
        "expected": finding.expected,
        "actual": finding.actual,
        "advice": "" if finding.because else finding.advice,
    }


def _pictures(part: History, job: JobRecord) -> Iterator[dict[str, str]]:
    reference = next((reference for reference in idle_references(part, job.recipe)), None)
    seen = dict[str, dict[str, str]]()
    for source, picture, _ in pictures(job):
        if picture.sha256 in seen:
            seen[picture.sha256]["source"] += f", {source}"
            continue
        width, height = job.size
        seen[picture.sha256] = {
            "source": source,
            "path": picture.path,
            "asked": f"{width}×{height}",
            "sha256": picture.sha256,
            "bytes": f"{picture.size:,}",
            "damage": broken_rule(part, job, picture) or "",
            "reference": reference.path if reference and reference.sha256 != picture.sha256 else "",
            "difference": difference(part, job, picture) or "",
        }
    yield from seen.values()
