"""Where a request goes: a path or a url that the miner names means what it means anywhere."""

from urllib.parse import urljoin

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from asyncproof.driver.http_client import whole_url

CRUMBS = [
    "/",
    "//",
    "a",
    "..",
    ".",
    "?",
    "#",
    ";",
    ":",
    "%2F",
    "%",
    "~",
    "é",
    " ",
    "http:",
    "@",
    "",
]


@pytest.mark.parametrize(
    "base", ["http://miner:8091/", "http://miner/behind/a/path/", "http://[::1]:1/"]
)
@given(path=st.lists(st.sampled_from(CRUMBS), max_size=8).map("".join))
@example("/inference/status/a%2Fb")
@example("/a/../b")
@example("//a")
@example("/a/")
def test_a_path_becomes_the_url_that_it_stands_for(base: str, path: str) -> None:
    try:
        expected = urljoin(base, path)
    except ValueError:
        return
    assert whole_url(base, path) == expected
