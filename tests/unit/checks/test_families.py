"""A check is a function in the module of its family, and is listed nowhere else."""

from pathlib import Path

from asyncproof import checks
from asyncproof.checks import ALL, BY_NAME, FAMILIES
from asyncproof.run.late_checks import EVERY_JOB


def test_every_module_of_the_checks_is_a_family() -> None:
    modules = {path.stem for path in Path(checks.__path__[0]).glob("*.py")} - {"__init__"}
    assert {family.__name__.rpartition(".")[2] for family in FAMILIES} == modules


def test_every_family_has_checks_and_no_two_checks_one_name() -> None:
    assert {check.rule.__module__ for check in ALL} == {family.__name__ for family in FAMILIES}
    assert len(BY_NAME) == len(ALL)


def test_what_holds_for_every_job_is_asked_of_every_job() -> None:
    named = {check.name for check in EVERY_JOB}
    assert "one_delivery_per_job" in named
    assert "bad_submissions_are_refused" not in named
