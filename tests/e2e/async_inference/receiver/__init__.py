"""The inside of the callback server: what arrives, where it is kept, what the dashboard shows."""
