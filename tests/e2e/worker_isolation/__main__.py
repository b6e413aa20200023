"""Runs :mod:`asyncproof.worker.cli`."""

from asyncproof.worker.cli import main

if __name__ == "__main__":
    main()
