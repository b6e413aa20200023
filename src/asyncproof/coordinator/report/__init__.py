"""Views of a suite's result, all made from its events."""
