"""Profiles of servers: what is read, what is refused and in which line, and what they lack."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncproof.settings import Settings
from asyncproof.wire.dialect import Dialect, dialect
from asyncproof.wire.lacking import NO_CALLBACKS, NO_RETRIES
from asyncproof.wire.profile import (
    FOLDER,
    ServerProfileError,
    load,
    parse,
    shipped_names,
)
from asyncproof.wire.template import ASKED
from asyncproof.workload.needs import Need

TRIED = {"inference", "edit", "bentoml", "cog", "runpod"}
LEAST = """\
[submit]
path = "/jobs"
id = "job.id"

[submit.body]
text = "{prompt}"

[status]
path = "/jobs/{id}"
state = "state"

[status.words]
done = "completed"
"""


RETRIES = LEAST + '[callback]\nbody = "json"\nproof = "nothing"\nretry_within = '


def changed(old: str, new: str) -> str:
    assert old in LEAST
    return LEAST.replace(old, new)


WRONG: list[tuple[str, int, str]] = [
    (changed('path = "/jobs"', 'path = "jobs"'), 2, "submit.path"),
    (changed('id = "job.id"\n', ""), 1, "submit.id: Field required"),
    (changed('"{prompt}"', '"a fox"'), 5, 'nothing in it is "{prompt}"'),
    (changed('"{prompt}"', '"{promt}"'), 6, "{promt} is unknown, perhaps {prompt} was meant"),
    (changed('"{prompt}"', '"{prompt}"\nmore.size = "{Width}x{height}"'), 7, "{Width} is unknown"),
    (
        changed('"{prompt}"', '"{prompt}"\nsizes = [\n  "{width}",\n  "{hight}",\n]'),
        9,
        "submit.body.sizes: {hight} is unknown, perhaps {height}",
    ),
    (changed('"{prompt}"', '"{prompt}"\n\n[submit.body.deep]\nx = "{y}"'), 9, "{y} is unknown"),
    (changed('path = "/jobs"', 'path = "/jobs?for={user}"'), 2, "{user} is unknown"),
    (LEAST + "[submit.always]\nseed = 0\nsed = 1\n", 16, "submit.always.sed: {sed} is unknown"),
    (changed("/jobs/{id}", "/jobs"), 9, "status.path"),
    (changed('done = "completed"', 'done = "ready"'), 13, "status.words.done"),
    (changed('done = "completed"', 'done = "failed"'), 8, "nothing in it means 'completed'"),
    (changed('state = "state"\n', ""), 8, "`state` says where the words are"),
    (changed('state = "state"', 'state = "state"\nstates = "x"'), 11, "status.states: Extra"),
    (LEAST + "[result]\n", 14, "either `path` or `place`"),
    (LEAST + '[result]\npath = "/picture"\n', 15, "it has no {id}"),
    (LEAST + '[result]\nplace = "x"\nlink = "/view"\n', 16, "it has no {value}"),
    (LEAST + '[callback]\nbody = "json"\nproof = "header"\n', 16, "add `header`, such as header ="),
    (LEAST + '[callback]\nbody = "json"\n', 14, 'or set proof = "nothing"'),
    (LEAST + '[status.progress]\nat = "step"\nunit = "steps"\n', 14, "needs `of`"),
    (LEAST + '[callback]\nbody = "xml"\n', 15, "callback.body"),
    (LEAST + '[callback]\nproof = "hub"\nbody = "json"\nevents = "all"\n', 17, "need `state`"),
    (RETRIES + "0\n", 17, "callback.retry_within: Input should be greater than 0"),
    (RETRIES + "true\n", 17, "callback.retry_within: Input should be a valid number"),
    (RETRIES + '"10"\n', 17, "callback.retry_within: Input should be a valid number"),
    (RETRIES + "inf\n", 17, "callback.retry_within: Input should be a finite number"),
    (LEAST + '[levels]\nCBK-4 = "PERHAPS"\n', 15, "levels.CBK-4"),
    (LEAST + '[lacks]\nfoxes = "none"\n', 15, "lacks.foxes"),
    (LEAST[: LEAST.index("[status]")], 1, "nothing would tell that a job has ended"),
    (LEAST + "[callback\n", 14, "not TOML"),
]


@pytest.mark.parametrize(("text", "line", "said"), WRONG, ids=[said for _, _, said in WRONG])
def test_what_is_wrong_is_told_with_its_line(text: str, line: int, said: str) -> None:
    with pytest.raises(ServerProfileError) as error:
        parse(text)
    assert said in str(error.value)
    assert f"line {line}" in str(error.value)


def test_a_profile_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(ServerProfileError, match=r"one of: .*inference"):
        load("no-such-server")


@pytest.mark.parametrize("name", shipped_names())
def test_a_shipped_profile_says_in_its_first_line_whether_it_was_tried(name: str) -> None:
    text = (FOLDER / f"{name}.toml").read_text(encoding="utf-8")
    assert load(name).name == name
    assert text.startswith("# Not tried") == (name not in TRIED)
    assert ("https://" in text or "Source: " in text) or name in ("inference", "edit")


def test_the_dialect_of_the_documents_lacks_nothing_and_promises_no_retries() -> None:
    assert dialect("inference").lacks == {Need.RETRIES: NO_RETRIES}
    assert dialect("edit").lacks == {Need.RETRIES: NO_RETRIES}
    assert dialect("inference").spoken.words == {}


def test_what_the_tables_do_not_have_is_lacking_with_a_reason() -> None:
    lacks = Dialect(parse(LEAST)).lacks
    assert Need.POLLING not in lacks
    assert {Need.CALLBACKS, Need.PROGRESS, Need.RESULTS, Need.SEEDS, Need.HEALTH} <= lacks.keys()
    assert all(lacks.values())


@pytest.mark.parametrize(("told", "within"), [("10\n", 10.0), ("0.5\n", 0.5)])
def test_promised_retries_are_recorded(told: str, within: float) -> None:
    promising = Dialect(parse(RETRIES + told))
    assert promising.has(Need.RETRIES)
    assert promising.spoken.retry_within == within


def test_without_a_promise_there_are_no_retries() -> None:
    assert dialect("runpod").lacks[Need.RETRIES] == NO_RETRIES
    assert dialect("bentoml").lacks[Need.RETRIES] == NO_CALLBACKS


def test_own_reasons_come_first_and_promises_count() -> None:
    more = 'promises = ["unknown ids"]\n' + LEAST + '[lacks]\npolling = "it caches for an hour"\n'
    lacks = Dialect(parse(more)).lacks
    assert lacks[Need.POLLING] == "it caches for an hour"
    assert Need.UNKNOWN_IDS not in lacks


def test_a_prompt_that_is_no_unicode_is_sent_as_it_is() -> None:
    assert dialect("inference").submission({"prompt": "fox \ud83d"}).body["prompt"] == "fox \ud83d"
    text = changed('path = "/jobs"', 'path = "/jobs?about={prompt}"')
    out = Dialect(parse(text)).submission({"prompt": "fox \ud83d"})
    assert out.query.path == "/jobs?about=fox%20%ED%A0%BD"


asked = st.dictionaries(
    st.sampled_from([name for name in ASKED if name != "source_image"]),
    st.none() | st.integers() | st.text(max_size=9) | st.lists(st.integers(), max_size=2),
)
others = st.dictionaries(st.text("xyz_", min_size=1, max_size=5), st.integers() | st.none())


@given(asked, others)
def test_a_miner_of_the_documents_is_sent_what_a_job_asks_for(
    wanted: dict[str, Any], more: dict[str, Any]
) -> None:
    told = wanted | more
    out = dialect("inference").submission(told)
    assert out.body == told
    assert out.asked == told
    assert out.recordable is None


@given(asked, others)
def test_a_template_leaves_out_what_a_job_does_not_have(
    wanted: dict[str, Any], more: dict[str, Any]
) -> None:
    out = dialect("runpod").submission(wanted | more)
    known = {"prompt", "seed", "width", "height"}
    inner = {name: wanted[name] for name in known & wanted.keys()}
    inner |= {"steps": wanted["num_inference_steps"]} if "num_inference_steps" in wanted else {}
    hook = {"webhook": wanted["callback_url"]} if "callback_url" in wanted else {}
    assert out.body == {"input": inner | more} | hook


def test_an_edit_has_a_picture_to_start_from_and_a_seed() -> None:
    out = dialect("edit").submission({"prompt": "a hat"})
    assert out.body["seed"] == 0
    assert out.body["image_b64"].startswith("iVBOR")
    assert str(out.query) == "POST /edit"


def test_a_secret_is_sent_and_not_recorded() -> None:
    text = changed('text = "{prompt}"', 'text = "{prompt}"\nhook.key = "{callback_secret}"')
    out = Dialect(parse(text)).submission({"prompt": "fox", "callback_secret": "s3cret-9"})
    assert out.body == {"text": "fox", "hook": {"key": "s3cret-9"}}
    assert out.recordable == {"text": "fox", "hook": {"key": "[secret]"}}


def test_nothing_is_left_of_what_a_job_does_not_have() -> None:
    text = changed(
        'text = "{prompt}"',
        'text = "{prompt}"\nhook = { to = "{callback_url}", key = "{callback_secret}" }\n'
        'size = ["{width}", "{height}"]\nkept = { on = true, to = "{callback_url}" }\nempty = {}',
    )
    spoken = Dialect(parse(text))
    bare = {"text": "fox", "kept": {"on": True}, "empty": {}}
    assert spoken.submission({"prompt": "fox"}).body == bare
    asked = {"prompt": "fox", "width": 8, "height": 4, "callback_url": "u"}
    body = spoken.submission(asked).body
    assert (body["hook"], body["size"], body["kept"]) == (
        {"to": "u"},
        [8, 4],
        {"on": True, "to": "u"},
    )


def test_keys_are_sent_and_not_recorded() -> None:
    text = 'headers = { Authorization = "Bearer s3cret", X-Api-Key = "s3cret" }\n' + changed(
        'id = "job.id"', 'id = "job.id"\nheaders = { Prefer = "respond-async" }'
    )
    shown = Dialect(parse(text)).spoken.headers
    assert shown == {"Authorization": "", "X-Api-Key": "", "Prefer": "respond-async"}


TEXTS: list[tuple[str, Mapping[str, Any], Any]] = [
    ("{width}x{height}", {"width": 64, "height": 32}, "64x32"),
    ("{width}x{height}", {"width": 64}, None),
    ("{seed}", {"seed": 7}, 7),
    ("seed {seed}!", {"seed": 7}, "seed 7!"),
]


@pytest.mark.parametrize(("template", "wanted", "sent"), TEXTS)
def test_a_placeholder_alone_is_the_value_and_within_a_text_it_is_text(
    template: str, wanted: Mapping[str, Any], sent: Any
) -> None:
    text = changed('text = "{prompt}"', f'text = "{{prompt}}"\nwhat = "{template}"')
    body = Dialect(parse(text)).submission({"prompt": "fox", **wanted}).body
    assert body.get("what") == sent


def test_the_endpoint_of_the_settings_is_the_name_of_a_profile() -> None:
    """And which names there are, only the folder of profiles knows."""
    chosen = Settings.from_environ({"ASYNC_ENDPOINT": "cog"})
    assert dialect(chosen.profile_name).spoken.submit == "POST /predictions"
    video = Settings.from_environ({"ASYNC_ENDPOINT": "video"})
    with pytest.raises(ServerProfileError, match=r"no profile video; .*one of: .*edit"):
        dialect(video.profile_name)
    both = Settings.from_environ({"ASYNC_ENDPOINT": "edit", "ASYNC_PROFILE": "cog"})
    assert both.profile_name == "cog"
