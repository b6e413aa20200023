"""Text of others, shortened as findings quote it, and times as findings show them."""

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


def counted(count: int, noun: str) -> str:
    """``1 job``, ``2 jobs``."""
    return f"{count} {noun}" + "s" * (count != 1)


def shown_seconds(value: float) -> str:
    """``0.08 s``, ``12.3 s``: two decimals below a second, so that short times differ."""
    return f"{value:.2f} s" if value < 1 else f"{value:.1f} s"
