"""A plain job after one that hung is waited for as long as jobs of this miner need, no longer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncproof.history.job_health import Stage
from asyncproof.liveness.clocks import Budgets
from asyncproof.run.looking_after import shortened
from asyncproof.settings import Settings

WORKING = (Stage.QUEUED, Stage.STARTING, Stage.STEPPING)


@pytest.mark.parametrize("stage", WORKING)
def test_no_stage_before_the_end_may_stand_longer(stage: Stage) -> None:
    usual = Budgets.of(Settings())
    assert usual.still(stage) > 30
    assert shortened(usual, 30).still(stage) == 30
    assert shortened(usual, 30).total == 30


@given(st.floats(0.1, 10_000))
def test_no_budget_becomes_longer_than_the_settings_allow(seconds: float) -> None:
    usual = Budgets.of(Settings())
    for stage in WORKING:
        assert shortened(usual, seconds).still(stage) <= usual.still(stage)
