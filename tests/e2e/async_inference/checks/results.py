"""RES: what can be downloaded of a completed job."""

from collections.abc import Iterator

from tests.e2e.async_inference.run_history import RunHistory
from tests.harness.verdict import Ruling, check


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
                advice="set 'completed' only when the file is in its place",
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
            got = again.file.sha256[:12] if again.file else str(again.status_code)
            yield job.finding("RES-3", first.file.sha256[:12], got, at=again.at)


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
                f"the result's file (sha256 {result.file.sha256[:12]}, {result.file.size} bytes)",
                f"sha256 {delivery.image.sha256[:12]}, {delivery.image.size} bytes",
                at=delivery.at,
                advice="the file changed between callback and download, or one is another job's",
                cause="callback and result differ",
            )
