"""Requests whose pictures can be foreseen in part: what is red, what is dark, where the sky is.

Pictures of different requests are judged together (IMG-5); for some of the rules prompts have to
name what they ask for, several times each.
"""

from collections.abc import Iterable
from dataclasses import replace

from asyncproof.workload.scenario import Job

PORTRAIT, CITY = "portrait of a girl with red hair", "a tower in a city"
PROMPTS = (
    PORTRAIT,
    "portrait of a boy with blue hair",
    "a mountain valley at noon",
    "a calm sea at noon",
    "a night sky full of stars",
    "a city street in spring",
    "portrait of a woman with red hair",
    "portrait of a woman with blue hair",
    "a landscape with a lake at noon",
    "a boat on the sea at noon",
    "stars over the desert at night",
    "a flower in a garden",
    "portrait of a man with red hair",
    "portrait of a man with blue hair",
    "mountains and a forest at noon",
    "waves of the ocean at noon",
    "a night sky with the milky way",
    CITY,
    "a flat illustration of a fruit",
    "a rose, close up",
)


def expectable(like: Job, known: Iterable[Job] = ()) -> list[Job]:
    """One job for each prompt, otherwise like this one, and each with a seed of its own; in the
    place of some those that are ``known``, whose prompts begin in the same way."""
    first = like.seed or 0
    begun = {prompt: job for job in known for prompt in PROMPTS if job.prompt.startswith(prompt)}
    return [
        begun.get(prompt) or replace(like, prompt=prompt, seed=first + n)
        for n, prompt in enumerate(PROMPTS)
    ]
