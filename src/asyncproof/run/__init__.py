"""One run of the suite: preflight, testbed, session, late checks."""
