"""The type of the other API is sent along."""

from dataclasses import replace

from reference.miner.form import Form
from reference.miner.jobs import Job
from reference.miner.seams import Fault


class CallbackAsJson(Fault):
    name = "callback-as-json"
    does = "announces callbacks as application/json"
    clause = "CBK-5"

    def form(self, job: Job, form: Form) -> Form:
        return replace(form, kind="application/json")
