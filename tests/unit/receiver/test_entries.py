"""An attempt as the journal has it, and back: nothing of it is lost on the way."""

from asyncproof.history.events import AttemptFacts, Delivered, File
from asyncproof.receiver.http.record import AttemptAnswer, AttemptRecord
from asyncproof.receiver.storage.entries import CallbackEntry, decode, delivered_of, encode, entry

IMAGE = File(path="pictures/a.png", sha256="a", size=3, content_type="image/png", filename="a.png")
FACTS = AttemptFacts(
    method="PUT",
    path="/callback/t",
    token="t",
    secret="foreign",
    secret_owner="u",
    fields={"job_id": "a", "status": "completed", "extra": "more"},
    content_type="multipart/form-data",
    user_agent="miner",
    image=IMAGE,
    stored=True,
    problems=("one", "two"),
    form_problems=("two",),
    broken="half of it",
    another_boundary=True,
    went_away=True,
    nemesis="slow",
    delivery_id="d1",
)


def finished() -> Delivered:
    record = AttemptRecord(FACTS, began=1.0, sender="10.0.0.1")
    return record.delivered(7, 3.5, AttemptAnswer(503, "busy"))


def test_what_is_known_of_an_attempt_is_in_its_event() -> None:
    event = finished()
    known = {name: getattr(FACTS, name) for name in AttemptFacts.__struct_fields__}
    known |= {"answered": 503, "answer": "busy"}
    assert {name: getattr(event, name) for name in known} == known
    assert (event.number, event.began, event.at) == (7, 1.0, 3.5)


def test_an_entry_of_the_journal_gives_the_event_back() -> None:
    line = encode(entry(finished(), "2026-01-02T03:04:05.000+00:00", "10.0.0.1", "held"))
    assert delivered_of(decode(line), at=3.5, image=IMAGE) == finished()


def test_an_entry_names_what_the_protocol_names() -> None:
    told = entry(finished(), "now", "10.0.0.1")
    assert (told.job_id, told.status, told.fields) == ("a", "completed", {"extra": "more"})
    assert (told.seconds, told.sender) == (2.5, "10.0.0.1")


def test_a_line_of_an_older_journal_is_read() -> None:
    line = b'{"number":1,"received_at":"now","path":"/callback","secret":"match","job_id":"a"}'
    expected = CallbackEntry(
        number=1, received_at="now", path="/callback", secret="match", job_id="a"
    )
    assert decode(line) == expected
    assert (expected.method, expected.token, expected.fields) == ("POST", None, {})
