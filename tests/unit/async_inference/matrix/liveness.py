"""Hung jobs: what each kind of hang looks like from outside."""

from tests.unit.async_inference.matrix.row import Row, row

BURST = "test_race_conditions.py::test_rapid_concurrent_inference"

ROWS: tuple[Row, ...] = (row("hang:42", "LIV-2", BURST),)
