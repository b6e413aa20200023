"""A correct miner keeps every promise of the protocol, over real sockets."""

from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from tests.integration.reference.conftest import Receiver, RunningMiner, StartMiner, until


def test_a_job_completes_and_its_callback_carries_the_result(
    miner: RunningMiner, receiver: Receiver
) -> None:
    """The callback has all fields, the secret and the very bytes of the result."""
    job_id = miner.submit(callback_url=receiver.url, callback_secret="s3cret")

    status = miner.ended(job_id)
    (callback,) = receiver.wait_for(1)
    result = miner.get(status["result_url"])

    assert status["status"] == "completed"
    assert status["callback"]["status"] == "delivered"
    assert status["callback"]["response_preview"] == "OK"
    assert callback.headers["X-Callback-Secret"] == "s3cret"
    fields = callback.fields()
    assert fields["job_id"].decode() == job_id
    assert fields["status"] == b"completed"
    assert fields["completed_at"].decode() == status["completed_at"]
    assert fields["image"] == result.content == miner.get(f"/images/{job_id}.png").content
    assert "s3cret" not in miner.get(f"/inference/status/{job_id}").text + miner.log.read_text()


def test_the_answer_to_a_submission_names_working_urls(miner: RunningMiner) -> None:
    """accepted, job_id, status, message, status_url and result_url are there at once."""
    answer = miner.post("/inference", {"prompt": "x", "width": 64, "height": 64})

    body = answer.json()
    assert answer.status_code == 202
    assert body["accepted"] is True
    assert body["status"] == "queued"
    assert body["message"]
    miner.ended(body["job_id"])
    assert miner.get(body["status_url"]).json()["status"] == "completed"
    assert miner.get(body["result_url"]).headers["Content-Type"] == "image/png"


