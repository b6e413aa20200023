"""The error for a body that is not a valid form."""


class BadFormError(Exception):
    """The body is not a readable form; ``status`` is the answer to it.

    ``another_boundary``: it does not start with the boundary in Content-Type.
    """

    def __init__(self, status: int, reason: str, *, another_boundary: bool = False) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.another_boundary = another_boundary
