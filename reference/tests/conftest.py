"""For every test here: a machine that is busy, or a shell in the background, is no failure."""

import signal

from hypothesis import HealthCheck, settings

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# A script's `make test &` has SIGINT ignored, and what it starts has too: then nothing that a test
# starts and interrupts would ever end.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
