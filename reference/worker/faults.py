"""Defects to switch on, one at a time, so that a test suite can prove that it sees them."""

from enum import StrEnum


class Fault(StrEnum):
    """The value is the name on the command line; :data:`DESCRIPTIONS` says what goes wrong."""

    EXITS_EARLY = "exits-early"
    CRASHES_EARLY = "crashes-early"
    NEVER_HEALTHY = "never-healthy"
    NEVER_READY = "never-ready"
    DIES_AT_WORK = "dies-at-work"
    DIES_WITH_HIVE = "dies-with-hive"
    IGNORES_SIGTERM = "ignores-sigterm"
    LEAVES_HELPER = "leaves-helper"
    STOPS_WITH_ERROR = "stops-with-error"
    HEALTH_STATUS = "health-status"
    HEALTH_SHAPE = "health-shape"
    HEALTH_SLOW = "health-slow"
    HEALTH_BLOCKED = "health-blocked"
    READY_STATUS = "ready-status"
    READY_SHAPE = "ready-shape"
    INFERENCE_STATUS = "inference-status"
    INFERENCE_SHAPE = "inference-shape"
    INFERENCE_SLOW = "inference-slow"
    INFERENCE_EMPTY = "inference-empty"
    STREAM_SHAPE = "stream-shape"
    STREAM_ENDLESS = "stream-endless"
    STREAM_CUT = "stream-cut"
    STREAM_ENDS_TWICE = "stream-ends-twice"
    STREAM_STALLS = "stream-stalls"
    NO_HEARTBEAT = "no-heartbeat"
    IRREGULAR_HEARTBEAT = "irregular-heartbeat"
    MALFORMED_HEARTBEAT = "malformed-heartbeat"
    WRONG_ID = "wrong-id"
    TIME_GOES_BACK = "time-goes-back"
    ILLEGAL_STATE = "illegal-state"
    BUSY_WHILE_IDLE = "busy-while-idle"
    READY_WHILE_BUSY = "ready-while-busy"
    STALE_AFTER_WORK = "stale-after-work"
    READY_WHILE_STOPPED = "ready-while-stopped"
    GIVES_UP_ON_HIVE = "gives-up-on-hive"
    NEEDS_HIVE = "needs-hive"


DESCRIPTIONS = {
    Fault.EXITS_EARLY: "ends with exit code 3 before it serves",
    Fault.CRASHES_EARLY: "is ended by a signal before it serves",
    Fault.NEVER_HEALTHY: "answers every health request with 503",
    Fault.NEVER_READY: "is healthy, and never says that it is ready",
    Fault.DIES_AT_WORK: "ends with exit code 4 during its third inference",
    Fault.DIES_WITH_HIVE: "ends when the hive answers a heartbeat with an error",
    Fault.IGNORES_SIGTERM: "does not stop when asked",
    Fault.LEAVES_HELPER: "leaves a process behind, in a session of its own",
    Fault.STOPS_WITH_ERROR: "ends with exit code 1 when asked to stop",
    Fault.HEALTH_STATUS: "once ready, answers health requests with 500",
    Fault.HEALTH_SHAPE: "once ready, answers health requests with an array",
    Fault.HEALTH_SLOW: "once ready, takes half a minute for a health answer",
    Fault.HEALTH_BLOCKED: "answers no health request while it generates",
    Fault.READY_STATUS: "once ready, answers ready requests with 404",
    Fault.READY_SHAPE: "once ready, answers ready requests without the field",
    Fault.INFERENCE_STATUS: "answers inference with 500",
    Fault.INFERENCE_SHAPE: "gives the number of tokens as text and no finish reason",
    Fault.INFERENCE_SLOW: "takes ten minutes for an inference",
    Fault.INFERENCE_EMPTY: "answers inference that is no stream with no text at all",
    Fault.STREAM_SHAPE: "sends a piece of a stream that is not JSON",
    Fault.STREAM_ENDLESS: "never ends a stream",
    Fault.STREAM_CUT: "closes a stream without the end mark",
    Fault.STREAM_ENDS_TWICE: "sends the end mark of a stream twice",
    Fault.STREAM_STALLS: "falls silent in the middle of a stream for ten minutes",
    Fault.NO_HEARTBEAT: "sends no heartbeat",
    Fault.IRREGULAR_HEARTBEAT: "sends heartbeats in pairs, with a long pause after each pair",
    Fault.MALFORMED_HEARTBEAT: "sends a number as id and local time without a zone",
    Fault.WRONG_ID: "sends the id of another worker",
    Fault.TIME_GOES_BACK: "sends the year 2001 in every third heartbeat",
    Fault.ILLEGAL_STATE: "says `starting` again after `ready`",
    Fault.BUSY_WHILE_IDLE: "says `busy` with nothing to do",
    Fault.READY_WHILE_BUSY: "says `ready` while it generates",
    Fault.STALE_AFTER_WORK: "sends no heartbeat once it has begun to work",
    Fault.READY_WHILE_STOPPED: "has a helper that says `ready` while the worker itself is stopped",
    Fault.GIVES_UP_ON_HIVE: "sends no heartbeat after one that the hive answered with an error",
    Fault.NEEDS_HIVE: "answers 503 to inference while the hive answers errors",
}
