"""Following the jobs of a live miner: ``watch`` decides, ``looker`` asks, ``screen`` shows."""