def test_defaults_are_those_of_the_protocol(miner: RunningMiner) -> None:
    """1024 x 1024, 28 steps, guidance 7.0; the PNG of it has 1 to 8 MB."""
    job_id = miner.post("/inference", {"prompt": "a lake"}).json()["job_id"]

    request = miner.ended(job_id)["request"]
    data = miner.get(f"/inference/result/{job_id}").content

    assert (request["num_inference_steps"], request["guidance_scale"]) == (28, 7.0)
    assert Image.open(BytesIO(data)).size == (1024, 1024)
    assert 1e6 < len(data) < 8e6


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"prompt": ""}, "prompt"),
        ({"prompt": " \n"}, "prompt"),
        ({"prompt": 5}, "prompt"),
        ({"prompt": "x" * 32_769}, "prompt"),
        ({"width": 63}, "width"),
        ({"height": 2049}, "height"),
        ({"width": "64"}, "width"),
        ({"num_inference_steps": 0}, "num_inference_steps"),
        ({"num_inference_steps": 101}, "num_inference_steps"),
        ({"guidance_scale": 0.5}, "guidance_scale"),
        ({"guidance_scale": 21}, "guidance_scale"),
        ({"seed": "1"}, "seed"),
        ({"seed": 1.5}, "seed"),
        ({"seed": True}, "seed"),
        ({"expiry": "tomorrow"}, "expiry"),
        ({"expiry": 1700000000}, "expiry"),
        ({"callback_url": "ftp://host/x"}, "callback_url"),
        ({"callback_url": "http://"}, "callback_url"),
        ({"callback_url": "http://host:99999/"}, "callback_url"),
        ({"callback_secret": "a\r\nX-Evil: 1"}, "callback_secret"),
        ({"job_id": "../x"}, "job_id"),
        ({"job_id": ""}, "job_id"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_bad_field_is_refused_by_name_and_leaves_no_job(
    miner: RunningMiner, wrong: dict[str, Any], field: str
) -> None:
    """422 with the place of the error; the list of jobs does not grow."""
    before = len(miner.get("/jobs").json()["jobs"])

    answer = miner.post("/inference", {"prompt": "x"} | wrong)

    assert answer.status_code == 422
    assert ["body", field] in [problem["loc"] for problem in answer.json()["detail"]]
    assert len(miner.get("/jobs").json()["jobs"]) == before


def test_a_body_that_is_not_json_is_a_bad_request(miner: RunningMiner) -> None:
    """400 for no JSON, 422 for JSON that is no object."""
    import requests  # noqa: PLC0415

    assert requests.post(f"{miner.url}/inference", data=b"{", timeout=9).status_code == 400
    assert requests.post(f"{miner.url}/inference", data=b"[" * 99999, timeout=9).status_code == 400
    assert miner.post("/inference", ["x"]).status_code == 422


def test_unknown_ids_and_pictures_that_are_not_there_yet_are_404(miner: RunningMiner) -> None:
    """For the status, the result and the picture alike."""
    for path in (
        "/inference/status/no",
        "/inference/result/no",
        "/images/no.png",
        "/edit/status/no",
    ):
        assert miner.get(path).status_code == 404


def test_a_chosen_job_id_is_taken_once_and_free_again_after_the_end(
    start_miner: StartMiner,
) -> None:
    """409 while the job is under way; afterwards the id delivers the new job's picture."""
    miner = start_miner("--job-seconds", "0.5")
    assert miner.submit(job_id="mine", prompt="a lake") == "mine"

    again = miner.post("/inference", {"job_id": "mine", "prompt": "x"})
    assert again.status_code == 409
    assert miner.get("/inference/result/mine").status_code == 404
    miner.ended("mine")
    first = miner.get("/inference/result/mine").content

    miner.submit(job_id="mine", prompt="a flower")
    assert miner.status("mine")["status"] in ("queued", "processing")
    assert miner.get("/inference/result/mine").status_code == 404
    miner.ended("mine")
    assert miner.get("/inference/result/mine").content != first


def test_the_same_request_gives_the_same_bytes_in_every_process(start_miner: StartMiner) -> None:
    """Two miners agree to the byte; seed 0 is a seed, and another seed is another picture."""
    one, two = start_miner(), start_miner("--workers", "1")
    for body in ({"seed": 0}, {"seed": 7, "lora_path": "loras/ink.safetensors"}):
        jobs = [(one, one.submit(**body)), (one, one.submit(**body)), (two, two.submit(**body))]
        for miner, job_id in jobs:
            miner.ended(job_id)
        results = [miner.get(f"/inference/result/{job_id}").content for miner, job_id in jobs]
        assert len(set(results)) == 1
    other = one.submit(seed=1)
    one.ended(other)
    assert one.get(f"/inference/result/{other}").content not in results


def test_progress_rises_to_100(start_miner: StartMiner) -> None:
    """No step goes back."""
    miner = start_miner("--job-seconds", "1")
    job_id = miner.submit(num_inference_steps=10)
    seen: list[float] = []

    def ended() -> bool:
        status = miner.status(job_id)
        seen.append(status.get("progress", 0.0))
        return bool(status["status"] == "completed")

    until(ended, "the job's end")
    assert seen == sorted(seen)
    assert seen[-1] == 100.0


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((201, {}, b"x" * 9000), {"status": "delivered", "status_code": 201}),
        ((302, {"Location": "/elsewhere"}, b""), {"status": "failed", "status_code": 302}),
        ((404, {}, b"no"), {"status": "failed", "status_code": 404}),
        ((500, {}, b"oh"), {"status": "failed", "status_code": 500}),
    ],
    ids=lambda value: str(value)[:12],
)
def test_the_callback_section_tells_what_the_receiver_answered(
    miner: RunningMiner, receiver: Receiver, answer: Any, expected: dict[str, Any]
) -> None:
    """One attempt whatever the answer, no redirect followed, at most 500 characters shown."""
    receiver.answers = [answer]

    section = miner.ended(miner.submit(callback_url=receiver.url))["callback"]

    assert expected.items() <= section.items()
    assert section["payload_status"] == "completed"
    assert section["response_preview"] == answer[2].decode()[:500]
    assert [request.path for request in receiver.requests] == ["/callback"]


def test_a_receiver_that_is_not_there_fails_the_delivery_and_not_the_job(
    miner: RunningMiner,
) -> None:
    """The section has an error and no status code."""
    status = miner.ended(miner.submit(callback_url="http://127.0.0.1:9/callback"))

    assert status["status"] == "completed"
    assert status["callback"]["status"] == "failed"
    assert status["callback"]["error"]
    assert "status_code" not in status["callback"]


