"""The command line by its documented name: ``python -m tests.e2e.async_inference.cli``."""

from asyncproof.cli.main import cli

if __name__ == "__main__":
    cli(prog_name="python -m tests.e2e.async_inference.cli")
