"""What a look at a miner and at one job says about the settings, as values. Pure."""

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from urllib.parse import urlsplit

from asyncproof.facts.delivery_outcome import CLOCKS_DIFFER
from asyncproof.history.events import Delivered
from asyncproof.history.history import History, JobRecord
from asyncproof.settings import Settings, variable
from asyncproof.text import quoted

DOCKER_GATEWAY = "172.17.0.1"  # of a Docker that was not told otherwise
_BRIDGES = ("docker", "br-", "podman", "cni")
EVERYWHERE = "0.0.0.0"


class SetupHealth(StrEnum):
    """How one thing is, in the words of the report."""

    OK = "ok"
    WARNING = "warning"
    TROUBLE = "trouble"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SetupAdvice:
    """One thing that was looked at, what it is like, and what to set or do about it."""

    what: str
    health: SetupHealth
    told: str
    cures: tuple[str, ...] = ()


def ok(what: str, told: str) -> SetupAdvice:
    return SetupAdvice(what, SetupHealth.OK, told)


def unknown(what: str, told: str) -> SetupAdvice:
    return SetupAdvice(what, SetupHealth.UNKNOWN, told)


def warning(what: str, told: str, *cures: str) -> SetupAdvice:
    return SetupAdvice(what, SetupHealth.WARNING, told, cures)


def trouble(what: str, told: str, *cures: str) -> SetupAdvice:
    """What keeps a run from working."""
    return SetupAdvice(what, SetupHealth.TROUBLE, told, cures)


@dataclass(frozen=True, slots=True)
class OwnAddresses:
    """Where this machine is: its address on the way to the miner, and its interfaces' addresses."""

    towards_miner: str
    addresses: Mapping[str, Sequence[str]]

    @property
    def gateways(self) -> list[str]:
        """Addresses under which containers on this machine reach it."""
        return [
            address
            for name, addresses in self.addresses.items()
            if name.startswith(_BRIDGES)
            for address in addresses
            if ":" not in address
        ]

    @property
    def every(self) -> set[str]:
        return {address for addresses in self.addresses.values() for address in addresses}


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def callback_url(settings: Settings, own: OwnAddresses, miner: Sequence[str]) -> SetupAdvice:
    """Whether a miner at these addresses can know the callback url as this machine's.

    Only that: whether it can connect, only a job tells.
    """
    what, base = "callback url", urlsplit(settings.callback_base_url)
    host, bind = base.hostname or "", settings.callback_bind_host or base.hostname or ""
    if settings.external_callback:
        told = f"{settings.callback_base_url} belongs to another callback server"
        return ok(what, told)
    if is_loopback(host) and not all(map(is_loopback, miner)):
        told = f"{host} is, for a miner at {miner[0]}, that machine itself"
        return trouble(what, told, address(settings, own.towards_miner))
    if not is_loopback(host) and is_loopback(bind):
        told = f"the server listens on {bind} only, and miners are sent to {host}"
        return trouble(what, told, f"set {variable('callback_bind_host')}={EVERYWHERE}")
    if is_loopback(host):
        told = f"{host}: right for a miner on this machine, but not for one in a container"
        return ok(what, told)
    if _is_address(host) and host not in own.every:
        told = f"{host} is not an address of this machine: something must forward it here"
        return warning(what, told, address(settings, own.towards_miner))
    return ok(what, f"miners are sent to {settings.callback_base_url}")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def address(settings: Settings, host: str) -> str:
    """What to set so that callbacks come to this address of ours, in one line."""
    base = urlsplit(settings.callback_base_url)
    named = f"[{host}]" if ":" in host else host
    port = "" if base.port is None else f":{base.port}"
    told = f"{variable('callback_base_url')}={base.scheme}://{named}{port}"
    return f"set {told} {variable('callback_bind_host')}={'::' if ':' in host else EVERYWHERE}"


