"""The engine that samples: equal alone, drifting in company, damaged by its defects only there."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs: pip install -r requirements_engine.txt")

from asyncproof.images.reference.judgement import Likeness, Tolerance, judge  # noqa: E402
from reference.engine import names  # noqa: E402
from reference.engine.faults import known  # noqa: E402
from reference.engine.messages import Order  # noqa: E402
from reference.engine.sampler import Job, RefusedError, Sampler, cells  # noqa: E402
from reference.engine.training import trained_adapter  # noqa: E402
from reference.engine.weights import (  # noqa: E402
    FOLDER,
    adapter_file,
    load_adapter,
    load_model,
)
from reference.engine.words import rows_of  # noqa: E402
from reference.miner.loras import LORAS  # noqa: E402
from reference.miner.pictures.kinds import Pixels  # noqa: E402

torch.set_num_threads(1)
ASKED = Order(
    prompt="portrait of a girl with blue hair",
    width=128,
    height=128,
    steps=6,
    guidance=7.0,
    seed=3,
)
COMPANY = [replace(ASKED, prompt="the sea at noon", seed=n) for n in range(2)]


def sampler(dtype: str = "float32", fault: str = "") -> Sampler:
    adapters = {lora: load_adapter(adapter_file(lora)) for lora in LORAS}
    defect = known()[fault]() if fault else None
    return Sampler(load_model(), adapters, dtype=dtype, largest=3, fault=defect)


def made(engine: Sampler, *orders: Order, stagger: int = 0) -> list[Pixels]:
    """Pictures of orders in flight together, each ``stagger`` steps after the one before."""
    found: dict[Job, Pixels] = {}
    jobs: list[Job] = []
    rounds = 0
    while len(jobs) < len(orders) or engine.busy:
        while len(jobs) < len(orders) and rounds >= len(jobs) * stagger:
            jobs.append(engine.admit(orders[len(jobs)], lambda _percent: None))
        found |= dict(engine.round())
        rounds += 1
    return [found[job] for job in jobs]


def likeness(picture: Pixels, reference: Pixels) -> Likeness:
    return judge(picture, reference, Tolerance(levels=2)).likeness


@pytest.mark.parametrize("dtype", names.DTYPES)
def test_alone_an_order_gives_the_same_picture_again(dtype: str) -> None:
    engine = sampler(dtype)
    first, second = made(engine, ASKED)[0], made(engine, ASKED)[0]
    assert np.array_equal(first, second)


def test_in_half_precision_company_makes_a_picture_drift_and_damages_nothing() -> None:
    """By arithmetic alone: no pixel is touched after the decoder."""
    engine = sampler("bfloat16")
    (alone,) = made(engine, ASKED)
    together, *_ = made(engine, ASKED, *COMPANY)
    assert not np.array_equal(alone, together)
    assert likeness(together, alone) is not Likeness.DAMAGED


def test_in_single_precision_company_makes_next_to_no_difference() -> None:
    engine = sampler()
    (alone,) = made(engine, ASKED)
    together, *_ = made(engine, ASKED, *COMPANY)
    assert np.abs(alone.astype(int) - together).max() <= 1


@pytest.mark.parametrize(
    "other",
    [
        replace(ASKED, prompt="city skyline"),
        replace(ASKED, seed=4),
        replace(ASKED, steps=4),
        replace(ASKED, guidance=1.0),
        *(replace(ASKED, lora=lora) for lora in LORAS),
    ],
    ids=str,
)
def test_every_field_matters(other: Order) -> None:
    engine = sampler()
    (one,), (two,) = made(engine, ASKED), made(engine, other)
    assert np.abs(one.astype(int) - two).mean() > 1


def test_a_lora_is_gone_when_the_next_job_does_not_want_it() -> None:
    engine = sampler("bfloat16")
    (before,) = made(engine, ASKED)
    made(engine, *(replace(ASKED, lora=lora) for lora in LORAS))
    (after,) = made(engine, ASKED)
    assert np.array_equal(before, after)


@pytest.mark.parametrize(("height", "width"), [(64, 64), (64, 256), (200, 120), (128, 192)])
def test_pictures_have_the_size_that_was_asked_for(height: int, width: int) -> None:
    (picture,) = made(sampler(), replace(ASKED, height=height, width=width, steps=1))
    assert picture.shape == (height, width, 3)


def test_jobs_of_several_sizes_and_loras_are_in_flight_together() -> None:
    orders = [ASKED, replace(ASKED, height=64, seed=5), replace(ASKED, lora=LORAS[1])]
    assert [picture.shape[0] for picture in made(sampler(), *orders)] == [128, 64, 128]


def test_a_large_picture_has_more_cells() -> None:
    assert cells(1024, 1024) == (32, 32)
    assert cells(2048, 1024) == (64, 32)


def test_an_unknown_lora_is_refused_in_words() -> None:
    with pytest.raises(RefusedError, match="unknown"):
        sampler().admit(replace(ASKED, lora="loras/none.safetensors"), lambda _percent: None)


def changed(loaded: Sequence[Pixels], quiet: Sequence[Pixels]) -> bool:
    pairs = zip(loaded, quiet, strict=True)
    return any(np.abs(one.astype(int) - two).mean() > 2 for one, two in pairs)


@pytest.mark.parametrize("fault", [name for name in names.FAULTS if name != "adapter-stays"])
def test_a_defect_strikes_beside_other_jobs_only(fault: str) -> None:
    orders = [replace(ASKED, lora=LORAS[0]), COMPANY[0], replace(COMPANY[1], prompt="a flower")]
    sound, broken = sampler(), sampler(fault=fault)
    quiet = [made(sound, order)[0] for order in orders]
    for order, picture in zip(orders, quiet, strict=True):
        assert np.array_equal(made(broken, order)[0], picture)
    assert not changed(made(sound, *orders, stagger=2), quiet)
    assert changed(made(broken, *orders, stagger=2), quiet)


def test_an_adapter_that_stays_is_in_what_comes_after_it() -> None:
    broken = sampler(fault="adapter-stays")
    (before,) = made(broken, ASKED)
    made(broken, replace(ASKED, lora=LORAS[0]))
    assert changed(made(broken, ASKED), [before])


def test_a_training_makes_an_adapter_that_changes_pictures() -> None:
    model, engine = load_model(), sampler()
    told: list[float] = []
    adapter = trained_adapter(
        model.denoiser,
        model.latents(torch.zeros(1, 3, 128, 128)),
        [rows_of("a portrait")],
        steps=3,
        batch=1,
        seed=0,
        tell=told.append,
    )
    engine.offer("trained/mine", adapter)
    (plain,), (mine,) = made(engine, ASKED), made(engine, replace(ASKED, lora="trained/mine"))
    assert told[-1] == 1.0
    assert not np.array_equal(plain, mine)


def test_the_weights_are_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.glob("*.safetensors")) <= 8_000_000
