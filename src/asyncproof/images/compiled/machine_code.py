"""How the loops are compiled; importing this needs numba."""

from collections.abc import Callable
from typing import Any, TypeVar

import numba

F = TypeVar("F", bound=Callable[..., Any])


def machine_code(function: F) -> F:
    """Compile once for all processes: the machine code is kept beside its file."""
    fast: F = numba.njit(cache=True, nogil=True, boundscheck=False)(function)
    return fast


def inlined(function: F) -> F:
    """A part of the loops that call it."""
    fast: F = numba.njit(cache=True, nogil=True, inline="always")(function)
    return fast
