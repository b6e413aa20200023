"""What a hostile or slow network does to the callbacks of a correct miner, one act per file."""

from asyncproof.nemesis.answers_error import AnswersError
from asyncproof.nemesis.connection_refused import ConnectionRefused
from asyncproof.nemesis.down_and_up import DownAndUp
from asyncproof.nemesis.endless_answer import EndlessAnswer
from asyncproof.nemesis.holds_first import HoldsFirst
from asyncproof.nemesis.long_answer import LongAnswer
from asyncproof.nemesis.no_answer import NoAnswer
from asyncproof.nemesis.redirects import Redirects, To
from asyncproof.nemesis.redirects_in_turn import CODES, RedirectsInTurn
from asyncproof.nemesis.resets import Resets, When
from asyncproof.nemesis.slow_answer import SlowAnswer
from asyncproof.nemesis.slow_callbacks import SlowCallbacks
from asyncproof.receiver.nemesis import Nemesis, Quiet

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
