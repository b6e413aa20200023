"""What a correct miner sees, and what is left of its callback."""

import asyncio
import base64
import hashlib
import io
import quopri
from pathlib import Path

import aiohttp
import pytest
import requests

from asyncproof.receiver.storage.entries import decode
from tests.support.receiver_support import (
    MULTIPART,
    PNG,
    SECRET,
    Running,
    answer_of,
    callback,
    connect,
    form,
    get,
    head,
    part,
    post,
    running,
)


def test_a_callback_is_answered_ok_and_all_of_it_is_kept(receiver: Running) -> None:
    assert (post(receiver).status, post(receiver, callback("job-2")).text) == (200, "OK")

    delivered = receiver.delivery()
    assert (delivered.answered, delivered.answer, delivered.secret) == (200, "OK", "match")
    assert delivered.fields == {
        "job_id": "job-1",
        "status": "completed",
        "completed_at": "2026-01-02T03:04:05Z",
    }
    assert delivered.stored
    assert delivered.problems == ()
    assert delivered.began <= delivered.at
    assert delivered.image is not None
    assert (receiver.folder / delivered.image.path).read_bytes() == PNG
    assert delivered.image.sha256 == hashlib.sha256(PNG).hexdigest()
    assert (delivered.image.size, delivered.image.filename) == (len(PNG), "result.png")
    assert receiver.images() == {"job-1.png", "job-2.png"}


def test_the_journal_and_the_list_say_the_same(receiver: Running) -> None:
    post(receiver)
    post(receiver, callback("job-2", "failed", image=None))

    lines = (receiver.folder / "journal.ndjson").read_bytes().splitlines()
    listed = get(receiver, "/callbacks").json
    assert [decode(line).job_id for line in lines] == ["job-1", "job-2"]
    assert [(e["number"], e["job_id"], e["status"], e["secret"]) for e in listed] == [
        (1, "job-1", "completed", "match"),
        (2, "job-2", "failed", "match"),
    ]
    assert listed[0]["image"]["path"] == "images/job-1.png"
    assert get(receiver, "/callbacks?since=1").json == listed[1:]
    assert get(receiver, "/callbacks/job-2").json == listed[1:]


def test_a_second_delivery_never_overwrites_the_first(receiver: Running) -> None:
    for n in range(3):
        post(receiver, callback(image=PNG + bytes([n])))

    assert receiver.images() == {"job-1.png", "job-1.2.png", "job-1.3.png"}
    assert (receiver.folder / "images/job-1.png").read_bytes() == PNG + b"\0"
    assert (receiver.folder / "images/job-1.3.png").read_bytes() == PNG + b"\2"


def test_what_contradicts_an_earlier_callback_is_kept_beside_it(receiver: Running) -> None:
    """Which of them is wrong, and whether the job is one of this run, is for the checks to say."""
    for body in (callback("job-1", "failed", image=None), callback(), callback("of-another-run")):
        assert (post(receiver, body).status, receiver.delivery().problems) == (200, ())

    listed = get(receiver, "/callbacks/job-1").json
    assert [(e["status"], e["answered"], e["stored"]) for e in listed] == [
        ("failed", 200, True),
        ("completed", 200, True),
    ]
    assert receiver.images() == {"job-1.png", "of-another-run.png"}


def test_a_token_in_the_url_names_the_job_and_its_secret(receiver: Running) -> None:
    receiver.do(lambda: receiver.server.expect("tok-a", "secret-of-a"))
    receiver.do(lambda: receiver.server.expect("tok-b", "secret-of-b"))

    right = post(receiver, path="/callback/tok-a", secret="secret-of-a")
    other = post(receiver, path="/callback/tok-b", secret="secret-of-a")
    shared = post(receiver, path="/callback/tok-b")

    assert (right.status, other.status, shared.status) == (200, 401, 401)
    seen = [(d.token, d.secret, d.answered) for d in receiver.deliveries(3)]
    assert seen == [
        ("tok-a", "match", 200),
        ("tok-b", "foreign", 401),
        ("tok-b", "wrong", 401),
    ]


