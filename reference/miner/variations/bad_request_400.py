"""Bad bodies are answered 400 for every reason."""

from dataclasses import replace

from reference.miner.seams import Answer, Fault


class BadRequest400(Fault):
    name = "bad-request-400"
    does = "answers 400 where a body breaks a rule, not 422"

    def refused(self, answer: Answer) -> Answer:
        return replace(answer, code=400)
