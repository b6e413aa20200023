"""Pytest plugins for any suite: put this folder on PYTHONPATH and name one with ``-p``.

They import pytest and the standard library only, so that they run in a suite's own environment.
"""
