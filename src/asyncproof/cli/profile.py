"""``asyncproof profile``: try the profile of a server, or draft one from its OpenAPI document."""

import os
import sys
from pathlib import Path

import click

from asyncproof.cli.usage import usage_error
from asyncproof.harness.exit_codes import ExitCode
from asyncproof.run.preflight import SetupError
from asyncproof.run.profile_check import try_one_job, understood
from asyncproof.run.profile_places import Overheard
from asyncproof.settings import SettingError, Settings
from asyncproof.wire import profile as profiles
from asyncproof.wire.dialect import Dialect, Query, dialect
from asyncproof.wire.draft import DraftError, draft
from asyncproof.wire.profile import JOB
from asyncproof.workload.special_cases import ID_OF_THE_FIRST

ANY_PORT = "http://127.0.0.1:0"


@click.group()
def profile() -> None:
    """Describe a server to the suite: what it is sent, and what its answers mean.

    docs/profiles.md tells how to write one.
    """


@profile.command("list")
def listed() -> None:
    """List the shipped profiles."""
    for name in profiles.shipped_names():
        click.echo(f"{name:<12}{profiles.load(name).description}")


@profile.command()
@click.argument("file")
@click.option("--url", help="Try it with one job on the server at this url.")
@click.option("--size", help="Size of the picture (ASYNC_IMAGE_SIZE).")
@click.option("--callback-base", help="Where the server reaches us (ASYNC_CALLBACK_BASE_URL).")
@click.option("--job-timeout", help="Seconds that the job may take (ASYNC_JOB_TIMEOUT).")
def check(file: str, url: str | None, **given: str | None) -> None:
    """Check FILE (or a shipped profile by its name), and show what it means to the suite.

    With --url, one job is sent, followed and fetched. Exits with 1 if something was not understood.
    """
    try:
        spoken = dialect(file)
    except profiles.ServerProfileError as error:
        usage_error(str(error))
    _show(spoken)
    if url is None:
        return
    heard = Overheard(spoken.profile)
    try:
        settings = _settings(file, url, given)
        click.echo(f"Trying it with one job at {url}, which may take {settings.job_timeout:g} s:")
        history = try_one_job(settings, heard)
    except SettingError as error:
        usage_error(str(error))
    except SetupError as error:
        click.echo(f"Nothing was tried. {error}", err=True)
        sys.exit(ExitCode.SETUP_FAILED)
    lines = list(understood(heard, history))
    for line in lines:
        click.echo(f"{line.mark:<9}{line.what:<19}{line.told}")
    good = all(line.good for line in lines)
    click.echo("The profile fits." if good else "The profile does not fit yet.")
    sys.exit(ExitCode.PASS if good else ExitCode.FINDINGS)


def _settings(file: str, url: str, given: dict[str, str | None]) -> Settings:
    variables = {
        "size": "ASYNC_IMAGE_SIZE",
        "callback_base": "ASYNC_CALLBACK_BASE_URL",
        "job_timeout": "ASYNC_JOB_TIMEOUT",
    }
    texts = {variables[name]: text for name, text in given.items() if text is not None}
    defaults = {"ASYNC_CALLBACK_BASE_URL": ANY_PORT}
    chosen = {"ASYNC_PROFILE": file, "ASYNC_MINER_URL": url}
    return Settings.from_environ(os.environ, defaults).override_variables(texts | chosen)


def _show(spoken: Dialect) -> None:
    described = spoken.profile
    click.echo(f"{described.name}: {described.description or 'no description'}")
    asked = " and ".join(_by_id(query) for query in spoken.questions(ID_OF_THE_FIRST).values())
    words = ", ".join(f"{theirs} means {ours}" for theirs, ours in spoken.states.items())
    click.echo(f"  submit    {spoken.spoken.submit}")
    click.echo(f"  ask       {asked or 'not possible'}")
    cancelled = spoken.cancellation(ID_OF_THE_FIRST)
    click.echo(f"  cancel    {_by_id(cancelled) if cancelled else 'not possible'}")
    click.echo(f"  callback  {_callback(spoken)}")
    click.echo(f"  words     {words or 'none'}")
    if not spoken.tells_failures:
        click.echo("            nothing means failed: a failed job would be waited for in vain")
    reasons = dict.fromkeys(spoken.lacks.values())
    click.echo("  does not apply:" if reasons else "  every clause applies")
    for reason in reasons:
        click.echo(f"    {reason}")


def _by_id(query: Query) -> str:
    """As a profile writes it."""
    return str(query).replace(ID_OF_THE_FIRST, JOB)


def _callback(spoken: Dialect) -> str:
    table = spoken.profile.callback
    if table is None:
        return "none"
    proof = f"{table.proof} {table.header}" if table.proof == "header" else table.proof
    within = table.retry_within
    again = f", again within {within:g} s where it was not taken" if within is not None else ""
    events = ", about all events" if spoken.notices else ""
    return f"{table.body}, proven by {proof}, {table.promise}{again}{events}"


@profile.command()
@click.option("--openapi", "source", required=True, help="Url or file of an OpenAPI document.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write it to a file.")
def learn(source: str, out: Path | None) -> None:
    """Write a first draft of a profile from a server's OpenAPI document.

    What is guessed is marked. Go through the draft, then try it with `asyncproof profile check`.
    """
    try:
        text = draft(_read(source), source)
    except (DraftError, OSError) as error:
        usage_error(f"{source}: {error}")
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
        click.echo(f"{out}: go through it, then: asyncproof profile check {out} --url ...")


def _read(source: str) -> bytes:
    if not source.startswith(("http://", "https://")):
        return Path(source).read_bytes()
    import requests  # noqa: PLC0415 - half a second that only this needs

    answer = requests.get(source, timeout=30)
    if answer.status_code != 200:
        raise DraftError(f"answered {answer.status_code}")
    return answer.content
