"""Whatever arrives: the right refusal, nothing on disk that should not be there, life goes on."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hostile_inputs import (
    BODY,
    CHUNKED,
    ENCODINGS,
    FORMS,
    FRAMING,
    HARMLESS,
    JOB,
    LOUD_REQUESTS,
    METHODS,
    NESTED,
    NOT_FOR_READING,
    OTHER_PATHS,
    SECRETS,
    image,
)
from tests.support.receiver_support import (
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
    send,
)


@pytest.fixture
def fire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with one picture. Afterwards it must be well, and hold nothing but callbacks."""
    with running(tmp_path_factory.mktemp("fire") / "kept") as run:
        assert post(run, callback("before")).status == 200
        run.delivery()
        run.events.clear()
        before = run.images()
        yield run
        assert post(run, callback("after", image=None)).status == 200
        run.wait_for_delivery(lambda d: d.fields.get("job_id") == "after")
        assert {p.split("/")[1] for p in run.files() if p.startswith("kept/")} <= {
            "images",
            "journal.ndjson",
        }
        assert all(p.startswith("kept/") for p in run.files())
        assert before
        assert before <= run.images()


@pytest.mark.parametrize("case", SECRETS)
def test_without_the_right_secret_nobody_gets_in(fire: Running, case: str) -> None:
    response = send(fire, SECRETS[case] + BODY)

    assert response is not None
    assert response.status == 401
    delivered = fire.delivery()
    assert (delivered.answered, delivered.fields, delivered.image) == (401, {}, None)
    assert delivered.secret == (
        "missing" if "X-Callback" not in SECRETS[case].decode("latin-1") else "wrong"
    )
    assert SECRET not in repr(delivered)
    assert "job-1.png" not in fire.images()


def test_whitespace_around_the_secret_is_not_part_of_it(tmp_path: Path) -> None:
    """RFC 9110, 5.5: a field's value does not include the whitespace around it."""
    with running(tmp_path / "kept") as run:
        assert post(run, secret=f" {SECRET} ").status == 200


def test_a_hundred_megabytes_with_a_wrong_secret_are_not_read(fire: Running) -> None:
    with connect(fire) as sock:
        sock.sendall(head(100 * 1024 * 1024, secret="nonsense"))
        response = answer_of(sock)
        assert response is not None
        assert (response.status, response.headers["connection"]) == (401, "close")
        sent = 0
        with pytest.raises(ConnectionError):
            while sent < 100 * 1024 * 1024:
                sent += sock.send(bytes(64 * 1024))
    assert sent < 16 * 1024 * 1024  # what the system's buffers hold


def test_a_refusal_reaches_a_client_that_is_still_sending_a_picture(fire: Running) -> None:
    """A miner with a wrong secret must read 401, not a broken connection."""
    body = callback(image=PNG * 2000)

    assert post(fire, body, secret="nonsense").status == 401


@pytest.mark.parametrize("case", FRAMING)
def test_broken_framing_is_a_bad_request(fire: Running, case: str) -> None:
    before = fire.images()

    response = send(fire, FRAMING[case])

    assert response is not None
    assert response.status in (400, 413, 414, 431), response
    assert SECRET not in response.text
    delivered = fire.delivery()
    assert (delivered.answered, delivered.stored) == (response.status, False)
    assert delivered.broken
    assert fire.images() == before


@pytest.mark.parametrize("method", METHODS)
def test_a_callback_is_a_post(fire: Running, method: str) -> None:
    response = send(fire, head(0, method=method))

    assert response is not None
    assert response.status in ((405,) if method != "BREW" else (400, 405))


@pytest.mark.parametrize("path", OTHER_PATHS)
def test_other_paths_take_no_callback(fire: Running, path: str) -> None:
    assert post(fire, path=path).status == 404
    assert (fire.delivery().path, fire.delivery().answered) == (path, 404)


@pytest.mark.parametrize("path", NOT_FOR_READING)
def test_nothing_but_pictures_and_pages_can_be_read(fire: Running, path: str) -> None:
    assert get(fire, path).status == 404


@pytest.mark.parametrize("case", FORMS)
def test_what_is_no_form_is_refused_and_leaves_nothing(fire: Running, case: str) -> None:
    body, how = FORMS[case]
    before = fire.images()

    response = post(fire, body, **how)

    assert response.status in (400, 413, 415), response
    delivered = fire.delivery()
    assert (delivered.secret, delivered.answered) == ("match", response.status)
    assert delivered.broken == response.text
    assert not delivered.stored
    assert fire.images() == before


def test_a_form_in_a_form_is_a_text_like_any_other(fire: Running) -> None:
    nested = part("more", NESTED, "Content-Type: multipart/mixed; boundary=inner")

    assert post(fire, form(JOB, nested)).status == 200
    assert set(fire.delivery().fields) == {"job_id", "more"}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_compressed_body_is_not_unpacked(fire: Running, encoding: str) -> None:
    bomb = gzip.compress(bytes(100 * 1024 * 1024), 1) if encoding == "gzip" else BODY

    assert post(fire, bomb, f"Content-Encoding: {encoding}").status == 415


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_cap_is_refused(fire: Running, chunked: bool) -> None:
    size = 33 * 1024 * 1024
    start = form(JOB)[:-9] + b"\r\n--xyz\r\n" + image(b"")
    before = fire.images()
    with connect(fire) as sock:
        sock.sendall(head(None if chunked else size, *([CHUNKED] if chunked else [])))
        try:
            for data in (start, *([bytes(1024 * 1024)] * 33)):
                sock.sendall(b"%x\r\n%s\r\n" % (len(data), data) if chunked else data)
        except ConnectionError:
            pass  # it need not read all of it
        response = answer_of(sock)
    assert response is None or response.status == 413
    assert fire.delivery().answered == 413
    assert fire.images() == before


@pytest.mark.parametrize("case", LOUD_REQUESTS)
def test_nothing_that_arrives_reaches_the_log(
    fire: Running, caplog: pytest.LogCaptureFixture, case: str
) -> None:
    send(fire, LOUD_REQUESTS[case])
    fire.delivery()

    assert [record.getMessage() for record in caplog.records] == []


@pytest.mark.parametrize("case", HARMLESS)
def test_what_is_odd_but_legal_is_taken(fire: Running, case: str) -> None:
    response = send(fire, HARMLESS[case])

    assert response is not None
    assert (response.status, response.text) == (200, "OK")
    assert fire.delivery().problems == ()
