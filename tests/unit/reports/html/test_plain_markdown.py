"""The Markdown of the contract as safe HTML."""

import pytest

from asyncproof import places
from asyncproof.harness import contract
from asyncproof.reports.html import plain_markdown


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("one\ntwo\n\nthree", "<p>one two</p><p>three</p>"),
        (
            "a `b_c*d*` and *em* and **strong**",
            "<p>a <code>b_c*d*</code> and <em>em</em> and <strong>strong</strong></p>",
        ),
        ("see [the page](pictures.md)", "<p>see the page</p>"),
        ("- one\n- two", "<ul><li>one</li><li>two</li></ul>"),
        ("```\na < b\n```", "<pre>a &lt; b</pre>"),
        ("<script>x</script>", "<p>&lt;script&gt;x&lt;/script&gt;</p>"),
        ("Rule. Typical\ncause: a lock.", "<p>Rule.</p><p><b>Typical cause:</b> a lock.</p>"),
        ("Example: `202`.", "<p><b>Example:</b> <code>202</code>.</p>"),
        ("", ""),
    ],
)
def test_what_the_contract_uses_is_understood(markdown: str, html: str) -> None:
    assert plain_markdown.html(markdown) == html


@pytest.mark.parametrize("page", ["protocol", "worker"])
def test_no_clause_shows_its_markup(page: str) -> None:
    for clause in contract.load(places.contract(page)).values():
        shown = plain_markdown.html(clause.text).striptags()
        assert "**" not in shown
        assert "```" not in shown


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("send `error` and `a*b*`", "send <code>error</code> and <code>a*b*</code>"),
        ("`status` '**<b>'", "<code>status</code> &#39;**&lt;b&gt;&#39;"),
        ("one ` alone", "one ` alone"),
        ("[a](b) *as it is*", "[a](b) *as it is*"),
    ],
)
def test_of_a_finding_nothing_but_code_is_marked_up(text: str, html: str) -> None:
    assert plain_markdown.coded(text) == html
