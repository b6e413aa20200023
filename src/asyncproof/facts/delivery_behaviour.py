"""How a miner delivers, as observed: attempts, spacing, patience, redirects. For people to read."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from asyncproof.facts.delivery_outcome import told
from asyncproof.history.events import ActKind, Delivered
from asyncproof.history.history import History, JobRecord

WAITED_AT_LEAST = 0.3


def lines(history: History) -> list[str]:
    """The ledger and the policy of a whole run; empty where no job was accepted."""
    ledger = told(history)
    return [ledger, *_policy(history)] if ledger else []


def _policy(history: History) -> Iterator[str]:
    yield from _attempts("After an error answer", history, _refused)
    yield from _attempts("After a broken connection", history, _broken)
    yield from _patience(history)
    yield from _redirects(history)


@dataclass(frozen=True, slots=True)
class _Tries:
    """The attempts of one job that its receiver did not take at once."""

    count: int
    gaps: tuple[float, ...]


def _refused(delivery: Delivered) -> bool:
    return bool(delivery.nemesis) and (delivery.answered or 0) >= 400


def _broken(delivery: Delivered) -> bool:
    return bool(delivery.nemesis) and delivery.answered is None


def _attempts(when: str, history: History, is_so: Callable[[Delivered], bool]) -> Iterator[str]:
    met = [job for job in history.accepted if job.deliveries and is_so(job.deliveries[0])]
    tries = [_tries(job) for job in met]
    if not tries:
        return
    most = max(one.count for one in tries)
    if most == 1:
        yield f"{when}: never sent again ({_seen(tries)})"
        return
    gaps = [gap for one in tries for gap in one.gaps]
    yield (f"{when}: up to {most} attempts, {_between(gaps)} apart ({_seen(tries)})")


def _seen(tries: list[_Tries]) -> str:
    return f"seen {len(tries)} times" if len(tries) > 1 else "seen once"


def _tries(job: JobRecord) -> _Tries:
    gaps = tuple(later.began - one.at for one, later in pairwise(job.deliveries))
    return _Tries(len(job.deliveries), gaps)


def _patience(history: History) -> Iterator[str]:
    """How long the miner waited for an answer: until it went away, or at least so long."""
    attempts = [d for job in history.accepted for d in job.deliveries if d.nemesis]
    gone = [d.at - d.began for d in attempts if d.answered is None and d.went_away]
    if gone:
        yield f"Stops waiting for an answer after {_between(gone)}"
        return
    longest = max((d.at - d.began for d in attempts if d.answered and not d.broken), default=0.0)
    if longest > WAITED_AT_LEAST:
        yield f"Waits for an answer for {longest:.1f} s at least"


def _between(seconds: list[float]) -> str:
    least, most = f"{min(seconds):.1f}", f"{max(seconds):.1f}"
    return f"{most} s" if least == most else f"{least} to {most} s"


def _redirects(history: History) -> Iterator[str]:
    moved = [(j, d) for j in history.accepted for d in j.deliveries if _moved(d)]
    if not moved:
        return
    followed = sorted({d.answered or 0 for j, d in moved if _followed(history, j, d)})
    codes = ", ".join(map(str, followed))
    yield f"Redirects: follows {codes}" if followed else "Redirects: not followed"
    away = [a for a in history.nemesis_acts if a.kind is ActKind.CAME_ELSEWHERE]
    if away:
        how = "with" if any(a.leaked for a in away) else "without"
        yield f"Redirects to another host: followed, {how} the secret"


def _moved(delivery: Delivered) -> bool:
    return delivery.answered in range(300, 400)


def _followed(history: History, job: JobRecord, redirect: Delivered) -> bool:
    here = any(d.began >= redirect.at and not _moved(d) for d in job.deliveries)
    token = job.submitted.token
    return here or any(
        a.token == token and a.kind is ActKind.CAME_ELSEWHERE for a in history.nemesis_acts
    )
