"""What a hostile or weak network does to the callbacks of a correct miner, one act a file."""

from tests.e2e.async_inference.nemesis.answers_error import AnswersError
from tests.e2e.async_inference.nemesis.base import Nemesis
from tests.e2e.async_inference.nemesis.connection_refused import ConnectionRefused
from tests.e2e.async_inference.nemesis.down_and_up import DownAndUp
from tests.e2e.async_inference.nemesis.endless_answer import EndlessAnswer
from tests.e2e.async_inference.nemesis.holds_first import HoldsFirst
from tests.e2e.async_inference.nemesis.long_answer import LongAnswer
from tests.e2e.async_inference.nemesis.no_answer import NoAnswer
from tests.e2e.async_inference.nemesis.quiet import Quiet
from tests.e2e.async_inference.nemesis.redirects import Redirects, To
from tests.e2e.async_inference.nemesis.redirects_in_turn import CODES, RedirectsInTurn
from tests.e2e.async_inference.nemesis.resets import Resets, When
from tests.e2e.async_inference.nemesis.slow_answer import SlowAnswer
from tests.e2e.async_inference.nemesis.slow_callbacks import SlowCallbacks

ALL: tuple[Nemesis, ...] = (
    Quiet(),
    AnswersError(500),
    AnswersError(503, retry_after=1),
    AnswersError(404),
    AnswersError(410),
    Redirects(301),
    Redirects(302),
    Redirects(303),
    Redirects(307),
    Redirects(308),
    Redirects(301, To.OTHER_HOST),
    Redirects(302, To.OTHER_HOST),
    Redirects(303, To.OTHER_HOST),
    Redirects(307, To.OTHER_HOST),
    Redirects(308, To.OTHER_HOST),
    RedirectsInTurn(),
    RedirectsInTurn(To.OTHER_HOST),
    ConnectionRefused(),
    Resets(When.BEFORE),
    Resets(When.DURING),
    Resets(When.AFTER),
    SlowCallbacks(),
    SlowAnswer(),
    EndlessAnswer(),
    NoAnswer(),
    DownAndUp(),
    HoldsFirst(),
    LongAnswer(),
)
"""Every nemesis of this package, with the settings that a full run uses."""

__all__ = [
    "ALL",
    "CODES",
    "AnswersError",
    "ConnectionRefused",
    "DownAndUp",
    "EndlessAnswer",
    "HoldsFirst",
    "LongAnswer",
    "Nemesis",
    "NoAnswer",
    "Quiet",
    "Redirects",
    "RedirectsInTurn",
    "Resets",
    "SlowAnswer",
    "SlowCallbacks",
    "To",
    "When",
]
