"""A stress run that another program controls: commands in, lines of JSON out."""

import json

from asyncproof.harness.verdict import Finding
from asyncproof.stress.control import Commanded, Teller


def test_the_number_in_flight_is_that_of_the_last_command() -> None:
    shape = Commanded()
    assert shape.wait(0.0, 0, 0) is None  # nothing leaves before the first command
    shape.obey(["users 3\n", "nonsense\n", "users many\n"])
    assert [shape.wait(0.0, 9, n) for n in (2, 3)] == [0.0, None]
    assert shape.over.is_set()


def test_what_happens_is_told_in_lines_of_json() -> None:
    lines = list[str]()
    told = Teller(lines.append)
    told.begun("/runs/1")
    told.job("job_001", {"accept": 0.1}, completed=True)
    told.finding(Finding("CBK-4", "job_001", "1", "2", job="job_001"))
    assert [json.loads(line) for line in lines] == [
        {"begun": "/runs/1"},
        {"job": "job_001", "completed": True, "seconds": {"accept": 0.1}},
        {"finding": "CBK-4 job_001: expected 1, got 2", "clause": "CBK-4", "job": "job_001"},
    ]