def test_a_wait_ends_with_the_delivery_it_waits_for(receiver: Running) -> None:
    async def both() -> tuple[str | None, str]:
        waiting = asyncio.ensure_future(receiver.server.wait_for("job-9", 10))
        await asyncio.to_thread(post, receiver, callback("job-8"))
        assert not waiting.done()
        await asyncio.to_thread(post, receiver, callback("job-9"), path="/callback/tok-9")
        found = await waiting
        again = await receiver.server.wait_for("tok-9", 0)
        return found.token, again.fields["job_id"]

    assert receiver.call(both) == ("tok-9", "job-9")


def test_a_wait_in_vain_names_what_it_waited_for(receiver: Running) -> None:
    post(receiver, secret="wrong", path="/callback/tok-1")

    with pytest.raises(TimeoutError, match=r"no callback for 'tok-1' within 0.05 s"):
        receiver.call(lambda: receiver.server.wait_for("tok-1", 0.05))


def test_many_callbacks_fit_on_one_connection(receiver: Running) -> None:
    with connect(receiver) as sock:
        for n in range(3):
            body = callback(f"job-{n}")
            sock.sendall(head(len(body)) + body)
            response = answer_of(sock)
            assert response is not None
            assert response.status == 200


def test_expect_100_continue_is_honoured(receiver: Running) -> None:
    body = callback()
    with connect(receiver) as sock:
        sock.sendall(head(len(body), "Expect: 100-continue"))
        assert sock.recv(100).startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
        sock.sendall(body)
        response = answer_of(sock)
    assert response is not None
    assert response.status == 200


def test_requests_and_aiohttp_deliver_a_picture_of_megabytes(receiver: Running) -> None:
    picture = PNG * 2000
    fields = {"job_id": "by-requests", "status": "completed"}
    headers = {"X-Callback-Secret": SECRET}
    url = receiver.server.url + "/callback"

    sent = requests.post(
        url, fields, headers=headers, files={"image": ("r.png", picture, "image/png")}, timeout=10
    )

    async def by_aiohttp() -> int:
        data = aiohttp.FormData({**fields, "job_id": "by-aiohttp"})
        data.add_field("image", io.BytesIO(picture), filename="r.png", content_type="image/png")
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, data=data, headers=headers) as response,
        ):
            return response.status

    assert (sent.status_code, asyncio.run(by_aiohttp())) == (200, 200)
    for name in ("by-requests", "by-aiohttp"):
        assert (receiver.folder / f"images/{name}.png").read_bytes() == picture
    assert [d.problems for d in receiver.deliveries(2)] == [(), ()]


@pytest.mark.parametrize("encoded", ["base64", "quoted-printable", "binary"])
def test_a_part_in_a_transfer_encoding_is_decoded(receiver: Running, encoded: str) -> None:
    code = {"base64": base64.encodebytes, "quoted-printable": quopri.encodestring}
    header = f"Content-Transfer-Encoding: {encoded}"
    value = code.get(encoded, bytes)(PNG)

    post(receiver, form(part("job_id", b"j"), part("image", value, header, filename="a.png")))

    kept = (receiver.folder / "images/j.png").read_bytes()
    assert kept == (PNG if encoded != "quoted-printable" else quopri.decodestring(value))


def test_strict_refuses_what_the_protocol_does_not_say(tmp_path: Path) -> None:
    with running(tmp_path / "kept", strict=True) as strict:
        wrong = post(strict, form(part("status", b"completed")))
        right = post(strict, content_type=MULTIPART)
        assert (wrong.status, wrong.text, right.status) == (422, "job_id is missing", 200)
        assert strict.delivery().stored


def test_fsync_changes_nothing_that_a_miner_sees(tmp_path: Path) -> None:
    with running(tmp_path / "kept", fsync=True) as careful:
        assert post(careful).status == 200
        assert careful.images() == {"job-1.png"}


def test_what_an_earlier_server_kept_is_listed_again(tmp_path: Path) -> None:
    with running(tmp_path / "kept") as first:
        post(first)
        post(first, callback("job-2"))
        before = get(first, "/callbacks").json

    with running(tmp_path / "kept") as second:
        assert get(second, "/callbacks").json == before
        post(second)
        assert [e["number"] for e in get(second, "/callbacks").json] == [1, 2, 3]
        assert second.images() == {"job-1.png", "job-1.2.png", "job-2.png"}
        assert [d.number for d in second.deliveries(1)] == [3]
