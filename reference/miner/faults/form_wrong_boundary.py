"""Header and body each make a boundary of their own."""

from dataclasses import replace

from reference.miner.form import Form
from reference.miner.jobs import Job
from reference.miner.seams import Fault


class FormWrongBoundary(Fault):
    name = "form-wrong-boundary"
    does = "announces another boundary than the one it uses"
    clause = "CBK-5"

    def form(self, job: Job, form: Form) -> Form:
        return replace(form, boundary="another")
