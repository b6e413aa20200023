"""What a server of a profile lacks, and why: what clauses need is compared with what it has.

Pure: one row for each need, so that a new one is one line.
"""

from collections.abc import Iterator, Mapping

from asyncproof.wire.profile import NOT_DERIVED, CallbackTable, ServerProfile
from asyncproof.wire.template import placeholders
from asyncproof.workload.needs import Need

NO_STATUS = "there is no [status]: jobs cannot be asked for"
NO_CALLBACKS = "it sends no callbacks"
NO_RETRIES = "it does not promise to send a callback again that was not taken"


def lacking(profile: ServerProfile) -> dict[Need, str]:
    """Each need that it does not meet, with the reason for people; its own reasons come first."""
    found = {need: reason for need, has, reason in _needs(profile) if not has}
    promised = {need: f"the profile does not promise {need}" for need in NOT_DERIVED}
    unpromised = {n: why for n, why in promised.items() if n not in profile.promises}
    return found | unpromised | dict(profile.lacks)


def _needs(profile: ServerProfile) -> Iterator[tuple[Need, bool, str]]:
    yield from _of_the_submission(profile)
    yield from _of_the_status(profile)
    yield from _of_the_callback(profile.callback)
    result = profile.result
    yield Need.RESULTS, result is not None, "the profile has no [result]"
    by_path = result is not None and bool(result.path)
    yield Need.RESULT_PATHS, by_path, "[result] has no path: the picture comes in another answer"
    yield Need.TRAINING, profile.training is not None, "the profile names no path for training"
    yield Need.HEALTH, profile.health is not None, "the profile names no health page"
    yield Need.PAGES, bool(profile.pages), "the profile names no pages that anyone may ask for"


def _of_the_submission(profile: ServerProfile) -> Iterator[tuple[Need, bool, str]]:
    asked = set(placeholders([profile.submit.body, profile.submit.path]))
    for need, names in IN_THE_BODY.items():
        yield need, names <= asked, f"a submission has no {' and '.join(sorted(names))}"


IN_THE_BODY: Mapping[Need, frozenset[str]] = {
    Need.SEEDS: frozenset({"seed"}),
    Need.SIZES: frozenset({"width", "height"}),
    Need.LORAS: frozenset({"lora_path"}),
    Need.EXPIRY: frozenset({"expiry"}),
    Need.CHOSEN_IDS: frozenset({"job_id"}),
    Need.SECRETS: frozenset({"callback_secret"}),
}


def _of_the_status(profile: ServerProfile) -> Iterator[tuple[Need, bool, str]]:
    status = profile.status
    if status is None:
        about = (Need.POLLING, Need.PROGRESS, Need.QUEUE, Need.TIMES, Need.STATEMENTS)
        yield from ((need, False, NO_STATUS) for need in about)
        told = profile.callback is not None and bool(profile.callback.error)
        yield Need.ERRORS, told, "neither a status nor a callback says why a job failed"
        return
    yield Need.PROGRESS, status.progress is not None, "its status tells no progress"
    queued = "queued" in status.told
    yield Need.QUEUE, queued, "none of its words means that a job waits"
    yield Need.TIMES, bool(status.completed_at), "its status does not tell when a job ended"
    yield Need.ERRORS, bool(status.error), "its status does not say why a job failed"
    told = bool(status.callback)
    yield Need.STATEMENTS, told, "its status does not say what became of the callback"


def _of_the_callback(callback: CallbackTable | None) -> Iterator[tuple[Need, bool, str]]:
    if callback is None:
        about = [need for need in Need if "callbacks" in need]
        of_the_sender = (Need.PROOF, Need.SINGLE_DELIVERY, Need.RETRIES)
        yield from ((need, False, NO_CALLBACKS) for need in (*about, *of_the_sender))
        return
    yield Need.CALLBACK_IDS, bool(callback.id), "its callbacks do not name their job"
    states = bool(callback.state or callback.means)
    yield Need.CALLBACK_STATES, states, "its callbacks tell no state"
    yield Need.CALLBACK_TIMES, bool(callback.completed_at), "its callbacks tell no time"
    yield Need.CALLBACK_ERRORS, bool(callback.error), "its callbacks do not say why a job failed"
    pictures = bool(callback.picture or callback.image_url)
    yield Need.CALLBACK_PICTURES, pictures, "its callbacks bring no picture"
    multipart = callback.body == "multipart"
    yield Need.CALLBACK_PARTS, multipart, "its callbacks are JSON, in which a picture has no name"
    yield Need.PROOF, callback.proof != "nothing", "its callbacks do not prove who sent them"
    single = callback.promise == "once" or bool(callback.delivery_id)
    yield Need.SINGLE_DELIVERY, single, "it delivers at least once, and marks no repeats"
    yield Need.RETRIES, callback.retry_within is not None, NO_RETRIES
