"""The right size of an edited image follows from the first one, where nobody could ask for it."""

import pytest

from asyncproof.run.edit_sizes import EditSizes

ASKED, OWN = (128, 128), (256, 256)


@pytest.mark.parametrize(
    ("first", "later", "expected"),
    [
        (OWN, OWN, OWN),
        (OWN, ASKED, OWN),
        (ASKED, OWN, ASKED),
        (None, OWN, OWN),
    ],
)
def test_later_images_agree_with_the_first(
    first: tuple[int, int] | None, later: tuple[int, int], expected: tuple[int, int]
) -> None:
    sizes = EditSizes()
    assert sizes.expected(ASKED, first) == (first or ASKED)
    assert sizes.expected(ASKED, later) == expected


def test_a_miner_that_makes_what_is_asked_for_owes_each_size() -> None:
    sizes = EditSizes()
    sizes.expected(ASKED, ASKED)
    assert sizes.expected((64, 64), OWN) == (64, 64)
