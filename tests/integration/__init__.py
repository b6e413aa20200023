"""What starts processes, serves, or runs commands."""
