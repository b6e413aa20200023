"""The same statistics compiled with numba, where it is installed."""
