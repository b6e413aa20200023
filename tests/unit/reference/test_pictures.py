"""Pictures are whole, of their own kind, and the same whenever the request is the same."""

import zlib
from io import BytesIO
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from reference.miner.loras import LORAS
from reference.miner.messages import Task
from reference.miner.pictures.canvas import Canvas
from reference.miner.pictures.kinds import BY_HASH, WORDS, Pixels, kind_of
from reference.miner.pictures.png import encode


def a_task(
    prompt: str = "a lake", *, seed: int = 1, size: tuple[int, int] = (128, 128),
    lora: str | None = None, steps: int = 8,
) -> Task:  # fmt: skip
    """A task without a process."""
    height, width = size
    return Task(
        key="k",
        prompt=prompt,
        width=width,
        height=height,
        steps=steps,
        guidance=7.0,
        seed=seed,
        path="",
        seconds=0.0,
        lora=lora,
    )


def drawn(task: Task) -> Pixels:
    """The finished picture of a task."""
    canvas = Canvas(task)
    for step in range(1, task.steps + 1):
        canvas.step(step)
    return canvas.pixels()


@pytest.mark.parametrize("kind", BY_HASH)
@pytest.mark.parametrize("lora", [None, *LORAS], ids=str)
def test_every_kind_that_prompts_get_by_chance_is_beyond_suspicion(
    kind: str, lora: str | None
) -> None:
    """At 1024 x 1024: few black pixels, variance, a lower part that shows something, and a size
    between 100 KB and 10 MB."""
    pixels = drawn(a_task(f"{WORDS[kind][0]}", size=(1024, 1024), lora=lora))
    black = np.all(pixels < 10, axis=2)
    rows = black.mean(axis=1)

    assert kind_of(WORDS[kind][0]) == kind
    assert black.mean() < 0.05
    assert pixels.var() > 100
    assert np.mean(rows[-307:] > 0.5) < 0.1
    assert pixels[-307:].var() > 20
    assert 500_000 < len(encode(pixels)) < 8_000_000


@pytest.mark.parametrize("prompt", ["the night sky", "Stars above"])
def test_a_night_sky_is_drawn_for_those_who_ask(prompt: str) -> None:
    """It is as dark as such pictures are, and no prompt gets one by chance."""
    pixels = drawn(a_task(prompt, size=(512, 512)))
    assert (pixels < 10).all(axis=2).mean() > 0.5
    assert len({kind_of(f"prompt {n}") for n in range(200)} & {"night"}) == 0


def test_everything_in_a_request_that_should_change_the_picture_does() -> None:
    """Prompt, seed, LoRA and size; and what was not changed gives the same bytes again."""
    tasks = [
        a_task(),
        a_task("a mountain"),
        a_task(seed=0),
        a_task(size=(128, 136)),
        *(a_task(lora=lora) for lora in LORAS),
    ]
    files = [encode(drawn(task)) for task in tasks]
    assert all(one != other for one, other in combinations(files, 2))
    assert files == [encode(drawn(task)) for task in tasks]


def test_a_picture_comes_out_of_noise_step_by_step() -> None:
    """Each update brings it nearer to the end, and before the first there is only noise."""
    task = a_task(steps=6)
    final = drawn(task).astype(int)
    canvas = Canvas(task)
    distances = [np.abs(canvas.pixels() - final).mean()]
    for step in range(1, 7):
        canvas.step(step)
        distances.append(np.abs(canvas.pixels() - final).mean())
    assert distances == sorted(distances, reverse=True)
    assert distances[0] > 40
    assert distances[-2] > 1
    assert distances[-1] == 0


@given(st.integers(64, 200), st.integers(64, 200), st.integers(1, 100), st.text(max_size=30))
@settings(max_examples=25)
def test_any_size_steps_and_prompt_give_a_file_that_others_read(
    height: int, width: int, steps: int, prompt: str
) -> None:
    """Pillow decodes exactly the pixels that went in."""
    pixels = drawn(a_task(prompt, size=(height, width), steps=steps))
    data = encode(pixels)
    with Image.open(BytesIO(data)) as image:
        assert image.format == "PNG"
        assert np.array_equal(np.asarray(image), pixels)
    assert zlib.crc32(data[-8:-4]).to_bytes(4, "big") == data[-4:]
