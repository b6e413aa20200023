"""Looks at a miner and the way back from it, with one job, before GPU time is spent."""

import asyncio
import http.client
import socket
import ssl
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import psutil

from asyncproof.driver.http_client import HttpClient
from asyncproof.history.recorder import Recorder
from asyncproof.run import doctor_advice as advice
from asyncproof.run.doctor_advice import OwnAddresses, SetupAdvice, SetupHealth
from asyncproof.run.preflight import SetupError, greet_miner
from asyncproof.run.testbed import Testbed
from asyncproof.settings import Settings
from asyncproof.wire.dialect import dialect
from asyncproof.workload.scenario import a_job, burst

PATIENCE = 5.0  # seconds for one connection
_MINER = "ASYNC_MINER_URL"


@dataclass(frozen=True, slots=True)
class MinerRoute:
    """The miner's url and the addresses that its name stands for."""

    url: SplitResult
    addresses: tuple[str, ...]

    @property
    def host(self) -> str:
        return self.url.hostname or ""

    @property
    def port(self) -> int:
        return self.url.port or (443 if self.url.scheme == "https" else 80)

    def with_host(self, host: str, scheme: str | None = None) -> str:
        """What to set for another host or scheme."""
        named = f"[{host}]" if ":" in host else host
        port = "" if self.url.port is None else f":{self.url.port}"
        changed = self.url._replace(netloc=f"{named}{port}", scheme=scheme or self.url.scheme)
        return f"set {_MINER}={changed.geturl()}"


def examine(settings: Settings, miner_url: str) -> Iterator[SetupAdvice]:
    """One thing after the other, as far as each needs those before it."""
    route, named = look_up(miner_url)
    yield named
    if not route.addresses:
        return
    reached = connections(route)
    yield reached
    if reached.health is SetupHealth.TROUBLE:
        return
    spoken = list(_speaks(settings, route))
    yield from spoken
    if any(each.health is SetupHealth.TROUBLE for each in spoken):
        return
    yield advice.clock(settings, clock_ahead(route))
    own = look_around(route)
    callback = advice.callback_url(settings, own, route.addresses)
    yield callback
    if callback.health is not SetupHealth.TROUBLE:
        yield from _try_a_job(settings, miner_url, own)


def look_up(miner_url: str) -> tuple[MinerRoute, SetupAdvice]:
    """The addresses of the miner's name."""
    url = urlsplit(miner_url)
    route = MinerRoute(url, ())
    try:
        found = socket.getaddrinfo(route.host, route.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        told = f"{route.host} has no address: {error}"
        cures = (f"set {_MINER} to a name or an address that this machine knows",)
        return route, advice.trouble("miner's name", told, *cures)
    addresses = tuple(dict.fromkeys(str(f[4][0]) for f in found))
    told = f"{route.host} is {' and '.join(addresses)}"
    return replace(route, addresses=addresses), advice.ok("miner's name", told)


def connections(route: MinerRoute) -> SetupAdvice:
    """Whether each address takes connections; a name may have one that does not."""
    outcomes = {address: _connects(address, route.port) for address in route.addresses}
    good = [address for address, error in outcomes.items() if not error]
    bad = [f"{address} {error}" for address, error in outcomes.items() if error]
    if not good:
        told = f"port {route.port}: {', '.join(bad)}"
        cures = ("start the miner", f"or set {_MINER} to its address")
        return advice.trouble("connection", told, *cures)
    if bad:
        told = f"{good[0]} takes connections on port {route.port}, {', '.join(bad)}"
        return advice.warning("connection", told, route.with_host(good[0]))
    return advice.ok("connection", f"port {route.port} takes connections")


def _connects(address: str, port: int) -> str:
    """Why it does not; empty if it does."""
    try:
        socket.create_connection((address, port), PATIENCE).close()
    except TimeoutError:
        return f"says nothing for {PATIENCE:g} s"
    except ConnectionRefusedError:
        return "refuses connections"
    except OSError as error:
        return f"cannot be reached ({error.strerror})"
    return ""


def _speaks(settings: Settings, route: MinerRoute) -> Iterator[SetupAdvice]:
    """TLS where the url says so, and the answers of a miner."""
    if route.url.scheme == "https":
        secured = tls(route)
        yield secured
        if secured.health is SetupHealth.TROUBLE:
            return
    yield asyncio.run(_is_a_miner(settings, route))


def tls(route: MinerRoute) -> SetupAdvice:
    """Whether the miner's certificate is one that this machine trusts."""
    try:
        with (
            socket.create_connection((route.addresses[0], route.port), PATIENCE) as plain,
            ssl.create_default_context().wrap_socket(plain, server_hostname=route.host) as secured,
        ):
            return advice.ok("TLS", f"{secured.version()}, with a trusted certificate")
    except ssl.SSLCertVerificationError as error:
        cures = ("set SSL_CERT_FILE to a file with the certificate of its authority",)
        told = f"the certificate is not trusted: {error.verify_message}"
        return advice.trouble("TLS", told, *cures)
    except OSError as error:
        told = f"the port does not speak TLS ({error})"
        return advice.trouble("TLS", told, route.with_host(route.host, "http"))


async def _is_a_miner(settings: Settings, route: MinerRoute) -> SetupAdvice:
    url, spoken = route.url.geturl(), dialect(settings.profile_name)
    async with HttpClient.connected(url, time.monotonic, dialect=spoken) as exchange:
        try:
            await greet_miner(exchange, url, spoken)
        except SetupError as error:
            cures: tuple[str, ...] = ()
            if route.url.scheme == "http" and tls(route).health is SetupHealth.OK:
                cures = (route.with_host(route.host, "https"),)
            return advice.trouble("miner", str(error), *cures)
    return advice.ok("miner", f"{url} answers as one")


def clock_ahead(route: MinerRoute) -> float | None:
    """By how many seconds the miner's clock is ahead of ours, from the Date of an answer."""
    secured = route.url.scheme == "https"
    kind = http.client.HTTPSConnection if secured else http.client.HTTPConnection
    connection = kind(route.host, route.port, timeout=PATIENCE)
    try:
        connection.request("GET", route.url.path.rstrip("/") + "/")
        asked = time.time()
        told = connection.getresponse().getheader("Date")
        return parsedate_to_datetime(told or "").timestamp() - asked
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()


def look_around(route: MinerRoute) -> OwnAddresses:
    """This machine's addresses; no packet is sent."""
    address = route.addresses[0]
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((address, route.port))
        towards = str(probe.getsockname()[0])
    families = (socket.AF_INET, socket.AF_INET6)
    interfaces = {
        name: [each.address.partition("%")[0] for each in addresses if each.family in families]
        for name, addresses in psutil.net_if_addrs().items()
    }
    return OwnAddresses(towards, interfaces)


def _try_a_job(settings: Settings, miner_url: str, own: OwnAddresses) -> Iterator[SetupAdvice]:
    """One job at the size of the settings, and what came to the callback port."""
    with tempfile.TemporaryDirectory() as folder:
        apart = replace(settings, callback_folder=Path(folder) / "callbacks")
        try:
            with Testbed.open(apart, miner_url, Recorder(Path(folder)), seed=1) as testbed:
                history = testbed.run(burst([a_job(1)]))
        except SetupError as error:
            yield advice.trouble("callback server", str(error))
            return
        yield from advice.proof(apart, history, own)
