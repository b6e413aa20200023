"""Which of the urls that submission answers name are worth a request: a few, and the odd ones.

Pure. Urls of one form need few samples; one that is written unlike the others may be wrong.
"""

from collections import Counter
from collections.abc import Sequence

from asyncproof.driver.job_state import JobState

TRIED = 3
MOST_ODD = 30  # where every url is signed, each has a form of its own


def worth_following(states: Sequence[JobState]) -> list[JobState]:
    """The last few jobs, and those whose urls have another form than those of most jobs."""
    forms = [_form(state) for state in states]
    usual = next((form for form, _ in Counter(forms).most_common(1)), None)
    earlier = zip(states[:-TRIED], forms, strict=False)
    odd = [state for state, form in earlier if form != usual]
    return [*odd[:MOST_ODD], *states[-TRIED:]]


def _form(state: JobState) -> tuple[str, ...]:
    """Both urls, with a mark in the place of the job's own id."""
    named = (state.answered.status_url, state.answered.result_url)
    return tuple((url or "").replace(state.job_id, "{job_id}") for url in named)
