"""Nobody catches what the check throws."""

from reference.miner.seams import Answer, Fault


class BadBodyCrash(Fault):
    name = "bad-body-crash"
    does = "answers 500 to a body that breaks a rule"
    clause = "SUB-9"

    def refused(self, answer: Answer) -> Answer:
        return Answer(500, {"detail": "internal server error"})
