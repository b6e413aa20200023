"""What needs no process, no browser and no server."""
