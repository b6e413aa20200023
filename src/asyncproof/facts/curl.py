"""The request of a job as a command that a person can paste into a shell."""

import json
import re
import shlex
from collections.abc import Iterator
from typing import Any

from asyncproof.harness.verdict import Finding
from asyncproof.history.events import RunStarted, Submitted
from asyncproof.history.history import History, JobRecord
from asyncproof.vocabulary import REDACTED
from asyncproof.wire.dialect import dialect, documented
from asyncproof.wire.profile import shipped_names

SECRET = "$CALLBACK_SECRET"


def behind(history: History, finding: Finding) -> str:
    """The request of the job that a finding is about; empty where it is about none."""
    job = history.jobs.get(finding.job)
    return submission(history, job) if job else ""


def submission(history: History, job: JobRecord) -> str:
    """``curl`` as the job was submitted; secrets, which no history has, are variables.

    A history without its start names no miner, and then the command names a variable.
    """
    method, path = _asked(history.started)
    target = history.started.target if history.started else "$ASYNC_MINER_URL"
    url = f"{target.rstrip('/')}{path}"
    where = shlex.quote(url) if history.started else f'"{url}"'
    verb = "" if method == "POST" else f"-X {method} "
    body = json.dumps(_sent(job.submitted), ensure_ascii=False)
    data = f'"{SECRET}"'.join(map(shlex.quote, body.split(REDACTED.decode())))
    headers = "".join(f" -H {header}" for header in _headers(history.started))
    return f"curl -sS {verb}{where}{headers} -H 'Content-Type: application/json' -d {data}"


def _headers(started: RunStarted | None) -> Iterator[str]:
    """Those of the profile; a key, which no history has, is a variable."""
    dialect = started.dialect if started else None
    for name, text in (dialect.headers if dialect else {}).items():
        variable = re.sub(r"\W", "_", name).upper()
        yield shlex.quote(f"{name}: {text}") if text else f'"{name}: ${variable}"'


def _asked(started: RunStarted | None) -> tuple[str, str]:
    """Method and path of a submission; in histories of before there were dialects, those of the
    profile that had the name of the endpoint."""
    spoken = started.dialect if started else None
    if spoken is None:
        endpoint = started.settings.get("ASYNC_ENDPOINT", "") if started else ""
        spoken = (dialect(endpoint) if endpoint in shipped_names() else documented()).spoken
    method, _, path = spoken.submit.partition(" ")
    return method, path


def _sent(submitted: Submitted) -> dict[str, Any]:
    """The body, with a mark in the place of the secret."""
    if submitted.sent is not None:
        return submitted.sent
    secret = {"callback_secret": REDACTED.decode()}
    has_one = submitted.expects_callback and "callback_url" in submitted.request
    return submitted.request | (secret if has_one else {})
