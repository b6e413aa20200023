"""How often a miner asked to wait, as observed. For people to read."""

from asyncproof.history.history import History


def lines(history: History) -> list[str]:
    """One line about a whole run; none where the miner never asked."""
    told = [wait for job in history for wait in job.told_to_wait]
    if not told:
        return []
    kinds = [f"{sum(w.what == what for w in told)} x {what}" for what in ("submission", "status")]
    longest = max(wait.wait for wait in told)
    return [f"Asked to wait: {', '.join(kinds)}; {longest:g} s at the most, then asked again"]
