"""What a nemesis is. ``docs/callback-server.md`` teaches how to write the next one."""

from dataclasses import fields

from tests.e2e.async_inference.receiver.arrival import Arrival
from tests.e2e.async_inference.receiver.record import Answer
from tests.e2e.async_inference.receiver.stage import Stage


class Nemesis:
    """A hostile act that a correct miner survives, as a frozen dataclass of its settings.

    The receiver lets it meet every delivery attempt that carries the right secret; strangers never
    meet it. It holds no state of its own: what has happened so far is in the arrival and its stage.
    """

    def begin(self, stage: Stage) -> None:
        """Called once, before the first attempt. The stage cleans up after itself."""

    async def receive(self, arrival: Arrival) -> Answer | None:
        """Treat one attempt and return the answer to send; None where nothing more is sent."""
        return await arrival.take()

    def __str__(self) -> str:
        """A readable id: the name, and the settings that are not at their defaults."""
        changed = [
            f"{f.name}={getattr(self, f.name)}"
            for f in fields(self)  # type: ignore[arg-type]
            if getattr(self, f.name) != f.default
        ]
        name = type(self).__name__
        return f"{name}({', '.join(changed)})" if changed else name
