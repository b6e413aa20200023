"""RES: what can be downloaded of a completed job."""

from collections.abc import Iterator

from asyncproof.facts.links import followed, is_another, link_fault, link_sent
from asyncproof.facts.owing import unless_absent
from asyncproof.facts.pictures import KINDS, misnamed, suffix
from asyncproof.harness.verdict import NotApplicable, Ruling, check
from asyncproof.history.events import STATUS_LINK, File, Polled, Probed
from asyncproof.history.history import History, JobRecord

EARLY = "result too early"
OF_JOB = "of job"  # a tag of such a request: the id of the job
FAILED = ("failed", "timeout")


@check("RES-1", every_job=True)
def completed_results_download(history: History) -> Iterator[Ruling]:
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


@check("RES-3", every_job=True)
def results_stay_the_same(history: History) -> Iterator[Ruling]:
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


@check("RES-2", every_job=True)
def results_have_their_type(history: History) -> Iterator[Ruling]:
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


@check("RES-4", every_job=True)
def image_urls_work(history: History) -> Iterator[Ruling]:
    """Where the status names an image_url, the picture of the result lies there."""
    yield from unless_absent(history, _image_urls(history), "the miner gives no image_url")


def _image_urls(history: History) -> Iterator[Ruling]:
    for job in history.accepted:
        linked, result = job.download("image_url"), job.download()
        if linked is None:
            continue
        another = is_another(linked, result)
        wrong = link_fault(history, linked, result)
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


@check("CBK-28", every_job=True)
def callback_links_work(history: History) -> Iterator[Ruling]:
    """A link in a callback leads to the picture of its job.

    A dead link in place of the picture is CBK-8's, one that stands in the status too is RES-4's.
    """
    yield from unless_absent(history, _callback_links(history), "no callback has a link of its own")


def _callback_links(history: History) -> Iterator[Ruling]:
    for job in history.accepted:
        linked, result = followed(job), job.download()
        if linked is None or job.delivery is None or linked.what == STATUS_LINK:
            continue
        another = is_another(linked, result)
        wrong = link_fault(history, linked, result)
        if not wrong:
            yield None
        elif another or job.delivery.image is not None:
            yield job.finding(
                "CBK-28",
                "the picture of the job where image_url of its callback leads",
                f"{wrong} ({linked.url})",
                at=linked.at,
                advice=OTHER_LINK if another else DEAD_CALLBACK_LINK,
                cause="another picture" if another else wrong.partition(" ")[0],
            )


DEAD_CALLBACK_LINK = (
    "send the link that the status shows, once the picture lies there, or leave image_url out"
)


@check("RES-5", every_job=True)
def no_result_before_its_time(history: History) -> Iterator[Ruling]:
    """The result of a job that has no picture (yet) is answered 404, never 200 and never 5xx."""
    for probe in history.probed(EARLY):
        job = history.by_job_id.get(probe.tags.get(OF_JOB) or probe.path.rpartition("/")[2])
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


@check("CBK-9", every_job=True)
def callback_image_equals_result(history: History) -> Iterator[Ruling]:
    """The picture in the callback is the one that the result path gives, byte for byte."""
    rulings = _callback_image_equals_result(history)
    if any(d.image is not None for job in history.accepted for d in job.deliveries):
        yield from rulings
    elif any(job.delivery is not None for job in history.accepted):
        linked = any(map(link_sent, history.accepted))
        yield NotApplicable(LINKS_ONLY if linked else "no callback brought a picture")


LINKS_ONLY = (
    "callbacks bring a link and no picture: that it leads to the picture of the job is CBK-28's"
)


def _callback_image_equals_result(history: History) -> Iterator[Ruling]:
    for job in history.accepted:
        result, delivery = job.download(), job.delivery
        if delivery is None or delivery.image is None or result is None or result.file is None:
            continue
        if delivery.image.sha256 == result.file.sha256:
            yield None
        else:
            yield job.finding(
                "CBK-9",
                f"`image` of the callback to be the file of the result ({_file(result.file)})",
                f"another file ({_file(delivery.image)})",
                at=delivery.at,
                advice="encode once, and send and store the same bytes; or one of them is another "
                "job's",
                cause="callback and result differ",
            )


def _file(file: File) -> str:
    return f"sha256 {file.sha256[:12]}, {file.size} bytes"
