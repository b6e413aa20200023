"""Whether a job is alive: clocks, time limits, and what is normal for a miner."""
