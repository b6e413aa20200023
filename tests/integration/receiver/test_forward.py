"""A server in front of a real consumer: every callback reaches it, and the miner hears its answer.

The consumer is another callback server, which its nemeses take away.
"""

import base64
import contextlib
import hashlib
import hmac
import http.client
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from asyncproof.cli.callback_server import callback_server
from asyncproof.nemesis.answers_error import AnswersError
from asyncproof.nemesis.no_answer import NoAnswer
from asyncproof.receiver.nemesis import Nemesis, Quiet
from asyncproof.receiver.storage.store import IncomingFile, NotStoredError
from tests.support.doomed_servers import Doom, nursery
from tests.support.receiver_support import (
    PNG,
    SECRET,
    Running,
    callback,
    form,
    get,
    part,
    post,
    running,
)

SOON = (0.01,)


@pytest.fixture
def consumer(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "consumer" / "kept") as run:
        yield run


@contextlib.contextmanager
def in_front_of(consumer: Running, folder: Path, **settings: object) -> Iterator[Running]:
    url = f"{consumer.server.url}/callback"
    with running(folder, forward=url, forward_pauses=SOON, **settings) as run:
        yield run


@pytest.fixture
def front(consumer: Running, tmp_path: Path) -> Iterator[Running]:
    with in_front_of(consumer, tmp_path / "front" / "kept") as run:
        yield run


def use(consumer: Running, nemesis: Nemesis) -> None:
    consumer.do(lambda: consumer.server.use(nemesis))


def outbox(front: Running) -> set[str]:
    folder = front.folder / "outbox"
    return {p.name for p in folder.iterdir()} - {"lock"} if folder.is_dir() else set()


def arrived(consumer: Running, job_id: str) -> bytes:
    """Wait for a job's callback at the consumer; its picture."""
    wanted = consumer.wait_for_delivery(
        lambda d: d.fields.get("job_id") == job_id and d.answered == 200
    )
    assert wanted.image is not None
    return (consumer.folder / wanted.image.path).read_bytes()


def test_a_callback_is_stored_and_passed_on_as_it_came(front: Running, consumer: Running) -> None:
    body = form(
        part("job_id", b"j"), part("status", b"completed"), part("worker", b"w1"),
        part("image", PNG, "Content-Type: image/png", filename="odd name.png"),
    )  # fmt: skip

    assert post(front, body, "User-Agent: miner/1").text == "OK"

    for run in (front, consumer):
        assert (run.folder / "images/j.png").read_bytes() == PNG
    passed, own = consumer.delivery(), front.delivery()
    assert (passed.fields, passed.content_type) == (own.fields, own.content_type)
    assert (passed.user_agent, passed.secret) == ("miner/1", "match")
    assert passed.image is not None
    assert passed.image.filename == "odd name.png"
    assert get(front, "/callbacks").json[0]["forwarded"] == "answered"
    assert outbox(front) == set()


@pytest.mark.parametrize("status", [201, 404, 422, 500])
def test_the_answer_of_the_consumer_is_told_to_the_miner(
    front: Running, consumer: Running, status: int
) -> None:
    use(consumer, AnswersError(status))

    answer = post(front)

    assert answer.status == status
    assert answer.text == consumer.delivery().answer
    assert get(front, "/callbacks").json[0]["answered"] == status
    assert outbox(front) == set()


def test_what_is_refused_here_is_not_passed_on(consumer: Running, tmp_path: Path) -> None:
    with in_front_of(consumer, tmp_path / "front", strict=True) as front:
        assert post(front, secret="wrong").status == 401
        assert post(front, callback()[:-9]).status == 400
        assert post(front, callback(status="odd")).status == 422
        assert post(front, callback("last")).status == 200
    assert [d.fields.get("job_id") for d in consumer.deliveries()] == ["last"]


@pytest.mark.parametrize("away", [AnswersError(503), AnswersError(502), AnswersError(429)], ids=str)
def test_while_the_consumer_is_away_callbacks_are_held_and_arrive_in_order(
    front: Running, consumer: Running, away: Nemesis
) -> None:
    use(consumer, away)
    for n in range(3):
        assert "passed on when" in post(front, callback(f"j{n}", image=PNG + bytes([n]))).text
    assert {e["forwarded"] for e in get(front, "/callbacks").json} == {"held"}
    assert len(outbox(front)) == 3

    use(consumer, Quiet())

    assert arrived(consumer, "j2") == PNG + b"\2"
    taken = [d.fields["job_id"] for d in consumer.deliveries() if d.answered == 200]
    assert taken == ["j0", "j1", "j2"]


def test_a_consumer_that_says_nothing_is_away(consumer: Running, tmp_path: Path) -> None:
    use(consumer, NoAnswer())
    with in_front_of(consumer, tmp_path / "front", forward_patience=0.05) as front:
        assert "passed on when" in post(front).text
        use(consumer, Quiet())
        assert arrived(consumer, "job-1") == PNG


def test_what_is_held_survives_a_restart_and_holds_no_secret(tmp_path: Path) -> None:
    folder = tmp_path / "front"
    with running(tmp_path / "gone") as gone:
        pass
    with in_front_of(gone, folder) as front:
        assert post(front, callback("held")).status == 200
        assert len(outbox(front)) == 1
    everything = b"".join(p.read_bytes() for p in folder.rglob("*") if p.is_file())
    assert SECRET.encode() not in everything

    with running(tmp_path / "consumer") as consumer, in_front_of(consumer, folder) as again:
        assert arrived(consumer, "held") == PNG
        assert post(again, callback("next")).status == 200
        assert arrived(consumer, "next") == PNG


