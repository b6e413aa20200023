"""A run of one worker has a page like any other run."""

from asyncproof.harness.verdict import CheckResult, Finding, Verdict
from asyncproof.worker import events as ev
from asyncproof.worker.page import worker_page
from asyncproof.worker.record import build
from tests.unit.worker.test_checks import LIMITS

START = ev.WorkerRunStarted(
    at=0.0,
    run="20260101-1",
    wall=1767225600.0,
    profile="",
    schema="none",
    limits=LIMITS,
    settings={"backend": "plain", "model": "<b>none</b>"},
)


def test_findings_clauses_and_settings_are_there_and_text_is_text() -> None:
    record = build([START, ev.WorkerRunEnded(at=9.0)])
    finding = Finding("WRK-1", "worker 1", "a process", "<script>alert(1)</script>")
    html = worker_page(record, Verdict((CheckResult("c", ("WRK-1",), 1, (finding,)),)))
    assert '<p class="outcome">FAIL' in html
    assert "2026-01-01 00:00:00 UTC" in html
    assert "The worker starts and keeps running" in html
    assert "&lt;b&gt;none&lt;/b&gt;" in html
    assert "<script>alert" not in html
