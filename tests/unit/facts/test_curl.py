"""The command that repeats a submission, as a shell reads it."""

import json
import subprocess

import msgspec

from asyncproof.facts.curl import submission
from asyncproof.history.build import build
from asyncproof.history.events import RunStarted, Spoken, Submitted
from tests.support.histories import good_job, scenario

START = RunStarted(
    at=0.0,
    run="r",
    seed=1,
    wall=0.0,
    target="http://miner:8091/",
    settings={"ASYNC_ENDPOINT": "edit"},
)


def words(command: str) -> list[str]:
    """What a shell makes of the command, with a secret in its variable."""
    script = f"curl() {{ printf '%s\\0' \"$@\"; }}\n{command}"
    ran = subprocess.run(
        ["sh", "-c", script],
        env={"CALLBACK_SECRET": "s3  cret"},
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout.split("\0")[:-1]


def test_the_body_is_what_was_sent_and_the_secret_comes_from_its_variable() -> None:
    prompt = 'a fox\'s "den" $HOME `ls` 🦊'
    job = good_job(prompt=prompt, callback_url="http://me/callback/x")
    history = build([START, *scenario(job)])

    given = words(submission(history, history.jobs["job_001"]))

    body = json.loads(given[-1])
    assert given[:2] == ["-sS", "http://miner:8091/edit"]
    assert body["prompt"] == prompt
    assert body["callback_secret"] == "s3  cret"


def test_a_job_without_a_callback_needs_no_secret() -> None:
    history = build([START, *scenario(good_job())])
    assert "SECRET" not in submission(history, history.jobs["job_001"])


def test_a_strange_endpoint_of_an_old_history_is_told_as_the_documents_are() -> None:
    strange = msgspec.structs.replace(START, settings={"ASYNC_ENDPOINT": "../video"})
    history = build([strange, *scenario(good_job())])
    assert "http://miner:8091/inference" in submission(history, history.jobs["job_001"])


def test_a_history_without_its_start_names_a_variable() -> None:
    history = build(scenario(good_job()))
    command = submission(history, history.jobs["job_001"])
    assert '"$ASYNC_MINER_URL/inference"' in command


def test_another_dialect_is_repeated_as_it_was_sent() -> None:
    """Its method, its path and its body, with the secret where the template has it."""
    spoken = Spoken(name="queue", submit="PUT /jobs")
    start = msgspec.structs.replace(START, dialect=spoken)
    submitted, *rest = good_job()
    sent = {"text": "it's", "hook": {"key": "[secret]"}}
    assert isinstance(submitted, Submitted)
    history = build([start, *scenario([msgspec.structs.replace(submitted, sent=sent), *rest])])

    given = words(submission(history, history.jobs["job_001"]))

    assert given[:4] == ["-sS", "-X", "PUT", "http://miner:8091/jobs"]
    assert json.loads(given[-1]) == {"text": "it's", "hook": {"key": "s3  cret"}}


def test_the_headers_of_a_profile_are_repeated_and_its_keys_are_variables() -> None:
    headers = {"Prefer": "respond-async", "X-Api-Key": ""}
    spoken = Spoken(name="x", submit="POST /jobs", headers=headers)
    history = build([msgspec.structs.replace(START, dialect=spoken), *scenario(good_job())])
    command = submission(history, history.jobs["job_001"])
    assert "-H 'Prefer: respond-async' -H \"X-Api-Key: $X_API_KEY\"" in command
