"""What runs inside a suite's pod: one container runs the suite, one hands its events out.

Standard library only. The two share a folder; see ``entry.py`` and ``keeper.py``.
"""
