"""What correct miners may do differently, built like the faults."""

from reference.catalog import Families
from reference.miner.variations import answers, course, network

VARIATIONS: Families = {
    "answers and callbacks": answers,
    "how jobs run": course,
    "between client and miner": network,
}
