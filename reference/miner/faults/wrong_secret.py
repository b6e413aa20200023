"""The secret is rebuilt from something that is not the secret."""

from dataclasses import replace

from reference.miner.jobs import Job
from reference.miner.seams import Delivery, Fault


class WrongSecret(Fault):
    name = "wrong-secret"
    does = "sends X-Callback-Secret with the last character changed"
    clause = "CBK-2"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return [replace(one, headers=_spoiled(one.headers)) for one in deliveries]


def _spoiled(headers: dict[str, str]) -> dict[str, str]:
    return {
        name: f"{value[:-1]}{'x' if value[-1:] != 'x' else 'y'}" for name, value in headers.items()
    }
