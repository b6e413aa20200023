"""A verdict as one page for a browser: offline, in one file, without a framework."""
