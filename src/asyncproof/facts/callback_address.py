"""Where nothing at all came in, the first suspect is the address that the miner was told. Pure."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from asyncproof.history.history import History
from asyncproof.settings import variable

BASE, BIND = variable("callback_base_url"), variable("callback_bind_host")


def nothing_came(history: History) -> str:
    """Which address the miner was told, where we listen, and what to set; empty where something
    came to the port, or where it is not known where we listened."""
    listening, jobs = history.listening, (history.known or history.jobs).values()
    came = any(job.callbacks for job in jobs) or history.orphans
    if listening is None or came:
        return ""
    return (
        f"nothing at all came to {listening.host}:{listening.port}, where we listen; the miner was "
        f"told {listening.told}. {_cure(history, listening.told)}"
    )


def _cure(history: History, told: str) -> str:
    miner = urlsplit(history.started.target).hostname if history.started else None
    if is_loopback(urlsplit(told).hostname) and not is_loopback(miner):
        return (
            f"That is the miner's own machine, not this one: set {BASE} to an address of this "
            f"machine that the miner can reach, and {BIND} to 0.0.0.0"
        )
    return (
        f"In a container, {told} is the container itself: set {BASE} to the address of its host "
        f"(Docker: its gateway, or host.docker.internal) and {BIND} to 0.0.0.0; else look for a "
        "firewall. `asyncproof doctor` tries it with one job"
    )


def is_loopback(host: str | None) -> bool:
    """Whether this host name or address is the machine's own."""
    if host is None or host == "localhost":
        return host is not None
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
