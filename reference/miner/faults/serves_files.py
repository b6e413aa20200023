"""A path is made of what the client sends."""

from reference.miner.seams import Answer, Fault


class ServesFiles(Fault):
    name = "serves-files"
    does = "gives any file whose path is asked for in place of an id"
    clause = "SEC-4"

    def unknown(self, job_id: str, answer: Answer) -> Answer:
        climbs = job_id.startswith(("..", "/"))
        return Answer(200, b"root:x:0:0:root:/root:/bin/sh") if climbs else answer
