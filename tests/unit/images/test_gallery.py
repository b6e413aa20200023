"""The gallery shows what it was given, and nothing of it becomes HTML."""

import numpy as np

from asyncproof.images.gallery import (
    difference_map,
    reference_card,
    render_cards,
    render_gallery,
    single_card,
)
from asyncproof.images.reference.comparison import compare
from asyncproof.images.region import Region
from tests.support.picture_files import scene

REFERENCE = scene(128, 1)


def damaged() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    picture = REFERENCE.copy()
    picture[64:] = 0
    return picture


def test_a_card_beside_the_reference_frames_the_region_in_both() -> None:
    """Delivered, reference and difference; the region framed where pictures are."""
    difference = compare(damaged(), REFERENCE)
    assert difference is not None
    html = render_cards([reference_card("job_001", damaged(), REFERENCE, difference)])
    assert html.count("data:image/webp;base64,") == 3
    assert html.count('class="mark"') == 2
    assert "top: 50.0%; width: 100.0%; height: 50.0%" in html
    assert "rows 64–127 are flat black (50.0 %)" in html


def test_a_reference_of_another_size_has_no_difference_map() -> None:
    """Pictures of two sizes cannot be laid over each other."""
    difference = compare(REFERENCE[:100], REFERENCE)
    assert difference is not None
    html = render_cards([reference_card("job_001", REFERENCE[:100], REFERENCE, difference)])
    assert html.count("data:image/webp;base64,") == 2


def test_text_is_never_html() -> None:
    """Names and reasons come from outside."""
    card = single_card("<b>name", ("<script>",), None, (Region.whole(8, 8),))
    page = "".join(render_gallery("<title>", [card], note="<note>"))
    for text in ("<b>name", "<script>", "<title><", "<note>"):
        assert text not in page
    assert "the file cannot be decoded<" in page


def test_an_empty_page_says_so() -> None:
    """No damaged picture is no empty sheet."""
    assert "No damaged pictures." in render_cards([])


def test_the_map_is_black_only_where_pictures_agree() -> None:
    """One level of difference can be seen."""
    other = REFERENCE.copy()
    other[5, 7, 1] ^= 1
    seen = difference_map(other, REFERENCE).max(axis=2) > 0
    assert [tuple(int(i) for i in place) for place in np.argwhere(seen)] == [(5, 7)]
