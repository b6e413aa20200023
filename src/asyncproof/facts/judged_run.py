"""A whole run with what was found in it: what is asked to tell causes from echoes."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from asyncproof.facts.provoked import provocations
from asyncproof.harness.verdict import Finding
from asyncproof.history.history import History, JobRecord, Recipe
from asyncproof.workload.provocation import Provocation

FEWEST_DEAD = 3  # jobs in a row of which none completes: the engine is dead, not the job
HANGS = ("LIV-1", "LIV-2", "LIV-3", "SCH-1")
TELLS_OF_DEATH = (*HANGS, "SCH-2", "SCH-8", "SUB-1")
PICTURES = ("IMG-1", "IMG-2", "IMG-3", "IMG-4")


@dataclass(frozen=True)
class JudgedRun:
    """A whole run and what was found in it."""

    history: History
    findings: tuple[Finding, ...]

    def of(self, *clauses: str) -> list[Finding]:
        return [finding for finding in self.findings if finding.clause in clauses]

    def job(self, finding: Finding) -> JobRecord | None:
        return self.history.jobs.get(finding.job)

    def each(
        self, echoes: Iterable[str], causes: Iterable[str], so: Callable[[JobRecord], object]
    ) -> Iterator["Pair"]:
        """Every echo about a job of which this is so, with the first of the causes."""
        for cause in self.of(*causes)[:1]:
            for echo in self.of(*echoes):
                job = self.job(echo)
                if job is not None and so(job):
                    yield echo, cause

    def by_request(self, causes: Iterable[Finding]) -> dict[Recipe, Finding]:
        """The causes by what their jobs asked for, the LoRA aside."""
        jobs = ((self.job(cause), cause) for cause in causes)
        return {job.recipe[:-1]: cause for job, cause in jobs if job is not None}

    def same_job(self, echoes: Iterable[str], causes: Iterable[str]) -> Iterator["Pair"]:
        by_job = {finding.job: finding for finding in self.of(*causes) if finding.job}
        for echo in self.of(*echoes):
            if echo.job in by_job:
                yield echo, by_job[echo.job]

    @cached_property
    def dead(self) -> list[JobRecord]:
        """The jobs after the last one that completed; none where it was but a few of them, unless
        a plain job after a special one has proven it."""
        ends = (job.terminal.at for job in self.history if job.completed and job.terminal)
        last = max(ends, default=-1.0)
        after = [job for job in self.history if job.submitted.at > last]
        plain = [job for job in after if not provocations(job) & _MAY_FAIL]
        return after if len(plain) >= FEWEST_DEAD or self.of("SCH-9") else []

    @cached_property
    def first_dead(self) -> Finding | None:
        """What was found of the first of the dead ones: it tells it for all."""
        if proven := self.of("SCH-9"):
            return proven[0]
        dead = {job.name: job.submitted.at for job in self.dead}
        telling = [f for f in self.of(*TELLS_OF_DEATH) if f.job in dead]
        return min(telling, key=lambda finding: dead[finding.job], default=None)


Pair = tuple[Finding, Finding]
Explanation = Callable[[JudgedRun], Iterator[Pair]]
_MAY_FAIL = {Provocation.FAILURE, Provocation.UNUSUAL, Provocation.REFUSAL, Provocation.SHARED_ID}


def code_of(job: JobRecord | None) -> int | None:
    return job.answered.status_code if job and job.answered else None
