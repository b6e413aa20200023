"""What is known of one delivery attempt, and what it is answered."""

from dataclasses import dataclass, field

from tests.e2e.async_inference.events import Delivered, File


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer to be sent: status, text, extra headers."""

    status: int
    text: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Record:
    """What is known of the attempt so far; becomes a :class:`Delivered` when it is finished."""

    method: str
    path: str
    token: str | None
    secret: str
    began: float
    sender: str = ""
    content_type: str = ""
    user_agent: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    image: File | None = None
    problems: tuple[str, ...] = ()
    broken: str = ""
    nemesis: str = ""
    stored: bool = False

    def delivered(self, number: int, at: float, answer: Answer | None) -> Delivered:
        return Delivered(
            number=number,
            began=self.began,
            at=at,
            method=self.method,
            path=self.path,
            token=self.token,
            secret=self.secret,
            fields=self.fields,
            content_type=self.content_type,
            user_agent=self.user_agent,
            image=self.image,
            answered=None if answer is None else answer.status,
            answer="" if answer is None else answer.text[:500],
            stored=self.stored,
            problems=self.problems,
            broken=self.broken,
            nemesis=self.nemesis,
        )
