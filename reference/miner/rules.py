"""The rules for submissions that need no model: ids, times, and how a body is refused."""

import re
from datetime import UTC, datetime
from typing import Any

SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}\Z")


class Refused(Exception):  # noqa: N818 - an answer to the client, not an error of the program
    """A body that cannot become a job: the HTTP status and why, field by field."""

    def __init__(self, code: int, problems: list[dict[str, Any]]) -> None:
        super().__init__(f"{code}: {problems}")
        self.code = code
        self.problems = problems


def moment(value: object) -> datetime:
    """An ISO 8601 time; one without an offset is taken as UTC."""
    if not isinstance(value, str):
        raise ValueError("must be an ISO 8601 time as text")  # noqa: TRY004 - pydantic's contract
    found = datetime.fromisoformat(value)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def moment_of(body: dict[str, Any]) -> datetime | None:
    """The expiry of an unchecked submission; None if there is no readable one."""
    try:
        return moment(body.get("expiry"))
    except ValueError:
        return None
