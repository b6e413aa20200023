"""Results as JSON, for programs."""

from collections.abc import Sequence

import msgspec

from asyncproof.coordinator.build import TestOutcome
from asyncproof.coordinator.exit_reason import gravest
from asyncproof.coordinator.result import SuiteResult


def to_json(results: Sequence[SuiteResult]) -> bytes:
    """The whole run: one exit code, and for each suite its exit reason, counts and tests."""
    code = gravest([result.exit_code for result in results])
    whole = {
        "passed": code == 0,
        "exit_code": int(code),
        "suites": [_suite(result) for result in results],
    }
    return msgspec.json.format(msgspec.json.encode(whole), indent=2) + b"\n"


def _suite(result: SuiteResult) -> dict[str, object]:
    record, ended = result.record, result.ended
    return {
        "suite": result.suite,
        "green": result.green,
        "exit_code": int(result.exit_code),
        "ended": {
            "reason": result.ending.reason.value,
            "evidence": result.ending.evidence,
            "exit_code": ended.exit_code,
            "signal": ended.signal,
            "last_lines": result.last_lines,
        },
        "attempts_before": [
            {"reason": e.reason.value, "evidence": e.evidence} for e in result.before
        ],
        "took": round(ended.took, 3),
        "log": {"path": ended.log.path, "complete": ended.log.complete, "gaps": ended.log.gaps},
        "planned": sum(test.test not in record.unplanned for test in record.tests),
        "counts": {outcome.value: record.count(outcome) for outcome in TestOutcome},
        "collection_errors": dict(record.collection_errors),
        "skipped_files": dict(record.skipped_files),
        "tests": [
            {"test": t.test, "outcome": t.outcome.value, "took": round(t.took, 3), "text": t.text}
            for t in record.tests
        ],
    }
