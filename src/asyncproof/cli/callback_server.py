"""``asyncproof callback-server``: the callback server as a process of its own."""

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path

import click

from asyncproof.cli import callback_options as given
from asyncproof.harness.exit_codes import ExitCode
from asyncproof.places import HOME
from asyncproof.receiver.access import (
    AllowedNetworks,
    ViewAccess,
    is_loopback,
    view_access,
)
from asyncproof.receiver.address_limits import AddressRules
from asyncproof.receiver.bodies import shape_of
from asyncproof.receiver.callback_log import CallbackLog
from asyncproof.receiver.callback_server import CallbackServer, CallbackServerError
from asyncproof.receiver.signatures import UNPROVEN
from asyncproof.receiver.storage.retention import Keep
from asyncproof.vocabulary import DOCUMENTED
from asyncproof.wire.dialect import Dialect

_PROOFS = {
    "header": "header {header}",
    "standard-webhooks": "signed as Standard Webhooks",
    "hub": "signed in X-Hub-Signature-256",
    UNPROVEN: "from anyone who knows the url",
}


async def serve(server: CallbackServer, greeting: Callable[[], str], log: CallbackLog) -> None:
    """Run a callback server until SIGINT or SIGTERM. The greeting is printed when it listens.

    Raises:
        CallbackServerError: it cannot start.
    """
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await server.start()
    gc.collect()
    gc.freeze()  # a later garbage collection of all imports would delay a callback
    click.echo(greeting())
    try:
        await ended.wait()
    finally:
        await server.stop()
        await log.close()


def _greeting(
    server: CallbackServer,
    proof: str,
    header: str,
    hosts: Collection[str],
    access: ViewAccess | None,
) -> str:
    lines = [
        f"callbacks   POST {server.url}/callback   ({_PROOFS[proof].format(header=header)})",
        f"dashboard   {server.url}/",
    ]
    if access is not None and access.local_is_free:
        lines.append(f"elsewhere   {_link(server, hosts, access.token)}   (other machines)")
    if server.control_url is not None:
        lines.append(f"control     {server.control_url}   (with the view token)")
    if server.forward is not None:
        lines.append(f"passed on   POST {server.forward}")
    lines += [
        f"stored in   {server.folder}   (images/, journal.ndjson)",
        "Ctrl-C stops it; stored files are never removed."
        if server.keep is None
        else "Ctrl-C stops it; stored files are removed by --keep only.",
    ]
    return "\n".join(lines)


def _to_stdout(text: str) -> None:
    """Past Python's own buffer, whose lock the end of the process would wait for."""
    os.write(sys.stdout.fileno(), text.encode())


def _link(server: CallbackServer, hosts: Collection[str], token: str) -> str:
    """What to open on another machine."""
    name = next((host for host in hosts if not is_loopback(host)), socket.gethostname())
    named = f"[{name}]" if ":" in name else name
    scheme = server.url.partition(":")[0]
    return f"{scheme}://{named}:{server.port}/?token={token}"


