"""How the processes below a supervisor are kept together, determined once by trying.

How well it holds when the runner or a process misbehaves depends on the system:

* ``NAMESPACE`` (Linux, where user namespaces are allowed): the supervisor is the first process of a
  PID namespace, and the kernel itself kills everything in it when the supervisor ends;
* ``SUBREAPER`` (any other Linux): orphans become children of the supervisor, which kills them; they
  would survive only if the supervisor itself were killed;
* ``GROUP`` (other systems): the supervisor kills the process group. A process that starts a session
  of its own escapes.
"""

import contextlib
import subprocess
import sys
from enum import StrEnum
from functools import cache


class Containment(StrEnum):
    """How the processes are kept together; see the module's docstring."""

    NAMESPACE = "namespace"
    SUBREAPER = "subreaper"
    GROUP = "group"


@cache
def containment() -> Containment:
    """The best kind that this system allows, found by trying it (some 10 ms, once)."""
    if sys.platform != "linux":
        return Containment.GROUP
    return Containment.NAMESPACE if namespace_command() else Containment.SUBREAPER


@cache
def namespace_command() -> tuple[str, ...]:
    """The command that opens a PID namespace for the command after it; empty if not allowed."""
    pid_namespace = ("--pid", "--fork", "--kill-child=KILL", "--mount-proc")
    for user_namespace in ((), ("--user", "--map-current-user"), ("--user", "--map-root-user")):
        command = ("unshare", *user_namespace, *pid_namespace)
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            subprocess.run([*command, "true"], check=True, capture_output=True, timeout=5)
            return command
    return ()
