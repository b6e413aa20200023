"""A picture beside its idle reference: the same request, made while the miner did nothing else."""
