"""``python -m asyncproof``: the same as the command ``asyncproof``."""

from asyncproof.cli.main import cli

if __name__ == "__main__":
    cli(prog_name="asyncproof")
