"""The form is written by hand, and its last line forgotten."""

from dataclasses import replace

from reference.miner.form import Form
from reference.miner.jobs import Job
from reference.miner.seams import Fault


class FormWithoutEnd(Fault):
    name = "form-without-end"
    does = "leaves the closing boundary out of callbacks"
    clause = "CBK-5"

    def form(self, job: Job, form: Form) -> Form:
        return replace(form, tail=b"")
