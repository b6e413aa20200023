"""Why a body is not taken as a form."""

ANOTHER_BOUNDARY = "a form that does not begin with the boundary that Content-Type names"


class BadFormError(Exception):
    """The body is not a form that can be read; ``status`` is the answer it gets."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
