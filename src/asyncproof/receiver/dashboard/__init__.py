"""What the callback server shows in a browser."""
