"""What every test of the project needs from the machine that it runs on."""

import signal
from importlib.util import find_spec

import pytest

SETUP_FAILED = 3


def prepare(*packages: str) -> None:
    """Ends the session in one line where a package is missing. Otherwise a machine that is busy, or
    a shell in the background, is no failure."""
    if missing := [name for name in ("hypothesis", *packages) if not find_spec(name)]:
        cure = "pip install -r requirements_dev.txt"
        pytest.exit(f"Not installed: {', '.join(missing)}. Please run: {cure}", SETUP_FAILED)
    _be_patient()
    _let_interrupts_end_what_tests_start()


def _be_patient() -> None:
    from hypothesis import HealthCheck, settings  # noqa: PLC0415 (may be missing: see above)

    patient = [HealthCheck.too_slow]
    settings.register_profile("patient", deadline=None, suppress_health_check=patient)
    settings.load_profile("patient")


def _let_interrupts_end_what_tests_start() -> None:
    """A script's ``make test &`` has SIGINT ignored, and what it starts has too: then nothing that
    a test starts and interrupts would ever end."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
