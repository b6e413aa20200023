"""The matrices: what each fault of a reference server makes its suite report, and nothing else."""
