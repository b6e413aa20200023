"""How long the steps of this miner take, learned on its own jobs, and when one stalls for certain.

The configured budget has to suit any miner and is minutes long. Once :data:`ENOUGH` steps of a
class of jobs were seen, a job of that class counts as stalled between two steps when its progress
stood still for :data:`SURE` seconds and twice the longest step so far. Where the miner works on
other jobs meanwhile, it may have put this one aside for one of them: then it is the longest whole
job that counts. On a miner that was seen to stall, the next stall is called after
:data:`SURE_AGAIN` seconds; on one that moved again after all, only by the configured budget, which
is never exceeded. A training may have the device for itself: beside one a stall is called early
only where others were seen before, and :data:`TRAINING` seconds later.

Times are what an observer sees, from one rise of the percentage to the next, so that polls that
come seldom, and bursts, make them longer and never shorter. Nothing here waits or reads a clock.
"""

from dataclasses import dataclass, field, replace
from math import inf

from asyncproof.history.job_health import Stage
from asyncproof.liveness.clocks import Budgets, Clocks

ENOUGH = 5  # steps
SURE, SURE_AGAIN = 20.0, 8.0  # seconds
TRAINING = 45.0  # seconds
TWICE = 2.0
JobClass = tuple[object, ...]
"""What the time of a step depends on: size, steps and LoRA."""


@dataclass
class _Seen:
    steps: float = 0.0
    longest: float = 0.0
    until_first: float = 0.0


@dataclass
class StepTimes:
    """What was seen of the jobs of a run, by their class."""

    _classes: dict[JobClass, _Seen] = field(default_factory=dict)
    _longest_job: float = 0.0
    _stalled: bool = False
    _refuted: bool = False

    def saw(self, kind: JobClass, steps: int, before: Clocks, after: Clocks) -> None:
        """An answer changed the clocks of a job that takes so many ``steps``."""
        if after.attempt != before.attempt:
            return
        if after.status == "completed" and before.status != "completed":
            self._longest_job = max(self._longest_job, after.heard - after.taken_up)
        risen = (after.best or 0.0) - (before.best or 0.0)
        if risen <= 0:
            return
        seen = self._classes.setdefault(kind, _Seen())
        seen.steps += risen / 100.0 * steps
        took = after.moved - before.moved
        if before.stage is Stage.STEPPING:
            seen.longest = max(seen.longest, took)
        else:  # with what comes before the first step; all there is where no other was seen
            seen.until_first = max(seen.until_first, took)

    def budgets(
        self,
        kind: JobClass,
        usual: Budgets,
        clocks: Clocks,
        worked: float = -inf,
        *,
        beside_training: bool = False,
    ) -> Budgets:
        """The budgets of a job with these clocks; ``worked`` is when any job last moved."""
        seen = self._classes.get(kind)
        if self._refuted or seen is None or seen.steps < ENOUGH:
            return usual
        if beside_training and not self._stalled:
            return usual
        longest = seen.longest or seen.until_first
        if worked > clocks.moved:
            longest = max(longest, self._longest_job)
        sure = SURE_AGAIN if self._stalled else SURE
        sure += TRAINING if beside_training else 0.0
        return replace(usual, step=min(usual.step, sure + TWICE * longest))

    def stalled(self) -> None:
        """A job was given up because it stalled."""
        self._stalled = True

    def moved_again(self) -> None:
        """It had not: what was learned does not hold for this miner."""
        self._refuted = True
