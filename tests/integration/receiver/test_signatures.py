"""Callbacks that are signed instead of carrying the secret in a header."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from asyncproof.cli.callback_server import callback_server
from asyncproof.receiver.limits import Limits
from asyncproof.receiver.signatures import (
    TOLERANCE,
    BodyCheck,
    HubSignature,
    SignatureScheme,
    StandardWebhooks,
    signature_scheme,
)
from tests.support.receiver_support import (
    SECRET,
    Response,
    Running,
    callback,
    form,
    part,
    post,
    running,
)

OLD = "an older secret"
NOW = 1_614_265_330
BODY = callback()

# From the documentation of Standard Webhooks, and from that of GitHub.
WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
WEBHOOK = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": str(NOW),
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
WEBHOOK_BODY = b'{"test": 2432232314}'
HUB_SECRET = "It's a Secret to Everybody"
HUB_DIGEST = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


def outcome(scheme: SignatureScheme, headers: dict[str, Any], body: bytes, now: float = NOW) -> str:
    """What becomes of a body in three pieces."""

    def get(name: str) -> list[str]:
        values = headers.get(name, [])
        return [values] if isinstance(values, str) else values

    check = scheme.check(get, now)
    if isinstance(check, str):
        return check
    for piece in (body[:1], body[1:7], body[7:]):
        check.update(piece)
    return "match" if check.matches() else "wrong"


def webhooks(*secrets: str) -> SignatureScheme:
    scheme = signature_scheme("standard-webhooks", secrets)
    assert scheme is not None
    return scheme


RIGHT = WEBHOOK["webhook-signature"]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "match"),
        ({"webhook-signature": f"v1a,xx v1, v2,{RIGHT[3:]} ,, v1,%% {RIGHT}"}, "match"),
        ({"webhook-signature": f" {RIGHT} "}, "match"),
        ({"webhook-id": []}, "missing"),
        ({"webhook-timestamp": []}, "missing"),
        ({"webhook-signature": []}, "missing"),
        ({"webhook-id": ""}, "wrong"),
        ({"webhook-id": "msg_other"}, "wrong"),
        ({"webhook-id": "msg_\udcff\udc00"}, "wrong"),
        ({"webhook-id": [WEBHOOK["webhook-id"]] * 2}, "wrong"),
        ({"webhook-signature": [RIGHT, RIGHT]}, "wrong"),
        ({"webhook-timestamp": str(NOW + 1)}, "wrong"),
        ({"webhook-timestamp": f"+{NOW}"}, "wrong"),
        ({"webhook-timestamp": f"{NOW}.0"}, "wrong"),
        ({"webhook-timestamp": "nan"}, "wrong"),
        ({"webhook-timestamp": "1e9"}, "wrong"),
        ({"webhook-timestamp": "9" * 4000}, "wrong"),
        ({"webhook-timestamp": "\u0661\u0662"}, "wrong"),
        ({"webhook-timestamp": "-1"}, "wrong"),
        ({"webhook-signature": ""}, "wrong"),
        ({"webhook-signature": "v1"}, "wrong"),
        ({"webhook-signature": "v1,"}, "wrong"),
        ({"webhook-signature": RIGHT[3:]}, "wrong"),
        ({"webhook-signature": RIGHT.replace("v1", "V1")}, "wrong"),
        ({"webhook-signature": RIGHT[:-4]}, "wrong"),
        ({"webhook-signature": "v1,\u00fc " + " ".join(["v1,AAAA"] * 2000)}, "wrong"),
    ],
)
def test_standard_webhooks(changed: dict[str, Any], expected: str) -> None:
    assert outcome(webhooks(WEBHOOK_SECRET), WEBHOOK | changed, WEBHOOK_BODY) == expected


@pytest.mark.parametrize("late", [TOLERANCE, -TOLERANCE])
def test_a_webhook_may_be_five_minutes_old_or_early(late: float) -> None:
    scheme, further = webhooks(WEBHOOK_SECRET), late * 1.01

    assert outcome(scheme, WEBHOOK, WEBHOOK_BODY, NOW + late) == "match"
    assert outcome(scheme, WEBHOOK, WEBHOOK_BODY, NOW + further) == "wrong"


@pytest.mark.parametrize("secrets", [(OLD, WEBHOOK_SECRET), (WEBHOOK_SECRET, OLD)])
def test_several_secrets_are_accepted_while_they_change(secrets: tuple[str, str]) -> None:
    assert outcome(webhooks(*secrets), WEBHOOK, WEBHOOK_BODY) == "match"
    assert outcome(webhooks(OLD), WEBHOOK, WEBHOOK_BODY) == "wrong"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (f"sha256={HUB_DIGEST}", "match"),
        (f"sha256={HUB_DIGEST.upper()}", "match"),
        ([], "missing"),
        ([f"sha256={HUB_DIGEST}"] * 2, "wrong"),
        (f"sha1={HUB_DIGEST}", "wrong"),
        (HUB_DIGEST, "wrong"),
        ("sha256=", "wrong"),
        (f"sha256={HUB_DIGEST}00", "wrong"),
        (f"sha256={HUB_DIGEST[:-2]}", "wrong"),
        (f"sha256={'0' * 64}", "wrong"),
        ("sha256=" + "\u0660" * 64, "wrong"),
        (f"sha256= {HUB_DIGEST}", "wrong"),
    ],
)
def test_hub_signatures(value: Any, expected: str) -> None:
    scheme = signature_scheme("hub", [HUB_SECRET])

    assert isinstance(scheme, HubSignature)
    assert outcome(scheme, {"X-Hub-Signature-256": value}, b"Hello, World!") == expected


@given(st.text(), st.text(), st.text())
def test_no_header_of_a_stranger_breaks_it(message: str, timestamp: str, signature: str) -> None:
    headers = {
        "webhook-id": message,
        "webhook-timestamp": timestamp,
        "webhook-signature": signature,
        "X-Hub-Signature-256": signature,
    }
    for scheme in (StandardWebhooks((b"k",)), HubSignature((b"k",))):
        found = scheme.check(lambda name: [headers[name]], NOW)
        assert isinstance(found, BodyCheck) or found in ("missing", "wrong")


def test_a_webhook_secret_that_is_no_base64_is_refused_at_start() -> None:
    arguments = ["--secret", "whsec_#", "--signature", "standard-webhooks"]
    result = CliRunner().invoke(callback_server, arguments)

    assert result.exit_code == 2
    assert "must be base64" in result.output
    assert "whsec_#" not in result.output


@pytest.fixture(params=["standard-webhooks", "hub"])
def signed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Running]:
    limits = Limits(body=100_000)
    with running(tmp_path / "kept", signature=request.param, also=[OLD], limits=limits) as run:
        yield run


def signatures(body: bytes, secret: str = SECRET) -> list[str]:
    """The headers of both schemes, in a case that nobody would choose."""
    now = int(time.time())
    digest = hmac.new(secret.encode(), f"m.{now}.".encode() + body, hashlib.sha256).digest()
    hub = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return [
        "WEBHOOK-ID: m",
        f"Webhook-Timestamp: {now}",
        f"webhook-SIGNATURE: v1,{base64.b64encode(digest).decode()}",
        f"x-hub-signature-256: sha256={hub}",
    ]


def deliver(
    run: Running, body: bytes = BODY, *, signed: bytes | None = None, **how: Any
) -> Response:
    secret = how.pop("key", SECRET)
    lines = signatures(body if signed is None else signed, secret)
    return post(run, body, *lines, **({"secret": None} | how))


@pytest.mark.parametrize("key", [SECRET, OLD])
def test_a_signed_callback_is_kept(signed: Running, key: str) -> None:
    assert deliver(signed, key=key).status == 200
    assert signed.delivery().secret == "match"
    assert signed.images() == {"job-1.png"}


def test_a_callback_with_a_token_is_signed_too(signed: Running) -> None:
    assert deliver(signed, path="/callback/some-token").status == 200


@pytest.mark.parametrize(
    "change",
    [
        {"key": "another"},
        {"signed": BODY + b"x"},
        {"signed": b""},
    ],
)
def test_what_is_signed_wrongly_leaves_no_file(signed: Running, change: dict[str, Any]) -> None:
    response = deliver(signed, **change)

    assert response.status == 401
    event = signed.delivery()
    assert (event.secret, event.stored, event.image, event.fields) == ("wrong", False, None, {})
    assert signed.images() == set()


def test_the_secret_itself_is_no_signature(signed: Running) -> None:
    assert post(signed).status == 401
    assert signed.delivery().secret == "missing"


def test_a_bad_form_is_told_only_to_who_signed_it(signed: Running) -> None:
    """A stranger's form is a stranger's; a miner's is the miner's mistake."""
    bad = BODY[:-30]

    assert deliver(signed, bad, signed=BODY).status == 401
    assert deliver(signed, bad).status == 400
    assert deliver(signed, b"{}", content_type="application/json").status == 415

    assert [d.secret for d in signed.deliveries(3)] == ["wrong", "match", "match"]
    assert signed.images() == set()


def test_a_signature_does_not_lift_the_limit(signed: Running) -> None:
    large = callback(image=bytes(200_000))

    assert deliver(signed, large).status == 413
    assert signed.delivery().secret == "wrong"
    assert signed.images() == set()


def test_an_old_secret_is_accepted_in_the_header_too_and_never_recorded(tmp_path: Path) -> None:
    with running(tmp_path / "kept", also=[OLD]) as run:
        body = form(part("job_id", b"a"), part("error", OLD.encode()))
        assert post(run, body, secret=OLD).status == 200
        assert post(run, secret=SECRET).status == 200
        assert post(run, secret="another").status == 401
        lines = (run.folder / "journal.ndjson").read_text().splitlines()
    assert json.loads(lines[0])["error"] == "[secret]"
    assert OLD not in "".join(lines)
