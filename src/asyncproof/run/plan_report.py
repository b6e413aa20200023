"""The plan of a run and what it costs, for people. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from asyncproof.driver.prepared_jobs import sized
from asyncproof.history.history import JobRecord
from asyncproof.run.plan import Flight, Plan
from asyncproof.run.seats import is_painted
from asyncproof.settings import Settings
from asyncproof.text import counted
from asyncproof.workload.scenario import AtOnce, Job

MINUTES = 100.0  # seconds; longer times are told in minutes
SOME_PACES, SOME = (0.3, 5.0, 20.0), 2


@dataclass(frozen=True, slots=True)
class PicturePace:
    """How many seconds a picture of the settings took, and how many can be made at once."""

    seconds: float
    engines: int


def pixel_steps(jobs: Iterable[Job], settings: Settings, small: tuple[int, int]) -> float:
    """What these jobs cost, in pictures of the size and the steps of the settings.

    ``small`` is the size of pictures that nobody looks at.
    """
    asked = (sized(job, settings, small) for job in jobs if is_painted(job))
    return sum(_work(job.size or (0, 0), job.steps or 0) for job in asked) / _usual(settings)


def pace(done: Sequence[JobRecord], settings: Settings, engines: int) -> PicturePace:
    """What these completed jobs show, one at least."""
    work = sum(_work(job.size, job.steps) for job in done) / _usual(settings)
    spent = sum(job.since_submission(job.terminal.at) for job in done if job.terminal)
    return PicturePace(spent / work if work else spent, engines)


def _work(size: tuple[int, int], steps: int) -> int:
    return size[0] * size[1] * steps


def _usual(settings: Settings) -> int:
    return _work(settings.image_size, settings.inference_steps)


def cost(plan: Plan, settings: Settings, small: tuple[int, int]) -> str:
    """How many pictures and other jobs the run will ask for, and what they are worth."""
    jobs = [seat.job for flight in plan.flights for seat in flight.seats]
    width, height = settings.image_size
    worth = pixel_steps(jobs, settings, small)
    pictures = counted(plan.pictures, "picture")
    scenarios = counted(len(plan.flights), "scenario")
    return (
        f"at most {pictures}{_and_others(len(jobs) - plan.pictures)} in {scenarios}, as much work "
        f"as {worth:.0f} of {width}x{height} in {settings.inference_steps} steps"
    )


def _and_others(count: int) -> str:
    if not count:
        return ""
    why = "is refused, fails or is" if count == 1 else "are refused, fail or are"
    return f", and {counted(count, 'job')} that {why} not needed,"


def seconds(plan: Plan, settings: Settings, small: tuple[int, int], pace: PicturePace) -> float:
    """How long these jobs take at this pace: one after another where they do so, else as many at
    once as there are engines."""
    total = 0.0
    for flight in plan.flights:
        work = pixel_steps((seat.job for seat in flight.seats), settings, small)
        total += work * pace.seconds / (1 if flight.shape == AtOnce(1) else max(1, pace.engines))
    return total


def planned(
    plan: Plan, settings: Settings, small: tuple[int, int], left_out: Sequence[str]
) -> list[str]:
    """One line for each scenario: its jobs, its shape, its tests; and what the budget left out."""
    lines = [_line(flight) for flight in plan.flights]
    if left_out:
        lines.append(f"left out by --budget: {', '.join(left_out)}")
    return [*lines, cost(plan, settings, small), times(plan, settings, small)]


def times(plan: Plan, settings: Settings, small: tuple[int, int]) -> str:
    """How long the jobs take at some paces; receivers that hesitate and callbacks come on top."""
    told = (
        f"{duration(seconds(plan, settings, small, PicturePace(pace, SOME)))} at {pace:g} s"
        for pace in SOME_PACES
    )
    return f"the jobs of a miner with {SOME} engines take {', '.join(told)} a picture"


def duration(seconds: float) -> str:
    return f"{seconds / 60:.1f} min" if seconds > MINUTES else f"{seconds:.0f} s"


def _line(flight: Flight) -> str:
    jobs = f"{flight.pictures:3d} picture{'s' * (flight.pictures != 1)}"
    refused = len(flight.seats) - flight.pictures
    more = f" and {refused} without one" if refused else ""
    return f"{jobs}{more}, {flight.shape}: {', '.join(flight.tests)}"
