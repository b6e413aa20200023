"""How long a run waits for the retry of a delivery, where one is promised. Pure."""

LONGEST_PROMISE = 60.0  # seconds; a first retry that is promised for later is not waited for
LEAST_GRACE = 5.0  # seconds, for a timer that is late and a machine that is busy


def retry_wait(promised: float | None) -> float | None:
    """Seconds after a delivery that our receiver failed, in which the first retry has to begin.

    Twice what is ``promised`` (seconds), and at least some seconds more: pauses are spread by
    chance, and no sender is accused of a timer that is late. None where no retry is promised, or
    only one that no run waits for.
    """
    if promised is None or promised > LONGEST_PROMISE:
        return None
    return promised + max(promised, LEAST_GRACE)
