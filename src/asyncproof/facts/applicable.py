"""Which clauses apply to a server, by what its dialect has: recorded at the start of a run."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from asyncproof.harness.contract import Clause
from asyncproof.harness.verdict import Check, Finding, NotApplicable, Ruling
from asyncproof.history.events import Spoken
from asyncproof.history.history import History
from asyncproof.wire.dialect import documented
from asyncproof.workload.needs import Need

# By clause, else by family.
NEEDED: Mapping[str, tuple[Need, ...]] = {
    "SUB-4": (Need.CHOSEN_IDS,),
    "SUB-5": (Need.CHOSEN_IDS,),
    "SUB-8": (Need.REFUSALS,),
    "SUB-9": (Need.REFUSALS,),
    "SUB-10": (Need.REFUSALS,),
    "SUB-11": (Need.UNKNOWN_IDS,),
    "SUB-14": (Need.CHOSEN_IDS,),
    "SUB-15": (Need.UNUSUAL,),
    "SUB-16": (Need.UNUSUAL,),
    "SUB-17": (Need.UNUSUAL,),
    "SUB-19": (Need.REFUSALS,),
    "POL": (Need.POLLING,),
    "POL-4": (Need.PROGRESS,),
    "POL-5": (Need.PROGRESS,),
    "POL-6": (Need.TIMES,),
    "POL-7": (Need.TIMES,),
    "POL-8": (Need.TIMES,),
    "POL-9": (Need.TIMES,),
    "POL-12": (Need.ERRORS,),
    "POL-14": (Need.POLLING, Need.ERRORS),
    "SCH-3": (Need.QUEUE,),
    "SCH-4": (Need.QUEUE,),
    "SCH-8": (Need.QUEUE,),
    "LIV-1": (Need.POLLING,),
    "LIV-2": (Need.PROGRESS,),
    "LIV-3": (Need.QUEUE,),
    "LIV-4": (Need.PROGRESS,),
    "CBK": (Need.CALLBACKS,),
    "CBK-2": (Need.CALLBACKS, Need.PROOF),
    "CBK-3": (Need.CALLBACKS, Need.CALLBACK_IDS),
    "CBK-4": (Need.CALLBACKS, Need.SINGLE_DELIVERY),
    "CBK-7": (Need.CALLBACKS, Need.CALLBACK_STATES, Need.POLLING),
    "CBK-8": (Need.CALLBACKS, Need.CALLBACK_PICTURES),
    "CBK-9": (Need.CALLBACKS, Need.CALLBACK_PICTURES, Need.RESULTS),
    "CBK-10": (Need.STATEMENTS,),
    "CBK-11": (Need.STATEMENTS,),
    "CBK-12": (Need.STATEMENTS,),
    "CBK-13": (Need.STATEMENTS,),
    "CBK-14": (Need.STATEMENTS,),
    "CBK-15": (Need.CALLBACKS, Need.POLLING),
    "CBK-16": (Need.STATEMENTS,),
    "CBK-17": (Need.STATEMENTS,),
    "CBK-18": (Need.STATEMENTS,),
    "CBK-19": (Need.STATEMENTS,),
    "CBK-20": (Need.CALLBACKS, Need.POLLING),
    "CBK-24": (Need.CALLBACKS, Need.CALLBACK_ERRORS),
    "CBK-26": (Need.CALLBACKS, Need.CALLBACK_PARTS),
    "CBK-27": (Need.CALLBACKS, Need.CALLBACK_TIMES),
    "CBK-30": (Need.STATEMENTS,),
    "CBK-31": (Need.STATEMENTS,),
    "CBK-32": (Need.CALLBACKS, Need.RETRIES),
    "SCH-7": (Need.CALLBACKS, Need.CALLBACK_TIMES),
    "RES-1": (Need.RESULTS,),
    "RES-2": (Need.RESULT_PATHS,),
    "RES-3": (Need.RESULT_PATHS,),
    "RES-5": (Need.RESULT_PATHS,),
    "SEC-1": (Need.SECRETS,),
    "SEC-2": (Need.SECRETS,),
    "SEC-3": (Need.CLOSED_PATHS, Need.CHOSEN_IDS),
    "SEC-4": (Need.CLOSED_PATHS,),
    "SEC-5": (Need.REFUSALS,),
    "SEC-6": (Need.SECRETS, Need.REFUSALS),
    "EXP": (Need.EXPIRY,),
    "HLT": (Need.HEALTH,),
    "HLT-5": (Need.PAGES,),
    "IMG-3": (Need.SEEDS,),
    "IDN-2": (Need.SEEDS,),
    "IDN-3": (Need.SEEDS,),
    "IDN-4": (Need.LORAS,),
    "IDN-5": (Need.LORAS,),
    "IDN-6": (Need.SEEDS,),
    "TRN": (Need.TRAINING,),
}


def applicable(checks: Iterable[Check[History]], history: History) -> list[Check[History]]:
    """The checks, of which those that do not apply to the server of this history say why."""
    spoken = history.started.dialect if history.started else None
    return [_applied(check, spoken) if spoken else check for check in checks]


def why_not(clause: str, lacks: Mapping[str, str]) -> str:
    """Why this clause does not apply to a server that lacks this; empty where it does."""
    needs = NEEDED.get(clause) or NEEDED.get(clause.partition("-")[0], ())
    return next((lacks[need] for need in needs if need in lacks), "")


def _applied(check: Check[History], spoken: Spoken) -> Check[History]:
    reasons = [why_not(clause, spoken.lacks) for clause in check.clauses]
    if reasons and all(reasons):
        return replace(check, rule=lambda _: iter([NotApplicable(reasons[0])]))
    if not (spoken.words or spoken.fields):
        return check
    return replace(check, rule=lambda history: _told(check.rule(history), check.clauses, spoken))


def _told(rulings: Iterator[Ruling], clauses: tuple[str, ...], spoken: Spoken) -> Iterator[Ruling]:
    """The rulings in the words of the server."""
    for ruling in rulings:
        if isinstance(ruling, Finding):
            yield in_their_words(ruling, words_of(ruling.clause, spoken))
        elif isinstance(ruling, NotApplicable) and clauses:
            yield NotApplicable(_replaced(ruling.reason, words_of(clauses[0], spoken)))
        else:
            yield ruling


# What a clause is about, by clause, else by family: whose names of fields its findings have.
ABOUT: Mapping[str, str] = {
    "SUB": "answer",
    "SUB-4": "request",
    "SUB-5": "request",
    "SUB-14": "request",
    "SEC": "request",
    "CBK": "callback",
}
OTHERWISE = "status"


def words_of(clause: str, spoken: Spoken) -> dict[str, str]:
    """What the server calls what findings of this clause name: states, fields of a submission, and
    those of the answer, the status or the callback that the clause is about.

    A name that is a word of English is one of a field only in backticks.
    """
    about = ABOUT.get(clause) or ABOUT.get(clause.partition("-")[0], OTHERWISE)
    if Need.STATEMENTS in NEEDED.get(clause, ()):
        about = OTHERWISE
    names = {**spoken.fields.get("request", {}), **spoken.fields.get(about, {})}
    section = spoken.fields.get("status", {}).get("callback")
    inner = {f"callback.{name}": f"{section}.{name}" for name in SECTION} if section else {}
    plain = {ours: theirs for ours, theirs in names.items() if "_" in ours}
    in_code = {f"`{ours}`": f"`{theirs}`" for ours, theirs in names.items()}
    return {**spoken.words, **plain, **in_code, **inner}


def clauses_in_their_words(clauses: Mapping[str, Clause], spoken: Spoken) -> dict[str, Clause]:
    """The clauses as they read for this server: where jobs are submitted, its fields and states."""
    told, in_the_documents = dict[str, Clause](), documented().spoken.submit
    for name, clause in clauses.items():
        words = {in_the_documents: spoken.submit, **words_of(name, spoken)}
        title, text = _replaced(clause.title, words), _replaced(clause.text, words)
        told[name] = replace(clause, title=title, text=text)
    return told


SECTION = ("status", "status_code", "attempted_at", "payload_status", "error")


def in_their_words(finding: Finding, words: Mapping[str, str]) -> Finding:
    """What was expected, what came, the cause and the advice, with the server's own names."""
    return replace(
        finding,
        expected=_replaced(finding.expected, words),
        actual=_replaced(finding.actual, words),
        advice=_replaced(finding.advice, words),
        cause=_replaced(finding.cause, words),
    )


def _replaced(text: str, words: Mapping[str, str]) -> str:
    if not words:
        return text
    pattern = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
    return re.sub(rf"(?<![\w-])({pattern})(?![\w-])", lambda found: words[found[1]], text)
