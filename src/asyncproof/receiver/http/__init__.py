"""The callback server as an HTTP server: connections, bodies, delivery attempts."""
