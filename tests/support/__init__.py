"""What several test modules share: hand-written histories, files, servers, ways to start things."""
