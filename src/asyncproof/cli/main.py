"""The command line ``asyncproof``: a group whose commands are imported when they are used."""

import sys
from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import click

from asyncproof import __version__
from asyncproof.cli.unread_output import UNREAD, discard_the_rest, go_on_unread

# Module, attribute, and the line that ``--help`` shows without importing the module.
COMMANDS: Mapping[str, tuple[str, str, str]] = {
    "run": ("cli.run", "run", "Run the suite against a miner and say what is wrong with it."),
    "stress": ("cli.stress", "stress", "Find races by load, and say what a clean run proves."),
    "shrink": ("cli.shrink", "shrink", "Find a smaller load that fails as a recorded run did."),
    "merge": ("cli.merge", "merge", "Judge the parts of a stress run as one run."),
    "doctor": ("cli.doctor", "doctor", "Check with one job that a miner can be tested."),
    "profile": (
        "cli.profile",
        "profile",
        "Try or draft the profile of another server.",
    ),
    "validate": ("cli.validate", "validate", "Judge image files and folders."),
    "callback-server": (
        "cli.callback_server",
        "callback_server",
        "Receive callbacks, store them, and show them live in the browser.",
    ),
    "watch": ("cli.watch", "watch", "Follow a live miner and report the jobs that hang."),
    "stalls": ("cli.stalls", "stalls", "Show where jobs hang in recorded runs."),
    "recheck": ("cli.recheck", "recheck", "Judge a recorded history again, without a miner."),
    "compare": ("cli.compare", "compare", "Say what changed between runs."),
    "history": ("cli.history", "history", "Write a page of all runs in a folder."),
    "clean": ("cli.clean", "clean", "Show what is kept on disk, and remove what is not wanted."),
    "replay": ("cli.replay", "replay", "Send recorded callbacks again, to another receiver."),
    "explain": ("cli.explain", "explain", "Explain a clause of the contract."),
    "worker": ("worker.cli", "main", "Test one LLM worker alone."),
    "suites": ("coordinator.cli", "main", "Run several suites in parallel, with one verdict."),
    "reference-miner": ("cli.reference_miner", "reference_miner", "Run the reference miner."),
}
# These go on until somebody ends them. All others end by themselves, with an exit code that tells
# what they found, and do so as well where nobody reads their output to its end.
ENDLESS = frozenset({"callback-server", "watch", "reference-miner"})


class LazyGroup(click.Group):
    """A group that imports a command's module only when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, name, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(f"asyncproof.{module}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            ctx.fail(f"No such command '{args[0]}'.{hint}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            discard_the_rest()
            sys.exit(UNREAD)


@click.group(cls=LazyGroup, invoke_without_command=True)
@click.version_option(__version__, package_name="asyncproof", prog_name="asyncproof")
@click.pass_context
def cli(context: click.Context) -> None:
    """Test an async inference miner from outside.

    Without a command, runs the suite (as `run` does) against ASYNC_MINER_URL.
    """
    if context.invoked_subcommand not in ENDLESS:
        go_on_unread()
    if context.invoked_subcommand is None:
        run = cli.get_command(context, "run")
        assert run is not None
        context.invoke(run)
