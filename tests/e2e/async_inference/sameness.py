"""Whether equal requests got equal files: customers compare pictures of miners by their SHA-256."""

from itertools import pairwise

from tests.e2e.async_inference.checks.identity import drawn, twins
from tests.e2e.async_inference.run_history import RunHistory


def lines(history: RunHistory) -> list[str]:
    """One line about a whole run; none where no two jobs asked for the same picture.

    Pictures that differ a little are allowed; the line says only what was seen.
    """
    pairs = [pair for group in twins(history) for pair in pairwise(group)]
    if not pairs:
        return []
    differ = sum(drawn(one) != drawn(other) for one, other in pairs)
    seen = f"{len(pairs)} pair{'s' * (len(pairs) != 1)} of equal requests"
    how = f"in {differ} the files differ" if differ else "the same file each time"
    return [f"Repeatable to the byte: {'no' if differ else 'yes'} ({seen}, {how})"]
