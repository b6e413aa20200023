"""Who may connect, and who may look at what was received.

Delivering callbacks needs a callback's own secret and is no matter of this module.
"""

import hashlib
import hmac
import ipaddress
import secrets
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

SHORTEST_TOKEN = 16
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")


def address(text: str | None) -> Address | None:
    """An IP address; an IPv4 address that came as IPv6 (``::ffff:192.0.2.1``) is the IPv4 one."""
    try:
        found = ipaddress.ip_address(text or "")
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def network(text: str) -> Network:
    """A network such as ``192.0.2.0/24``, or a single address.

    Raises:
        ValueError: it is neither.
    """
    found = ipaddress.ip_network(text.strip(), strict=False)
    if isinstance(found, ipaddress.IPv6Network) and found.subnet_of(_MAPPED):
        mapped = found.network_address.ipv4_mapped
        return ipaddress.ip_network(f"{mapped}/{found.prefixlen - 96}")
    return found


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens on ``host``."""
    found = address(host)
    return host == "localhost" if found is None else found.is_loopback


@dataclass(frozen=True, slots=True)
class AllowedNetworks:
    """Who may connect at all; without networks, everybody."""

    networks: tuple[Network, ...] = ()

    def admit(self, peer: str | None) -> bool:
        """Only the address of the connection counts, never what a header says of it."""
        found = address(peer)
        return not self.networks or any(
            found is not None and found.version == net.version and found in net
            for net in self.networks
        )


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who wants to look, as far as it can be known from the connection and the request.

    ``own`` is our address of the connection; ``forwarded`` whether a proxy says that it speaks for
    another; the rest is what was presented where a token is looked for.
    """

    peer: str | None
    own: str | None
    forwarded: bool = False
    bearer: Sequence[str] = ()
    query: Sequence[str] = ()
    cookies: Sequence[str] = ()

    @property
    def is_this_machine(self) -> bool:
        """Whether the request was made on this machine.

        A packet with our own address as its source cannot come from outside. Behind a proxy
        everybody seems to be here, so what a proxy forwards is not.
        """
        peer = address(self.peer)
        return (
            peer is not None
            and not self.forwarded
            and (peer.is_loopback or peer == address(self.own))
        )


@dataclass(frozen=True, slots=True)
class ViewAccess:
    """Looking needs ``token``; with ``local_is_free`` not on this machine."""

    token: str
    local_is_free: bool

    @property
    def cookie(self) -> str:
        """What a browser keeps in place of the token; the token cannot be found from it."""
        return hashlib.sha256(b"view cookie:" + _bytes(self.token)).hexdigest()

    def permits(self, viewer: Viewer) -> bool:
        """Compares in constant time. Of several tokens in one place none counts."""
        if self.local_is_free and viewer.is_this_machine:
            return True
        tokens = [p[0] for p in (viewer.bearer, viewer.query) if len(p) == 1]
        given = [_same(token, self.token) for token in tokens]
        return any([*given, *(_same(cookie, self.cookie) for cookie in viewer.cookies)])

    def is_shown_in_query(self, viewer: Viewer) -> bool:
        """Whether the token itself came in the url, where it should not stay."""
        return len(viewer.query) == 1 and _same(viewer.query[0], self.token)


def view_access(token: str | None) -> ViewAccess:
    """The given token for everybody; without one, a new token for other machines."""
    if token is not None:
        return ViewAccess(token, local_is_free=False)
    return ViewAccess(secrets.token_urlsafe(24), local_is_free=True)


def tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """
    Raises:
        OSError: one of the files cannot be read, or (ssl.SSLError) they are no such pair.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    # A key with a passphrase is refused; without this, the library asks for it on the terminal.
    context.load_cert_chain(certificate, key, password=lambda: "")
    return context


def cookies_named(name: str, headers: Iterable[str]) -> list[str]:
    """The values of one cookie in the ``Cookie`` headers; rubbish beside it is passed over."""
    pairs = (pair.partition("=") for header in headers for pair in header.split(";"))
    return [value.strip() for key, _, value in pairs if key.strip() == name]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _same(presented: str, due: str) -> bool:
    return hmac.compare_digest(_bytes(presented), _bytes(due))
