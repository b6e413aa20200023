"""What somebody else said, as a finding quotes it."""

SHOWN = 120  # characters; more would bury the finding


def quoted(text: str, most: int = SHOWN) -> str:
    """The start of a text in quotation marks, with an ellipsis where it goes on."""
    return repr(cut(text, most))


def cut(text: str, most: int = SHOWN) -> str:
    """The start of a text, with an ellipsis where it goes on."""
    return text if len(text) <= most else f"{text[:most]}…"


def answered(code: int | None, body: str, most: int = SHOWN) -> str:
    """A status code and the body that came with it; the code alone where there was none."""
    return f"{code} {quoted(body, most)}" if body else f"{code}"
