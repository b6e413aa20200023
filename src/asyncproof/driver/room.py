"""Whether this machine has what many connections need: file descriptors and ports."""

import errno
import os
import resource
from pathlib import Path

PORT_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
BESIDE = 256  # descriptors for files, libraries, and pictures that are being written
# What a failed connection says when not the miner but this machine has run out of something.
EXHAUSTED = {
    errno.EMFILE: "this process has no file descriptor left; raise the limit (ulimit -n 65536)",
    errno.ENFILE: "this machine has no file descriptor left; raise fs.file-max",
    errno.EADDRNOTAVAIL: "this machine has no port left for a connection: the miner closes each "
    "connection after its answer, and closed ones keep their port for a minute; widen the range "
    "(sysctl -w net.ipv4.ip_local_port_range='1024 65535'), or poll less often",
    errno.ENOBUFS: "this machine has no memory left for connections",
}


def make_room(connections: int, callbacks: int) -> str:
    """Raise the limit of this process as far as it may be, for so many connections to the miner and
    so many callbacks at once. What is missing all the same, with the cure; empty where nothing is.
    """
    needed = connections + 2 * callbacks + BESIDE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        most = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
        if most < needed:
            return (
                f"{needed} file descriptors are needed ({connections} connections, {callbacks} "
                f"callbacks at once) and this process may have {most}: raise the hard limit "
                f"(ulimit -Hn {needed}, or LimitNOFILE={needed} for a service), or use fewer "
                "--connections"
            )
    ports = free_ports()
    if ports is not None and ports < connections:
        return (
            f"{connections} connections need as many ports and this machine has {ports}: widen "
            "the range (sysctl -w net.ipv4.ip_local_port_range='1024 65535')"
        )
    return ""


def free_ports(setting: Path = PORT_RANGE) -> int | None:
    """How many ports outgoing connections may use; None where the system does not tell."""
    try:
        low, high = map(int, setting.read_text().split())
    except (OSError, ValueError):
        return None
    return high - low + 1


def exhausted(number: int | None) -> str:
    """What has run out here, by the number of an error; empty where it is no matter of ours."""
    return f"{EXHAUSTED[number]} ({os.strerror(number)})" if number in EXHAUSTED else ""
