"""Nobody listens where the miner wants to deliver."""

from dataclasses import dataclass

from tests.e2e.async_inference.nemesis.base import Nemesis
from tests.e2e.async_inference.receiver.stage import Stage


@dataclass(frozen=True)
class ConnectionRefused(Nemesis):
    """Every new connection is refused by the system; the port stays ours."""

    def begin(self, stage: Stage) -> None:
        stage.refuse_connections()
