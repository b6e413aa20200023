"""The Markdown of our own contracts as HTML: paragraphs, lists, code, emphasis. Nothing else is in
them; everything is escaped first."""

import re

from markupsafe import Markup, escape

_FENCE = re.compile(r"^```.*?\n(.*?)^```\s*$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`([^`]+)`")
_STRONG = re.compile(r"\*\*([^*]+)\*\*")
_EMPHASIS = re.compile(r"(?<![\w*])\*([^*\n]+)\*(?![\w*])")
_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
_OPENING = re.compile(r"^(?:Examples?|(?:Typical|Usual) causes?):")
# An example and a typical cause at the end of a paragraph are paragraphs of their own.
_PARTS = re.compile(r"(?<=[.:;]) (?=(?:Examples?|(?:Typical|Usual) causes?): )")


def html(markdown: str) -> Markup:
    """The text as safe HTML. What begins with `Example:` or `Typical cause:` is set apart."""
    out = Markup()
    for n, piece in enumerate(_FENCE.split(markdown)):
        out += Markup("<pre>{}</pre>").format(piece.rstrip()) if n % 2 else _blocks(piece)
    return out


def _blocks(text: str) -> Markup:
    out = Markup()
    for block in re.split(r"\n\s*\n", text.strip()):
        if block.startswith(("- ", "* ")):
            items = re.split(r"^[-*] ", block, flags=re.MULTILINE)[1:]
            told = Markup().join(Markup("<li>{}</li>").format(inline(item)) for item in items)
            out += Markup("<ul>{}</ul>").format(told)
        elif block:
            parts = _PARTS.split(" ".join(block.split()))
            out += Markup().join(Markup("<p>{}</p>").format(inline(part)) for part in parts)
    return out


def coded(text: str) -> Markup:
    """Text of a finding, of which nothing but what stands in backticks is marked up."""
    pieces = _CODE.split(str(escape(text)))
    pieces[1::2] = [f"<code>{piece}</code>" for piece in pieces[1::2]]
    return Markup("".join(pieces))  # made from escaped text


def inline(text: str) -> Markup:
    """One line or paragraph: code, emphasis, and links as their text."""
    told = str(escape(text.strip()))
    pieces = _CODE.split(told)
    for n, piece in enumerate(pieces):
        if n % 2:
            pieces[n] = f"<code>{piece}</code>"
        else:
            plain = _STRONG.sub(r"<strong>\1</strong>", _LINK.sub(r"\1", piece))
            plain = _EMPHASIS.sub(r"<em>\1</em>", plain)
            pieces[n] = _OPENING.sub(r"<b>\g<0></b>", plain)
    return Markup("".join(pieces))  # made from escaped text
