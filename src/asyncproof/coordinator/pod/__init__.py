"""The programs in a suite's pod: one container runs the suite, one sends its events.

Standard library only. The two share a folder; see ``entry.py`` and ``sidecar.py``.
"""
