"""The callback server: receives callbacks, stores them, and shows them on a dashboard."""
