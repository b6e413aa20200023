"""Text of others, shortened as findings quote it."""

NO_ANSWER = "no answer within"  # so many seconds; how an error begins that is nothing but time
SHOWN = 120  # characters; more would bury the finding


def quoted(text: str, most: int = SHOWN) -> str:
    """The start of a text in quotation marks, with an ellipsis if it was cut."""
    return repr(cut(text, most))


def cut(text: str, most: int = SHOWN) -> str:
    """The start of a text, with an ellipsis if it was cut."""
    return text if len(text) <= most else f"{text[:most]}…"


def answered(code: int | None, body: str, most: int = SHOWN) -> str:
    """A status code and its body; only the code if there is no body."""
    return f"{code} {quoted(body, most)}" if body else f"{code}"