def test_a_held_callback_that_the_consumer_refuses_is_set_aside_and_named(
    front: Running, consumer: Running, caplog: pytest.LogCaptureFixture
) -> None:
    use(consumer, AnswersError(503))
    post(front)
    with caplog.at_level(logging.WARNING):
        use(consumer, AnswersError(404))
        consumer.wait_for_delivery(lambda d: d.answered == 404)
        use(consumer, Quiet())
        post(front, callback("next"))
        arrived(consumer, "next")

    (kept,) = (front.folder / "outbox" / "refused").iterdir()
    assert PNG in kept.read_bytes()
    assert str(kept) in caplog.text
    assert "answered 404" in caplog.text


def test_a_damaged_file_in_the_outbox_stops_nothing(consumer: Running, tmp_path: Path) -> None:
    (tmp_path / "front" / "outbox").mkdir(parents=True)
    (tmp_path / "front" / "outbox" / "000000001").write_bytes(b"rubbish")
    with in_front_of(consumer, tmp_path / "front") as front:
        post(front)
        assert arrived(consumer, "job-1") == PNG
        assert len(list((front.folder / "outbox" / "refused").iterdir())) == 1


def test_a_full_disk_is_answered_507_and_the_consumer_hears_of_nothing(
    front: Running, consumer: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(consumer, AnswersError(503))
    post(front, callback("first"))

    def full(_self: IncomingFile, final: str) -> bool:
        if "outbox" in final:
            raise NotStoredError("No space left on device")
        return original(_self, final)

    original = IncomingFile.claim
    with monkeypatch.context() as patched:
        patched.setattr(IncomingFile, "claim", full)
        assert post(front, callback("second")).status == 507
    assert front.images() == {"first.png"}
    assert len(outbox(front)) == 1


def test_two_servers_on_one_folder_send_each_held_callback_once(
    consumer: Running, tmp_path: Path
) -> None:
    use(consumer, AnswersError(503))
    folder = tmp_path / "front"
    with in_front_of(consumer, folder) as one, in_front_of(consumer, folder) as two:
        for n in range(20):
            assert post([one, two][n % 2], callback(f"j{n}")).status == 200
        use(consumer, Quiet())
        for n in range(20):
            arrived(consumer, f"j{n}")
    taken = [d.fields["job_id"] for d in consumer.deliveries() if d.answered == 200]
    assert sorted(taken) == sorted(f"j{n}" for n in range(20))


def signed(body: bytes, when: float) -> list[str]:
    start = f"id-1.{int(when)}.".encode()
    mac = hmac.new(SECRET.encode(), start + body, hashlib.sha256).digest()
    return [
        "webhook-id: id-1",
        f"webhook-timestamp: {int(when)}",
        f"webhook-signature: v1,{base64.b64encode(mac).decode()}",
    ]


def test_a_held_callback_is_signed_anew(tmp_path: Path) -> None:
    """By the time the consumer is back, a signature of Standard Webhooks is too old."""
    early, folder, body = time.time() - 3600, tmp_path / "front", callback()
    scheme = {"signature": "standard-webhooks"}
    with running(tmp_path / "gone") as gone:
        pass
    with in_front_of(gone, folder, wall=lambda: early, **scheme) as front:
        assert post(front, body, *signed(body, early), secret=None).status == 200

    with (
        running(tmp_path / "consumer", **scheme) as consumer,
        in_front_of(consumer, folder, **scheme),
    ):
        assert arrived(consumer, "job-1") == PNG


def test_nothing_acknowledged_is_lost_when_the_server_in_front_is_killed(
    consumer: Running, tmp_path: Path
) -> None:
    use(consumer, AnswersError(503))
    folder = tmp_path / "front" / "kept"
    url = f"{consumer.server.url}/callback"
    acknowledged = []
    with nursery() as servers:
        for point in ("after the journal line", "before the journal line"):
            port = servers.start(Doom(str(folder), point, 4, forward=url))
            for n in range(10):
                job_id = f"{point}-{n}".replace(" ", "-")
                with contextlib.suppress(ConnectionError, AssertionError):
                    if _post_to(port, callback(job_id)) == 200:
                        acknowledged.append(job_id)
            servers.ended_by()
    assert len(acknowledged) == 6
    use(consumer, Quiet())
    with in_front_of(consumer, folder):
        for job_id in acknowledged:
            assert arrived(consumer, job_id) == PNG


def _post_to(port: int, body: bytes) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        headers = {"X-Callback-Secret": SECRET, "Content-Type": "multipart/form-data; boundary=xyz"}
        connection.request("POST", "/callback", body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_the_command_names_the_consumer_and_refuses_what_is_no_url(tmp_path: Path) -> None:
    result = CliRunner().invoke(callback_server, ["--forward=ftp://a/b", f"--folder={tmp_path}"])

    assert result.exit_code == 2
    assert "Invalid value for '--forward'" in result.output


def test_metrics_count_what_was_passed_on(front: Running, consumer: Running) -> None:
    post(front, callback("now"))
    use(consumer, AnswersError(503))
    post(front, callback("later"))

    text = get(front, "/metrics").text

    assert 'asyncproof_forwarded_total{outcome="answered"} 1.0' in text
    assert 'asyncproof_forwarded_total{outcome="held"} 1.0' in text
    assert "asyncproof_outbox 1.0" in text
