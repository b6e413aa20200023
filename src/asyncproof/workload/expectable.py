"""Requests whose pictures can be foreseen in part: what is red, what is dark, where the sky is.

Pictures of different requests are judged together (IMG-5); for some of the rules prompts have to
name what they ask for, several times each.
"""

from dataclasses import replace

from asyncproof.workload.scenario import Job

PROMPTS = (
    "portrait of a girl with red hair",
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
    "a tower in a city",
    "a flat illustration of a fruit",
    "a rose, close up",
)


def expectable(like: Job) -> list[Job]:
    """One job for each prompt, otherwise like this one, and each with a seed of its own."""
    first = like.seed or 0
    return [replace(like, prompt=p, seed=first + n) for n, p in enumerate(PROMPTS)]
