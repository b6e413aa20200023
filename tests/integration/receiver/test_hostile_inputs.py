"""The page of hostile inputs says what a server answers to each of them."""

import re

import pytest

from tests.support.hostile_inputs import PAGE, groups, table

TABLES = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.S | re.M))


@pytest.mark.parametrize("group", groups())
def test_each_is_answered_as_the_page_says(group: str) -> None:
    """``python -m tests.support.hostile_inputs`` writes the page anew; read what it changed."""
    _, _, told = table(group, groups()[group]).partition("\n")

    assert told.strip().splitlines() == TABLES[group].strip().splitlines()


def test_the_page_has_no_other_groups_and_many_inputs() -> None:
    assert list(TABLES) == list(groups())
    assert sum(map(len, groups().values())) >= 150


def test_no_input_is_answered_with_an_error_of_the_server() -> None:
    answers = re.findall(r"^\| .* \| (\w+) \| (\w+) \| .*\|$", PAGE.read_text(), re.M)
    assert {a for pair in answers for a in pair} - {"answer"} <= {
        *(["200", "400", "401", "403", "404", "405", "413", "415", "422"])
    }
