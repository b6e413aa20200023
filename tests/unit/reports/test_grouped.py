"""Findings of one cause are counted by their jobs, or by how often they were seen."""

from dataclasses import replace

import pytest

from asyncproof.harness.verdict import Finding
from asyncproof.reports.grouped import group

ABOUT_A_JOB = Finding("LIV-2", "job_001 (id)", "this", "that", job="job_001")
ABOUT_A_PAGE = Finding("HLT-3", "GET /health", "this", "that")
ANOTHER_JOB = replace(ABOUT_A_JOB, subject="job_002 (id)", job="job_002")


@pytest.mark.parametrize(
    ("findings", "counted"),
    [
        ([ABOUT_A_JOB], "1 job"),
        ([ABOUT_A_JOB, ABOUT_A_JOB, ANOTHER_JOB], "2 jobs"),
        ([ABOUT_A_PAGE], "1 time"),
        ([ABOUT_A_PAGE, ABOUT_A_PAGE], "2 times"),
    ],
)
def test_a_page_is_no_job(findings: list[Finding], counted: str) -> None:
    (found,) = group(findings)
    assert found.counted == counted