def clock(settings: Settings, ahead: float | None) -> SetupAdvice:
    """The miner's clock, ``ahead`` seconds of ours (None: it does not tell), against expiries."""
    what, expiry = "clock", settings.expiry_minutes * 60
    if ahead is None:
        told = "the miner's answers have no Date, so its clock cannot be compared with ours"
        return unknown(what, told)
    if abs(ahead) <= CLOCKS_DIFFER:
        return ok(what, f"the miner's agrees with ours within {CLOCKS_DIFFER:g} s")
    told = f"the miner's is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} ours"
    synchronise = "synchronise both clocks (NTP)"
    if ahead >= expiry:
        told += f": a job that expires after {settings.expiry_minutes:g} min has expired on arrival"
        minutes = ceil(ahead / 60 + settings.expiry_minutes)
        cures = (synchronise, f"or set {variable('expiry_minutes')}={minutes}")
        return trouble(what, told, *cures)
    return warning(what, f"{told}: expiries are off by as much", synchronise)


def proof(settings: Settings, history: History, own: OwnAddresses) -> Iterator[SetupAdvice]:
    """What one job showed: whether it was taken, ended well, and whether its callback came."""
    job = next(iter(history))
    if not job.accepted:
        yield _not_accepted(settings, job)
        return
    yield _ending(settings, job)
    if job.submitted.expects_callback:
        yield _callback(settings, job, history, own)


def _not_accepted(settings: Settings, job: JobRecord) -> SetupAdvice:
    answered = job.answered
    said = "nothing" if answered is None else answered.error or str(answered.status_code)
    body = f" {quoted(answered.body)}" if answered is not None and answered.body else ""
    names = ("image_size", "inference_steps", "profile" if settings.profile else "endpoint")
    cures = tuple(f"check {variable(name)} (now {_shown(settings, name)})" for name in names)
    return trouble("one job", f"it was not accepted: {said}{body}", *cures)


def _shown(settings: Settings, name: str) -> str:
    return settings.described()[variable(name)]


def _ending(settings: Settings, job: JobRecord) -> SetupAdvice:
    what, end = "one job", job.terminal
    if end is None:
        waited = f"; last state {job.final_status or 'unknown'}"
        cures = (
            f"raise {variable('job_timeout')} (now {settings.job_timeout:g} s) if it is only slow",
        )
        return trouble(what, f"it did not end{waited}", *cures)
    took = f"{job.since_submission(end.at):.1f} s"
    if not job.completed:
        said = f": {quoted(end.job_error)}" if end.job_error else ""
        return trouble(what, f"it ended as {end.status} after {took}{said}")
    size = _shown(settings, "image_size")
    return ok(what, f"an image of {size} in {settings.inference_steps} steps took {took}")


def _callback(
    settings: Settings, job: JobRecord, history: History, own: OwnAddresses
) -> SetupAdvice:
    what, came = "its callback", job.deliveries or history.orphans
    good = next((d for d in job.own_deliveries if d.stored and d.secret == "match"), None)
    if good is not None:
        told = f"came {job.since_submission(good.at):.1f} s after the submission, with its secret"
        return ok(what, told)
    if came:
        return trouble(what, f"came, and was not taken: {_why(came[-1])}")
    if job.terminal is None:
        return unknown(what, "did not come, and neither did the end of the job")
    says = _says(job)
    cures = [address(settings, own.towards_miner)]
    if is_loopback(own.towards_miner):
        gateway = next(iter(own.gateways), DOCKER_GATEWAY)
        cures = [
            f"if the miner is in a container here: {address(settings, gateway)}",
            "or run the container with --network host",
            f"if it is elsewhere: set {variable('callback_base_url')} to a url that it can reach",
        ]
    told = f"did not come to {settings.callback_base_url}{says}"
    return trouble(what, told, *cures)


def _why(delivery: Delivered) -> str:
    if delivery.secret != "match":
        return f"its secret is {delivery.secret}, and must be the callback_secret of its job"
    return delivery.broken or delivery.answer or f"answered {delivery.answered}"


def _says(job: JobRecord) -> str:
    """What the miner reports of its attempt."""
    section = job.section
    if section is None:
        return "; the miner reports nothing of it"
    parts = [section.status, section.status_code and str(section.status_code), section.error]
    return f"; the miner reports {quoted(', '.join(str(p) for p in parts if p))}"
