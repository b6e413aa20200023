"""What a run asks for: jobs, load shapes, special cases. Values only."""
