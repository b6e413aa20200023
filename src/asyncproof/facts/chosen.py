"""The settings that a run was given, as its history tells them."""

from asyncproof.history.history import History
from asyncproof.settings import Settings, variable


def seconds(history: History, name: str) -> float:
    """The setting of this name (``poll_interval``); its default where the history has none."""
    told = history.started.settings if history.started else {}
    return float(told.get(variable(name), getattr(Settings(), name)))
