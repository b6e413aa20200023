"""What is given to ``asyncproof callback-server``: read, or refused with the cure."""

import shlex
import shutil
import ssl
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import click

from asyncproof.nemesis import ALL
from asyncproof.receiver.access import SHORTEST_TOKEN, AllowedNetworks, network, tls_context
from asyncproof.receiver.control import ControlRules
from asyncproof.receiver.signatures import signature_scheme
from asyncproof.receiver.storage.retention import Keep, keep
from asyncproof.settings import CALLBACK_URL
from asyncproof.wire.dialect import Dialect, dialect
from asyncproof.wire.profile import ServerProfileError


def view_token(_context: click.Context, _option: click.Parameter, text: str | None) -> str | None:
    if text is not None and not (len(text) >= SHORTEST_TOKEN and text.isprintable()):
        raise click.BadParameter(f"at least {SHORTEST_TOKEN} printable characters are needed")
    return text


def spoken_dialect(_context: click.Context, _option: click.Parameter, name: str) -> Dialect:
    try:
        return dialect(name)
    except ServerProfileError as error:
        raise click.BadParameter(str(error)) from None


def allowed_networks(
    _context: click.Context, _option: click.Parameter, texts: tuple[str, ...]
) -> AllowedNetworks:
    try:
        return AllowedNetworks(tuple(map(network, texts)))
    except ValueError as error:
        raise click.BadParameter(f"{error}; use for example 192.0.2.0/24") from None


def consumer_url(_context: click.Context, _option: click.Parameter, url: str | None) -> str | None:
    if url is not None:
        try:
            CALLBACK_URL.read(url)
        except ValueError:
            raise click.BadParameter(f"it must be {CALLBACK_URL.allowed}") from None
    return url


def command_or_url(
    _context: click.Context, _option: click.Parameter, text: str | None
) -> str | None:
    """A url, or a command that is there."""
    if text is None or text.startswith(("http://", "https://")):
        return text
    try:
        command = shlex.split(text)
    except ValueError as error:
        raise click.BadParameter(f"it cannot be read as a command: {error}") from None
    if not command or shutil.which(command[0]) is None:
        raise click.BadParameter(f"there is no command {text.split(' ')[0]!r} here")
    return text


def keep_policy(
    _context: click.Context, _option: click.Parameter, texts: tuple[str, ...]
) -> Keep | None:
    try:
        return keep(texts) if texts else None
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def control_rules(port: int | None, token: str | None) -> ControlRules | None:
    if port is None:
        return None
    if token is None:
        raise click.UsageError("--control-port needs a --view-token")
    return ControlRules(port, token, {type(each).__name__: type(each) for each in ALL})


def tls_of(cert: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if cert is None and key is None:
        return None
    if cert is None or key is None:
        raise click.UsageError("--cert and --key are needed together")
    try:
        return tls_context(cert, key)
    except OSError as error:
        raise click.UsageError(
            f"--cert {cert} and --key {key} cannot be used as a certificate and its key: {error}"
        ) from None


def public_url(base_url: str) -> SplitResult:
    try:
        public = urlsplit(base_url)
        _ = public.port
    except ValueError:
        raise click.BadParameter(
            f"{base_url!r} has no usable port", param_hint="--base-url"
        ) from None
    return public


def check_secrets(signature: str, secrets: Sequence[str]) -> None:
    """Refuses secrets that callbacks cannot be signed with."""
    try:
        signature_scheme(signature, secrets)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--secret") from None
