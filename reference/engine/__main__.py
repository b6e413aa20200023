"""``python -m reference.engine ADDRESS``: one engine, for the processes of a reference miner."""

from pathlib import Path

import click
import torch

from reference.engine.names import DTYPES, FAULTS
from reference.engine.server import run


@click.command()
@click.argument("address", type=click.Path(path_type=Path))
@click.option("--dtype", type=click.Choice(DTYPES), default="float32")
@click.option("--max-batch", default=4, help="jobs that share a forward pass")
@click.option("--threads", default=1, help="of the processor; more help little at this size")
@click.option("--fault", type=click.Choice(sorted(FAULTS)), default=None)
def main(address: Path, dtype: str, max_batch: int, threads: int, fault: str | None) -> None:
    """Sample pictures of orders that come to the socket ADDRESS."""
    torch.set_num_threads(threads)
    run(address, dtype=dtype, largest=max_batch, fault=fault or "")


if __name__ == "__main__":
    main()
