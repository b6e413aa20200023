"""Nothing listens on the callback port."""

from dataclasses import dataclass
from typing import ClassVar

from asyncproof.receiver.http.nemesis_context import NemesisContext
from asyncproof.receiver.nemesis import Nemesis
from asyncproof.workload.provocation import Provocation, Provocations


@dataclass(frozen=True)
class ConnectionRefused(Nemesis):
    """The system refuses every new connection; the port stays reserved."""

    provokes: ClassVar[Provocations] = frozenset({Provocation.RECEIVER_REFUSES})
    spares_others: ClassVar[bool] = False  # the port is everybody's

    def begin(self, context: NemesisContext) -> None:
        context.refuse_connections()
