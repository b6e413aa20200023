"""What a run has learned so far of how well its miner is."""

from dataclasses import dataclass, field

from asyncproof.history.history import History


@dataclass
class MinerState:
    """``engine_dead`` is why no picture is made any more, empty as long as one may be; ``gone`` is
    whether nobody listens either; ``sends_no_callbacks`` whether none reached us from any job.

    ``survived`` is what was special about jobs that the engine survived. ``looked_after`` has what
    a plain job showed that came after these jobs, so that it is asked for once.
    """

    engine_dead: str = ""
    gone: bool = False
    sends_no_callbacks: bool = False
    survived: set[str] = field(default_factory=set)
    looked_after: dict[frozenset[str], History] = field(default_factory=dict)
