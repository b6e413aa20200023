"""``python -m asyncproof.coordinator``: the command ``asyncproof suites``, for pods."""

from asyncproof.coordinator.cli import main

main(prog_name="python -m asyncproof.coordinator")
