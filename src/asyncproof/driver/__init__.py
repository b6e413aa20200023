"""Many jobs in flight against a miner: submit, poll, fetch."""
