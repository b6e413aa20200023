"""What a miner tells of itself in its health answer, as far as it can be used."""

import asyncio
import json
from typing import cast

import pytest

from asyncproof.driver.http_client import HttpClient
from asyncproof.run.preflight import Offer, offer
from asyncproof.wire.protocol import MinerAnswer


class Says:
    """A client that answers everything with this body."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def ask(self, _method: str, _path: str) -> MinerAnswer:
        return MinerAnswer(0.0, 200, "application/json", self._body)


ANSWERS: list[tuple[object, Offer]] = [
    ({"loras": ["ink", "neon"], "workers": 2}, Offer(("ink", "neon"), 2)),
    ({"loras": ["ink", 7], "workers": [{"id": 0}, {"id": 1}, {"id": 2}]}, Offer(("ink",), 3)),
    ({"loras": "ink", "workers": "two"}, Offer()),
    ({"loras": {"ink": {}}, "workers": -1}, Offer()),
    ({"workers": True}, Offer()),
    ({}, Offer()),
    (["ink"], Offer()),
    (None, Offer()),
]


@pytest.mark.parametrize(("told", "found"), ANSWERS, ids=str)
def test_what_cannot_be_used_is_not_offered(told: object, found: Offer) -> None:
    client = cast(HttpClient, Says(json.dumps(told).encode()))
    assert asyncio.run(offer(client, "/health")) == found


def test_an_answer_that_is_no_json_offers_nothing() -> None:
    assert asyncio.run(offer(cast(HttpClient, Says(b"OK")), "/health")) == Offer()
