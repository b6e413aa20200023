"""A real client sees each hostile act, and the record tells it from a miner's fault."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from asyncproof.history.events import NemesisActed
from asyncproof.nemesis import (
    ALL,
    AnswersError,
    ConnectionRefused,
    DownAndUp,
    EndlessAnswer,
    LongAnswer,
    Nemesis,
    NoAnswer,
    Quiet,
    Redirects,
    RedirectsInTurn,
    Resets,
    SlowAnswer,
    SlowCallbacks,
    To,
    When,
)
from tests.support.receiver_support import (
    DEADLINE,
    PNG,
    SECRET,
    Running,
    callback,
    get,
    post,
    running,
)

HEADERS = {"X-Callback-Secret": SECRET}
PICTURE = PNG * 200


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "kept") as run:
        yield run


def meet(run: Running, nemesis: Nemesis) -> None:
    run.do(lambda: run.server.use(nemesis))


def deliver(
    run: Running,
    *,
    picture: bytes = PICTURE,
    timeout: float = DEADLINE,
    follow: bool = True,
    read: bool = True,
) -> requests.Response:
    """What the HTTP client of most miners does."""
    return requests.post(
        run.server.url + "/callback/tok-1",
        {"job_id": "job-1", "status": "completed"},
        files={"image": ("r.png", picture, "image/png")},
        headers=HEADERS,
        timeout=timeout,
        allow_redirects=follow,
        stream=not read,
    )


def acts(run: Running) -> list[NemesisActed]:
    return [e for e in run.events if isinstance(e, NemesisActed)]


def test_quiet_does_nothing(receiver: Running) -> None:
    meet(receiver, Quiet())

    assert deliver(receiver).status_code == 200
    assert receiver.delivery().nemesis == ""
    assert acts(receiver) == []


@pytest.mark.parametrize("status", [500, 503, 404, 410])
def test_an_error_is_answered_though_the_callback_is_kept(receiver: Running, status: int) -> None:
    meet(receiver, AnswersError(status, retry_after=7))

    answer = deliver(receiver)

    assert (answer.status_code, answer.headers["Retry-After"]) == (status, "7")
    delivered = receiver.delivery()
    assert (delivered.answered, delivered.answer) == (status, answer.text)
    assert delivered.stored
    assert delivered.nemesis == f"AnswersError(status={status}, retry_after=7)"
    assert [(a.act, a.token) for a in acts(receiver)] == [(f"answered {status}", "tok-1")]


def test_an_error_can_be_for_the_first_attempts_only(receiver: Running) -> None:
    meet(receiver, AnswersError(500, first=2))

    assert [deliver(receiver).status_code for _ in range(3)] == [500, 500, 200]
    assert [d.nemesis != "" for d in receiver.deliveries(3)] == [True, True, False]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_on_the_same_host_can_be_followed(receiver: Running, status: int) -> None:
    meet(receiver, Redirects(status))

    answer = deliver(receiver)

    keeps_method = status in (307, 308)
    assert answer.history[0].status_code == status
    assert answer.status_code == (200 if keeps_method else 405)
    first, second = receiver.deliveries(2)
    assert (first.answered, second.answered) == (status, answer.status_code)
    assert (second.method, second.nemesis) == ("POST" if keeps_method else "GET", "")


def test_each_url_gets_a_redirect_of_its_own_and_keeps_it(receiver: Running) -> None:
    meet(receiver, RedirectsInTurn())
    codes = list[int]()
    for number in (1, 2, 1, 3, 4, 5, 6):
        receiver.server.expect(f"tok-{number}", SECRET)
        answer = requests.post(
            f"{receiver.server.url}/callback/tok-{number}",
            {"job_id": f"job-{number}", "status": "completed"},
            files={"image": ("r.png", b"x", "image/png")},
            headers=HEADERS,
            timeout=DEADLINE,
            allow_redirects=False,
        )
        codes.append(answer.status_code)
    assert codes == [301, 302, 301, 303, 307, 308, 301]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_secret_carried_to_another_host_is_recorded(receiver: Running, status: int) -> None:
    meet(receiver, Redirects(status, To.OTHER_HOST))

    there = deliver(receiver, follow=False).headers["Location"]
    assert there.startswith("http://localhost:")
    follower = "POST" if status in (307, 308) else "GET"
    requests.request(follower, there, headers=HEADERS, timeout=DEADLINE)
    requests.request(follower, there, timeout=DEADLINE)

    redirected, leaked, safe = receiver.wait_for_events(NemesisActed, 3)
    assert isinstance(leaked, NemesisActed)
    assert isinstance(safe, NemesisActed)
    assert [e.leaked for e in (redirected, leaked, safe)] == [False, True, False]  # type: ignore[union-attr]
    assert leaked.act == f"{follower} came to another host, with the secret"
    assert leaked.token == "tok-1"


def test_a_refused_connection_is_refused_until_the_next_nemesis(receiver: Running) -> None:
    meet(receiver, ConnectionRefused())
    with pytest.raises(requests.ConnectionError, match="refused"):
        deliver(receiver)

    meet(receiver, ConnectionRefused())
    receiver.wait_for_events(NemesisActed, 3)
    with pytest.raises(requests.ConnectionError, match="refused"):
        deliver(receiver)

    meet(receiver, Quiet())
    assert deliver(receiver).status_code == 200
    assert [a.act for a in acts(receiver)] == [
        "refuses connections",
        "accepts connections again",
    ] * 2


def test_a_server_can_start_refusing(tmp_path: Path) -> None:
    with running(tmp_path / "kept", nemesis=ConnectionRefused()) as run:
        run.wait_for_events(NemesisActed, 1)
        with pytest.raises(requests.ConnectionError, match="refused"):
            deliver(run)


@pytest.mark.parametrize("when", list(When))
def test_a_reset_is_a_reset(receiver: Running, when: When) -> None:
    meet(receiver, Resets(when))

    with pytest.raises(requests.ConnectionError, match=r"reset|Broken pipe|aborted"):
        deliver(receiver)

    delivered = receiver.delivery()
    assert (delivered.answered, delivered.nemesis) == (None, f"Resets(when={when})")
    assert delivered.broken.startswith("reset by us")
    assert delivered.stored is (when is When.AFTER)
    assert (len(receiver.images()) == 1) is (when is When.AFTER)


def test_a_slow_receiver_takes_as_long_as_it_says(receiver: Running) -> None:
    picture = PNG * 60
    meet(receiver, SlowCallbacks(kib_per_s=256))
    began = time.monotonic()

    assert deliver(receiver, picture=picture).status_code == 200

    assert time.monotonic() - began >= len(picture) / (256 * 1024) * 0.9
    delivered = receiver.delivery()
    assert (delivered.nemesis, delivered.problems) == ("SlowCallbacks(kib_per_s=256)", ())
    assert (receiver.folder / "images/job-1.png").read_bytes() == picture


def test_a_slow_receiver_does_not_delay_others(receiver: Running) -> None:
    meet(receiver, SlowCallbacks(kib_per_s=1))
    with socket.create_connection(receiver.address, timeout=DEADLINE) as slow:
        slow.sendall(b"POST /callback HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n")
        slow.sendall(f"X-Callback-Secret: {SECRET}\r\nContent-Type: ".encode())
        slow.sendall(b"multipart/form-data; boundary=xyz\r\n\r\n" + callback()[:2000])
        receiver.wait_for_events(NemesisActed, 1)

        meet(receiver, Quiet())

        assert post(receiver, callback("job-2")).status == 200


def test_a_slow_answer_outlasts_the_client(receiver: Running) -> None:
    meet(receiver, SlowAnswer(seconds=DEADLINE))

    with pytest.raises(requests.ReadTimeout):
        deliver(receiver, timeout=0.3)

    delivered = receiver.delivery()
    assert (delivered.answered, delivered.stored) == (None, True)
    assert delivered.broken == "the miner closed the connection before it was answered"


def test_a_slow_answer_comes_to_who_waits(receiver: Running) -> None:
    meet(receiver, SlowAnswer(seconds=0.2))

    assert deliver(receiver).status_code == 200
    assert receiver.delivery().answered == 200


def test_no_answer_is_no_answer(receiver: Running) -> None:
    meet(receiver, NoAnswer(seconds=0.2))

    with pytest.raises(requests.ConnectionError, match=r"aborted|reset|closed"):
        deliver(receiver)

    assert receiver.delivery().broken == "we left it unanswered for 0.2 s"


def test_an_endless_answer_goes_on_until_the_client_has_enough(receiver: Running) -> None:
    meet(receiver, EndlessAnswer(bytes_per_second=100_000))

    with requests.post(
        receiver.server.url + "/callback",
        {"job_id": "j"},
        files={"image": PNG},
        headers=HEADERS,
        stream=True,
        timeout=DEADLINE,
    ) as answer:
        assert answer.status_code == 200
        pieces = answer.iter_content(1000)
        assert sum(len(next(pieces)) for _ in range(20)) == 20_000

    delivered = receiver.delivery()
    assert (delivered.answered, delivered.stored) == (200, True)
    assert delivered.broken == "the miner closed the connection before it was answered"


@pytest.mark.parametrize("nemesis", [AnswersError(500), EndlessAnswer(seconds=0.1)])
def test_what_is_wrong_with_a_form_is_kept_whatever_is_answered(
    receiver: Running, nemesis: Nemesis
) -> None:
    meet(receiver, nemesis)

    with requests.post(
        receiver.server.url + "/callback",
        json={"job_id": "j"},
        headers=HEADERS,
        stream=True,
        timeout=DEADLINE,
    ) as answer:
        assert answer.status_code in {200, 500}

    (fault,) = receiver.delivery().form_problems
    assert fault.startswith("Content-Type must be multipart/form-data")


def test_a_long_answer_is_long_and_excuses_nothing(receiver: Running) -> None:
    meet(receiver, LongAnswer(characters=3000))

    answer = deliver(receiver)

    assert (answer.status_code, len(answer.text)) == (200, 3000)
    delivered = receiver.delivery()
    assert (delivered.answer, delivered.nemesis) == (answer.text[:500], "")


def test_down_and_up_again(receiver: Running) -> None:
    meet(receiver, DownAndUp(seconds=0.3))
    with pytest.raises(requests.ConnectionError, match=r"reset|aborted|Broken"):
        deliver(receiver)
    with pytest.raises(requests.ConnectionError, match="refused"):
        deliver(receiver)

    receiver.wait_for_events(NemesisActed, 3)

    assert deliver(receiver).status_code == 200
    assert [a.act for a in acts(receiver)] == [
        "refuses connections",
        "reset the connection while it went down",
        "accepts connections again",
    ]


def test_the_next_nemesis_ends_the_waiting_of_the_last(receiver: Running) -> None:
    meet(receiver, SlowAnswer(seconds=3600))

    with ThreadPoolExecutor(1) as client:
        waiting = client.submit(deliver, receiver)
        receiver.wait_for_events(NemesisActed, 1)
        meet(receiver, Quiet())
        assert waiting.result(DEADLINE).status_code == 200


def test_the_dashboard_is_no_miner(receiver: Running) -> None:
    """A nemesis meets callbacks with the right secret, and nobody else."""
    meet(receiver, AnswersError(500))

    assert get(receiver, "/callbacks").status == 200
    assert post(receiver, secret="wrong").status == 401
    assert acts(receiver) == []


@pytest.mark.parametrize("nemesis", ALL, ids=str)
def test_every_nemesis_records_what_it_does_and_leaves_nothing_behind(
    tmp_path: Path, nemesis: Nemesis
) -> None:
    with running(tmp_path / "kept", nemesis=nemesis) as run:
        excuses_the_miner = not isinstance(nemesis, Quiet | LongAnswer)
        try:
            deliver(run, timeout=0.5, picture=PNG, read=False).close()
        except requests.RequestException:
            assert excuses_the_miner
        if excuses_the_miner:
            run.wait_for_events(NemesisActed, 1)
        meet(run, Quiet())
        assert post(run).status == 200
    left = {p.name for p in (tmp_path / "kept").rglob("*") if p.is_file()}
    assert left <= {"journal.ndjson", "job-1.png", "job-1.2.png", "job-1.3.png"}


def test_ids_are_readable_and_distinct() -> None:
    assert len({str(n) for n in ALL}) == len(ALL)
    assert str(SlowCallbacks(kib_per_s=16)) == "SlowCallbacks(kib_per_s=16)"
    assert str(SlowCallbacks()) == "SlowCallbacks"
    assert str(Redirects(307, To.OTHER_HOST)) == "Redirects(status=307, to=other host)"
