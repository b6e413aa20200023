"""What a nemesis is. ``docs/callback-server.md`` shows how to write another one."""

from dataclasses import dataclass, fields
from typing import ClassVar

from asyncproof.receiver.http.attempt import DeliveryAttempt
from asyncproof.receiver.http.nemesis_context import NemesisContext
from asyncproof.receiver.http.record import AttemptAnswer
from asyncproof.workload.needs import NO_NEEDS, Need, Needs
from asyncproof.workload.provocation import NOTHING, Provocations


class Nemesis:
    """A hostile act that a correct miner survives, as a frozen dataclass of its settings.

    The receiver passes it every delivery attempt with the right secret, and no others. It holds no
    state: everything that happened so far is in the attempt and its context. ``provokes`` says what
    it does to the jobs whose callbacks it meets, and ``spares_others`` whether it leaves all other
    callbacks alone. ``needs`` is what a server has to have where it acts: most acts leave only
    polls to tell of the end of a job.
    """

    provokes: ClassVar[Provocations] = NOTHING
    spares_others: ClassVar[bool] = True
    needs: ClassVar[Needs] = frozenset({Need.CALLBACKS, Need.POLLING})

    def begin(self, context: NemesisContext) -> None:
        """Called once, before the first attempt. The context cleans up after itself."""

    async def receive(self, attempt: DeliveryAttempt) -> AttemptAnswer | None:
        """Handle one attempt and return the answer to send; None to send nothing more."""
        return await attempt.take()

    def __str__(self) -> str:
        """A readable id: the name, and the settings that differ from their defaults."""
        changed = [
            f"{f.name}={getattr(self, f.name)}"
            for f in fields(self)  # type: ignore[arg-type]
            if getattr(self, f.name) != f.default
        ]
        name = type(self).__name__
        return f"{name}({', '.join(changed)})" if changed else name


@dataclass(frozen=True)
class Quiet(Nemesis):
    """Does nothing, so that "no nemesis" is not a special case: every callback is received."""

    needs: ClassVar[Needs] = NO_NEEDS

    __str__ = Nemesis.__str__


QUIET = Quiet()