@click.command(name="callback-server")
@click.option("--host", envvar="ASYNC_CALLBACK_BIND_HOST", default="0.0.0.0", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), help="default: the port of --base-url")
@click.option(
    "--base-url",
    envvar="ASYNC_CALLBACK_BASE_URL",
    default="http://127.0.0.1:8092",
    show_default=True,
    help="the url that miners send callbacks to; the server listens on its port",
)
@click.option("--secret", envvar="ASYNC_CALLBACK_SECRET", default="test-secret", show_default=True)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=HOME / "mock_callbacks",
    help="default: mock_callbacks/ in the checkout, or in the current folder",
)
@click.option("--strict", is_flag=True, help="answer 422 to callbacks that break the protocol")
@click.option("--fsync", is_flag=True, help="make answered callbacks survive a power failure")
@click.option(
    "--forward",
    metavar="URL",
    callback=given.consumer_url,
    help="pass each stored callback on to this url, and tell the miner its answer",
)
@click.option(
    "--notify",
    metavar="COMMAND|URL",
    callback=given.command_or_url,
    help="tell this command (on its standard input) or url (by POST) of each damaged image, as a "
    "line of JSON",
)
@click.option(
    "--keep",
    "limits",
    multiple=True,
    metavar="30d|5GB",
    callback=given.keep_policy,
    help="remove callbacks older than this, or beyond the newest of this size; repeatable; "
    "default: nothing is ever removed",
)
@click.option(
    "--address-connections",
    type=click.IntRange(1),
    default=500,
    show_default=True,
    help="how many connections one address may have open",
)
@click.option(
    "--address-refusals",
    type=click.IntRange(1),
    default=100,
    show_default=True,
    help="how many requests without the right secret or token one address may make in a minute",
)
@click.option(
    "--control-port",
    type=click.IntRange(0, 65535),
    help="let runs on other machines, with the --view-token, prepare secrets and hostile answers "
    "through this port",
)
@click.option("--quiet", is_flag=True, help="no line for each callback")
@click.option(
    "--signature",
    type=click.Choice(list(_PROOFS)),
    help="how callbacks prove their sender: by the secret in a header, by a signature, or by "
    "nothing; default: as the profile says",
)
@click.option(
    "--profile",
    "spoken",
    metavar="NAME",
    envvar="ASYNC_PROFILE",
    default=DOCUMENTED,
    callback=given.spoken_dialect,
    help="whose callbacks these are: a shipped profile or a TOML file (docs/profiles.md)",
)
@click.option(
    "--also-secret",
    "also",
    multiple=True,
    metavar="SECRET",
    help="an older secret that is still accepted; repeatable",
)
@click.option(
    "--view-token",
    envvar="ASYNC_CALLBACK_VIEW_TOKEN",
    callback=given.view_token,
    help="what everybody must present to look at the dashboard and the lists; default: a new one "
    "for other machines, printed at start, and none on this machine",
)
@click.option("--no-view-token", is_flag=True, help="let everybody look who can connect")
@click.option(
    "--allow-ip",
    "allowed",
    multiple=True,
    metavar="NETWORK",
    callback=given.allowed_networks,
    help="who may connect, such as 192.0.2.0/24; repeatable; default: everybody",
)
@click.option("--cert", type=click.Path(path_type=Path), help="TLS certificate chain (PEM)")
@click.option("--key", type=click.Path(path_type=Path), help="the certificate's private key (PEM)")
def callback_server(
    *,
    host: str,
    port: int | None,
    base_url: str,
    secret: str,
    folder: Path,
    strict: bool,
    fsync: bool,
    forward: str | None,
    notify: str | None,
    limits: Keep | None,
    address_connections: int,
    address_refusals: int,
    control_port: int | None,
    quiet: bool,
    signature: str | None,
    spoken: Dialect,
    also: tuple[str, ...],
    view_token: str | None,
    no_view_token: bool,
    allowed: AllowedNetworks,
    cert: Path | None,
    key: Path | None,
) -> None:
    """Receive callbacks, store them, and show them live in the browser."""
    if view_token is not None and no_view_token:
        raise click.UsageError("--view-token and --no-view-token exclude each other")
    asked, shape = spoken.profile.callback, shape_of(spoken)
    signature = signature or (asked.proof if asked else "header")
    open_to_all = no_view_token or (view_token is None and is_loopback(host))
    tls = given.tls_of(cert, key)
    given.check_secrets(signature, (secret, *also))
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    public = given.public_url(base_url)
    hosts = [public.hostname] if public.hostname else []
    access = None if open_to_all else view_access(view_token)
    log = CallbackLog(_to_stdout)
    server = CallbackServer(
        folder,
        host=host,
        port=port if port is not None else public.port or 80,
        secret=secret,
        strict=strict,
        fsync=fsync,
        hosts=hosts,
        access=access,
        allowed=allowed,
        tls=tls,
        also=also,
        signature=signature,
        forward=forward,
        notify=notify,
        keep=limits,
        by_address=AddressRules(address_connections, address_refusals),
        control=given.control_rules(control_port, view_token),
        on_event=None if quiet else log,
        shape=shape,
    )
    greeting = partial(_greeting, server, signature, shape.header, hosts, access)
    try:
        asyncio.run(serve(server, greeting, log))
    except CallbackServerError as error:
        click.echo(str(error), err=True)
        raise SystemExit(ExitCode.SETUP_FAILED) from None
