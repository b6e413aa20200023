"""What happened in a run: its events, how they are recorded, and the jobs built from them."""