def test_expiry_and_missing_url_send_nothing(miner: RunningMiner, receiver: Receiver) -> None:
    """`expired` after the expiry, with any offset; `skipped` without callback_url."""
    west = (datetime.now(UTC) - timedelta(hours=1)).astimezone().isoformat()
    for expiry in ("2024-01-01T12:34:56Z", "2024-01-01T12:34:56", west):
        status = miner.ended(miner.submit(callback_url=receiver.url, expiry=expiry))
        assert (status["status"], status["callback"]["status"]) == ("completed", "expired")
    assert miner.ended(miner.submit())["callback"] == {"status": "skipped"}
    assert receiver.requests == []


def test_a_slow_receiver_delays_only_its_own_callback(
    start_miner: StartMiner, receiver: Receiver
) -> None:
    """Jobs behind it run and deliver; its own delivery fails after the timeout."""
    import socket  # noqa: PLC0415

    miner = start_miner("--callback-timeout", "3")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        slow = [miner.submit(callback_url=url) for _ in range(4)]
        quick = [miner.submit(callback_url=receiver.url) for _ in range(4)]
        for job_id in quick:
            assert miner.ended(job_id)["callback"]["status"] == "delivered"
        assert all("callback" not in miner.status(job_id) for job_id in slow)
        assert "within 3 s" in miner.ended(slow[0])["callback"]["error"]


def test_an_unknown_lora_fails_its_job_and_no_other(
    miner: RunningMiner, receiver: Receiver
) -> None:
    """The callback tells the failure; the process goes on with the next job."""
    bad = miner.submit(lora_path="loras/none.safetensors", callback_url=receiver.url)
    good = [miner.submit() for _ in range(3)]

    status = miner.ended(bad)
    (callback,) = receiver.wait_for(1)

    assert status["status"] == "failed"
    assert "loras/none.safetensors" in status["error"]
    assert status["callback"]["payload_status"] == "failed"
    assert callback.fields()["error"].decode() == status["error"]
    assert "image" not in callback.fields()
    assert {miner.ended(job_id)["status"] for job_id in good} == {"completed"}


def test_a_job_beyond_the_inference_timeout_ends_as_timeout(
    start_miner: StartMiner, receiver: Receiver
) -> None:
    """Its callback describes a failure, and its process is replaced."""
    miner = start_miner("--workers", "1", "--inference-timeout", "0.5", "--job-seconds", "30")
    status = miner.ended(miner.submit(callback_url=receiver.url))

    assert status["status"] == "timeout"
    assert "0.5 s" in status["error"]
    assert status["callback"]["payload_status"] == "failed"
    until(lambda: "Process 0 replaced successfully" in miner.log.read_text(), "the replacement")


def test_editing_speaks_the_same_protocol(miner: RunningMiner) -> None:
    """A seed, a prompt and one picture in, another picture out; anything else is refused."""
    from base64 import b64encode  # noqa: PLC0415

    made = miner.submit()
    miner.ended(made)
    source = miner.get(f"/inference/result/{made}").content
    for given in (
        {"image_b64": b64encode(source).decode()},
        {"image_url": miner.status(made)["image_url"]},
    ):
        body = {"prompt": "a lake", "seed": 1, "width": 64, "height": 64} | given
        answer = miner.post("/edit", body).json()
        until(lambda: miner.get(answer["result_url"]).ok, "the edit")  # noqa: B023 - used at once
        assert miner.get(answer["result_url"]).content not in (b"", source)
    assert miner.post("/edit", {"prompt": "x", "seed": 1}).status_code == 422
    assert miner.post("/edit", {"prompt": "x", "image_b64": "aaaa"}).status_code == 422


def test_training_runs_beside_inference(miner: RunningMiner) -> None:
    """202, a status of its own, and a picture that is required."""
    answer = miner.post("/train", {"job_id": "t1", "prompt": "x", "image_b64": "aGk="})

    assert answer.status_code == 202
    assert miner.get("/train/status/t1").json()["status"] == "processing"
    assert miner.ended(miner.submit())["status"] == "completed"
    assert miner.post("/train", {"prompt": "x", "image_b64": "?"}).status_code == 422


def test_records_are_kept_for_the_retention_time_only(start_miner: StartMiner) -> None:
    """Then the id is unknown and the file is gone."""
    miner = start_miner("--retention", "0.5")
    job_id = miner.submit()
    miner.ended(job_id)
    until(lambda: miner.get(f"/inference/status/{job_id}").status_code == 404, "the record to go")
    assert miner.get(f"/images/{job_id}.png").status_code == 404
