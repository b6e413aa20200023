"""The matrix: what each fault of the reference miner makes the suite report, and nothing else.

One table a family; a new table gets its row here.
"""

from tests.matrix.miner import (
    basics,
    delivery,
    engine,
    every_job,
    expiry,
    health,
    liveness,
    pictures,
    polling,
    secrecy,
    submission,
    whose,
)
from tests.matrix.miner.row import Row

ROWS: tuple[Row, ...] = (
    *basics.ROWS,
    *delivery.ROWS,
    *engine.ROWS,
    *every_job.ROWS,
    *expiry.ROWS,
    *health.ROWS,
    *liveness.ROWS,
    *pictures.ROWS,
    *polling.ROWS,
    *secrecy.ROWS,
    *submission.ROWS,
    *whose.ROWS,
)
