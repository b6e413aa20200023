"""Runs :mod:`tests.e2e.worker_isolation.cli`."""

from tests.e2e.worker_isolation.cli import main

if __name__ == "__main__":
    main()
