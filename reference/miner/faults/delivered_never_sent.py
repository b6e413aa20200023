"""The delivery is noted before it is tried."""

from datetime import UTC, datetime

from reference.miner.jobs import Job, Section
from reference.miner.seams import Delivery, Fault


class DeliveredNeverSent(Fault):
    name = "delivered-never-sent"
    does = "says that the callback was delivered and never sends it"
    clause = "CBK-10"

    def deliveries(self, job: Job, deliveries: list[Delivery]) -> list[Delivery]:
        return []

    def section(self, job: Job, section: Section) -> Section:
        now = datetime.now(UTC)
        said = "completed" if job.image else "failed"
        return Section(status="delivered", status_code=200, attempted_at=now, payload_status=said)
