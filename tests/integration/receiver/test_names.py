"""Job ids and names that somebody made up: kept, told apart, and never a path."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncproof.receiver.storage import names
from tests.support.hostile_inputs import CORRECT, DONE, ERRORS, FILENAMES, IDS, IMAGE, JOB, ODD
from tests.support.receiver_support import (
    PNG,
    Running,
    callback,
    form,
    get,
    part,
    post,
    running,
)


@pytest.mark.parametrize("case", IDS)
def test_an_odd_id_is_kept_under_a_safe_name(receiver: Running, case: str) -> None:
    job_id = IDS[case]

    assert post(receiver, callback(job_id)).status == 200

    delivered = receiver.delivery()
    assert delivered.fields["job_id"] == job_id[: 64 * 1024]
    (name,) = receiver.images()
    assert names.may_be_stored(name)
    assert get(receiver, f"/images/{name}").body == PNG
    assert {p for p in receiver.files() if not p.startswith("kept/images/")} == {
        "kept/journal.ndjson"
    }


def test_ordinary_ids_are_the_name(receiver: Running) -> None:
    ids = ["123e4567-e89b-12d3-a456-426614174000", "job_003", "v1.2-rc", "ABCxyz09"]
    for job_id in ids:
        post(receiver, callback(job_id))
    assert receiver.images() == {f"{job_id}.png" for job_id in ids}


@pytest.mark.parametrize("order", [["abc", "ABC", "aBc"], ["ABC", "abc", "Abc"]])
def test_ids_that_differ_only_in_case_have_names_that_differ_in_more(
    tmp_path: Path, order: list[str]
) -> None:
    """Also after a restart, so that the folder can be copied to any file system."""
    with running(tmp_path / "kept") as run:
        post(run, callback(order[0], image=PNG + b"0"))
    with running(tmp_path / "kept") as run:
        for n, job_id in enumerate(order[1:], 1):
            post(run, callback(job_id, image=PNG + b"%d" % n))
        post(run, callback(order[0], image=PNG + b"3"))

        assert len({name.lower() for name in run.images()}) == 4
        assert {f"{order[0]}.png", f"{order[0]}.2.png"} < run.images()


@given(st.text(max_size=200), st.text(max_size=200))
def test_different_ids_have_different_names(one: str, other: str) -> None:
    safe = names.numbered(names.stem(one), 1)
    assert names.may_be_stored(safe)
    assert "/" not in safe
    assert len(safe.encode()) < 200
    assert names.stem_of(names.numbered(names.stem(one), 12)) == names.stem(one)
    if one != other:
        assert names.stem(one) != names.stem(other)


def test_the_second_delivery_of_one_is_not_the_first_of_another(receiver: Running) -> None:
    for job_id in ("a", "a", "a.2"):
        post(receiver, callback(job_id))
    assert {"a.png", "a.2.png"} < receiver.images()
    assert len(receiver.images()) == 3


@pytest.mark.parametrize("case", ODD)
def test_what_is_well_formed_but_wrong_is_kept_and_told(receiver: Running, case: str) -> None:
    body, problem = ODD[case]

    assert post(receiver, body).text == "OK"
    assert problem in receiver.delivery().problems
    assert receiver.delivery().stored


def test_a_second_picture_does_not_replace_the_first(receiver: Running) -> None:
    other = part("image", b"other", filename="r.png")

    post(receiver, form(JOB, DONE, IMAGE, other))

    assert receiver.images() == {"j.png"}
    assert (receiver.folder / "images/j.png").read_bytes() == PNG


@pytest.mark.parametrize("filename", FILENAMES)
def test_the_name_of_the_sender_is_noted_but_never_used(receiver: Running, filename: str) -> None:
    post(receiver, form(JOB, DONE, part("image", PNG, filename=filename)))

    assert receiver.images() == {"j.png"}
    delivered = receiver.delivery()
    assert delivered.image is not None
    assert (delivered.image.filename, delivered.problems) == (filename, ())


@pytest.mark.parametrize("case", CORRECT)
def test_a_correct_miner_is_told_nothing(tmp_path: Path, case: str) -> None:
    with running(tmp_path / "kept", strict=True) as strict:
        assert post(strict, CORRECT[case]).status == 200
        assert strict.delivery().problems == ()


def test_the_secret_is_redacted_wherever_a_miner_repeats_it(receiver: Running) -> None:
    receiver.do(lambda: receiver.server.expect("tok", "another-secret"))
    text = "401 for test-secret and another-secret at http://a/?k=test-secret"
    body = form(
        part("job_id", b"test-secret"),
        part("status", text.encode()),
        part("test-secret", b"x"),
        part("image", PNG, "Content-Type: image/test-secret", filename="test-secret.png"),
    )

    post(receiver, body, "User-Agent: test-secret", path="/callback/test-secret")

    journal = (receiver.folder / "journal.ndjson").read_text()
    shown = get(receiver, "/callbacks").text + journal + repr(receiver.delivery())
    assert "test-secret" not in shown
    assert "another-secret" not in shown
    assert receiver.delivery().fields["status"].startswith("401 for [secret] and [secret] at")
    assert not any("test-secret" in name for name in receiver.images())


@pytest.mark.parametrize("error", ERRORS)
def test_hostile_text_stays_one_line_of_json(receiver: Running, error: str) -> None:
    post(receiver, form(JOB, part("status", b"failed"), part("error", error.encode())))

    (line,) = (receiver.folder / "journal.ndjson").read_bytes().splitlines()
    assert json.loads(line)["error"] == error
    assert get(receiver, "/callbacks").json[0]["error"] == error
    assert b"\x1b" not in line
