"""The record is read while it is written."""

import json
from dataclasses import replace

from reference.miner.answers import fields_of
from reference.miner.jobs import Job
from reference.miner.seams import Answer, Fault


class HalfAStatus(Fault):
    name = "half-a-status"
    does = "breaks each third status off in the middle"
    clause = "POL-11"
    asked = 0

    def polled(self, job: Job, answer: Answer) -> Answer:
        self.asked += 1
        text = json.dumps(fields_of(answer)).encode()
        return answer if self.asked % 3 else replace(answer, body=text[: len(text) // 2])
