"""From settings to the fleet's policy."""

from reference.miner.settings import Settings
from reference.miner.supervision.clocks import Budgets
from reference.miner.supervision.fleet import Policy


def policy_of(settings: Settings) -> Policy:
    """The limits and rules of these settings."""
    budgets = Budgets(
        step=settings.inference_step_timeout,
        first_step=settings.first_step_timeout,
        preload=settings.preload_timeout,
        download=settings.download_timeout,
        post_process=settings.post_process_timeout,
        process=settings.process_timeout,
        total=settings.inference_timeout,
        slow_rate=settings.slow_rate,
        slow_after=settings.slow_after,
    )
    return Policy(
        budgets=budgets,
        cooldown=settings.replacement_cooldown,
        failures=settings.quarantine_failures,
        window=settings.quarantine_window,
        quarantine=settings.quarantine_seconds,
        tick=settings.tick,
    )
