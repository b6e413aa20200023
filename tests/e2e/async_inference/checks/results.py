"""RES: what can be downloaded of a completed job."""

from collections.abc import Iterator

from tests.e2e.async_inference.checks.owing import unless_absent
from tests.e2e.async_inference.checks.payload import KINDS, misnamed, suffix
from tests.e2e.async_inference.checks.probes import whose_picture
from tests.e2e.async_inference.events import Downloaded, File, Polled, Probed
from tests.e2e.async_inference.run_history import JobRecord, RunHistory
from tests.harness.verdict import Ruling, check

EARLY = "result too early"
FAILED = ("failed", "timeout")


@check("RES-1")
def completed_results_download(history: RunHistory) -> Iterator[Ruling]:
    """Completed means that the result can be downloaded now."""
    for job in history.accepted:
        result = job.download()
        if result is None:
            continue
        if result.status_code == 200 and result.file is not None and result.file.size:
            yield None
        else:
            yield job.finding(
                "RES-1",
                "200 and the picture, since the job is completed",
                result.error or f"{result.status_code}",
                at=result.at,
                advice="set 'completed' only when the file is in its place; or the route looks in "
                "another place than the one where the file was written",
                cause=f"result answered {result.status_code}",
            )


@check("RES-3")
def results_stay_the_same(history: RunHistory) -> Iterator[Ruling]:
    """A result that is downloaded twice is the same file twice."""
    for job in history.accepted:
        first, again = job.download(), job.download("result again")
        if first is None or again is None or first.file is None:
            continue
        if again.file is not None and again.file.sha256 == first.file.sha256:
            yield None
        else:
            other = f"another file (sha256 {again.file.sha256[:12]})" if again.file else ""
            yield job.finding(
                "RES-3",
                f"the same file each time (sha256 {first.file.sha256[:12]})",
                other or f"{again.error or again.status_code}",
                at=again.at,
                advice="keep the finished file; do not draw, encode or overwrite it again",
                cause="another file" if other else "no file",
            )


@check("RES-2")
def results_have_their_type(history: RunHistory) -> Iterator[Ruling]:
    """The Content-Type of a result fits its bytes."""
    for job in history.accepted:
        file = result.file if (result := job.download()) else None
        if file is None or not file.size:
            continue
        wrong = misnamed(file)
        if not wrong:
            yield None
        else:
            yield job.finding(
                "RES-2",
                "the Content-Type of the picture's own format",
                wrong,
                at=job.downloads[0].at,
                advice=f"set Content-Type to {KINDS[suffix(file)]}: browsers and customers trust "
                "this header more than the bytes",
                cause=wrong,
            )


@check("RES-4")
def image_urls_work(history: RunHistory) -> Iterator[Ruling]:
    """Where the status names an image_url, the picture of the result lies there."""
    yield from unless_absent(history, _image_urls(history), "the miner gives no image_url")


def _image_urls(history: RunHistory) -> Iterator[Ruling]:
    for job in history.accepted:
        linked, result = job.download("image_url"), job.download()
        if linked is None:
            continue
        another = _is_another(linked, result)
        wrong = _link_fault(history, linked, result)
        if not wrong:
            yield None
        else:
            yield job.finding(
                "RES-4",
                "200 and the same picture as the result",
                f"{wrong} ({linked.url})",
                at=linked.at,
                advice=OTHER_LINK if another else DEAD_LINK,
                cause="another picture" if another else wrong.partition(" ")[0],
            )


OTHER_LINK = "the url was made from another job's id or file name"
DEAD_LINK = (
    "leave image_url out where nothing is hosted, or its file name differs from the one stored; a "
    "customer follows it"
)


def _is_another(linked: Downloaded, result: Downloaded | None) -> bool:
    """Whether a picture lies there that is not the result; other formats cannot be compared."""
    there, own = linked.file, result.file if result else None
    if there is None or own is None or not there.size or suffix(there) != suffix(own):
        return False
    return there.sha256 != own.sha256


def _link_fault(history: RunHistory, linked: Downloaded, result: Downloaded | None) -> str:
    if linked.error:
        return linked.error
    if linked.status_code != 200 or linked.file is None or not linked.file.size:
        return f"{linked.status_code}"
    return whose_picture(history, linked.file) if _is_another(linked, result) else ""


@check("RES-5")
def no_result_before_its_time(history: RunHistory) -> Iterator[Ruling]:
    """The result of a job that has no picture (yet) is answered 404, never 200 and never 5xx."""
    for probe in history.probed(EARLY):
        job = history.by_job_id.get(probe.path.rpartition("/")[2])
        if job is None:
            continue
        wrong = _early_fault(probe, job)
        if not wrong:
            yield None
        else:
            yield job.finding(
                "RES-5",
                "404 while there is no picture",
                wrong,
                at=probe.at,
                advice="a failed job has no picture: look at its status before the file is opened"
                if job.final_status in FAILED
                else "look whether the job is finished before the file is opened",
                cause=wrong,
            )


def _early_fault(probe: Probed, job: JobRecord) -> str:
    if probe.error:
        return probe.error
    if probe.status_code is None or probe.status_code >= 500:
        return f"{probe.status_code}"
    after = [p for p in job.polls if p.at - p.took > probe.at]
    early = any(p.status == "queued" or _is_half_done(p) for p in after)
    failed = job.final_status in FAILED
    if probe.status_code == 200 and (early or failed):
        return f"200 for a job that is {'failed' if failed else 'still worked on'}"
    return ""


def _is_half_done(poll: Polled) -> bool:
    return poll.status == "processing" and poll.progress is not None and poll.progress < 90


@check("CBK-9")
def callback_image_equals_result(history: RunHistory) -> Iterator[Ruling]:
    """The picture in the callback is the one that the result path gives, byte for byte."""
    for job in history.accepted:
        result, delivery = job.download(), job.delivery
        if delivery is None or delivery.image is None or result is None or result.file is None:
            continue
        if delivery.image.sha256 == result.file.sha256:
            yield None
        else:
            yield job.finding(
                "CBK-9",
                f"the callback's image to be the result's file ({_file(result.file)})",
                f"another file ({_file(delivery.image)})",
                at=delivery.at,
                advice="encode once, and send and store the same bytes; or one of them is another "
                "job's",
                cause="callback and result differ",
            )


def _file(file: File) -> str:
    return f"sha256 {file.sha256[:12]}, {file.size} bytes"
