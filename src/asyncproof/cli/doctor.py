"""``asyncproof doctor``: whether a miner can be tested with these settings, before a run."""

import os
import sys
from contextlib import ExitStack
from dataclasses import replace

import click

from asyncproof.cli.run import CLI_BIND_HOST, FLAGS
from asyncproof.cli.usage import usage_error
from asyncproof.harness.exit_codes import ExitCode
from asyncproof.run.doctor import examine
from asyncproof.run.doctor_advice import SetupAdvice, SetupHealth
from asyncproof.run.reference_miner import reference_miner
from asyncproof.settings import REFERENCE, SettingError, Settings
from asyncproof.wire.dialect import dialect
from asyncproof.wire.profile import ServerProfileError

_OFFERED = ("--miner", "--callback-base", "--callback-bind-host", "--endpoint", "--profile",
            "--size", "--steps", "--expiry-minutes", "--job-timeout",
            "--callback-timeout")  # fmt: skip
_ANY_PORT = "http://127.0.0.1:0"


def _flags(command: click.Command) -> click.Command:
    for flag, variable, text in FLAGS:
        if flag in _OFFERED:
            command.params.append(click.Option([flag], help=f"{text} ({variable})"))
    return command


@click.command()
def doctor(**given: str | None) -> None:
    """Check with one job that a miner can be tested: its name, its answers, and the way back.

    Prints what to set. Exits with 3 if a run could not work.
    """
    variables = {flag[2:].replace("-", "_"): variable for flag, variable, _ in FLAGS}
    texts = {variables[name]: text for name, text in given.items() if text is not None}
    try:
        settings = Settings.from_environ(
            os.environ, {"ASYNC_CALLBACK_BIND_HOST": CLI_BIND_HOST}
        ).override_variables(texts)
        dialect(settings.profile_name)
    except (SettingError, ServerProfileError) as error:
        usage_error(str(error))
    with ExitStack() as stack:
        url = settings.miner_url
        if url == REFERENCE:
            url = stack.enter_context(reference_miner())
            if "callback_base_url" not in settings.given:
                settings = replace(settings, callback_base_url=_ANY_PORT)
        found = [_told(each) for each in examine(settings, url)]
    trouble = SetupHealth.TROUBLE in found
    click.echo("A run would not work yet." if trouble else "A run can work.")
    sys.exit(ExitCode.SETUP_FAILED if trouble else ExitCode.PASS)


def _told(each: SetupAdvice) -> SetupHealth:
    click.echo(f"{each.health:<9}{each.what:<17}{each.told}")
    for cure in each.cures:
        click.echo(f"{'':<26}{cure}")
    return each.health


_flags(doctor)
