"""End-to-end tests for asynchronous inference servers: run, record everything, then judge."""

__version__ = "0.1.0"
