"""What a default run says of each fault where it strikes only now and then.

    python -m tests.support.seldom_faults [--quick] [--trigger every:48] [-f NAME -f NAME]

A whole run of the suite against the reference miner for each fault. Whether a strike could be seen
at all is told by runs without a fault, with the same seed: a job that was struck, and of which
nothing was answered, painted or delivered that a sound miner does not answer, paint or deliver for
the same request, left no trace. A fault that strikes requests before they are jobs shows in any job
that has a picture or a fact that no sound run has. That leaves out times: of a fault that only
slows down, a strike without a trace may have been visible. ``--quick`` tries six faults.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from asyncproof.run.reference_miner import reference_miner
from asyncproof.workload.provocation import Provocation
from reference.catalog import Entry, by_name
from reference.miner.faults import FAULTS
from tests import ROOT

SIX = ("bottom-black", "callback-missing", "torn-rows", "seed-ignored", "wrong-secret", "hang")
# Which of a class with a parameter: one that strikes in each run.
WITH_VALUE = {"hang": "hang:42", "hang-beating": "hang-beating:42", "systematic": "systematic:1"}
SETTINGS = {
    "ASYNC_IMAGE_SIZE": "256x256",
    "ASYNC_JOB_TIMEOUT": "30",
    "ASYNC_STEP_TIMEOUT": "4",
    "ASYNC_FIRST_STEP_TIMEOUT": "4",
    "ASYNC_CALLBACK_BASE_URL": "http://127.0.0.1:0",
}
TIMEOUT = 400.0  # seconds for one run
SOUND_RUNS = 3
STRIKES = re.compile(r"fault \S+ strikes job (\S+)")
# What differs between two runs of a sound miner: names of jobs and files, ports, times.
RUNS_OWN = re.compile(
    r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{16,}|(127\.0\.0\.1|localhost):\d+"
    r"|\d{4}-\d\d-\d\dT[\d:.]+Z|\d+\.\d+|\b\d{5}\b"
)
PICTURE = re.compile(r"(sha256|size)=")
# Whether a poll fell into the queue or the work, and which parts of a job were asked for again.
BY_CHANCE = re.compile(r"Polled\.(status=(queued|processing)|progress=between)|Downloaded\.what=")
SHOWN = 100  # characters of a body
UNLIKE = {"at", "took", "began", "number", "token", "since", "slowest", "count", "boundary"}

Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """What one run recorded, and what the miner logged of its fault."""

    events: tuple[Event, ...]
    verdict: Mapping[str, Any]
    struck: tuple[str, ...]


def run_against(fault: str, trigger: str) -> Run:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        log = folder / "miner.log"
        faulty = ["--fault", fault, "--trigger", trigger, "--fault-seed", "1"] if fault else []
        with reference_miner([*faulty, "--job-seconds", "0.1", "--log-level", "DEBUG"], log) as url:
            subprocess.run(
                [sys.executable, "-m", "asyncproof", "run", "--miner", url, "--seed", "1"],
                cwd=ROOT,
                env=os.environ | SETTINGS | {"ASYNC_REPORT_DIR": str(folder)},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=TIMEOUT,
                check=False,
            )
        history = next(folder.glob("*/history.ndjson"))
        return Run(
            tuple(json.loads(line) for line in history.read_text().splitlines()),
            json.loads(history.with_name("verdict.json").read_text()),
            tuple(dict.fromkeys(STRIKES.findall(log.read_text()))),
        )


def request_of(event: Event) -> str:
    request = event["request"]
    if not isinstance(request, dict):
        return str(request)
    ours = {"callback_url", "expiry", "job_id"}
    return json.dumps({name: value for name, value in request.items() if name not in ours})


def facts_of(event: Event, path: str, own: str) -> Iterator[str]:
    """``Polled.status=completed`` and so on, without what is a run's own; ``own`` is the job's id,
    so that another's can be told from it."""
    for name, value in event.items():
        if name in UNLIKE or name in {"type", "job"}:
            continue
        if isinstance(value, dict):
            yield from facts_of(value, f"{path}.{name}", own)
        elif name == "sha256":
            yield f"{path}.{name}={value}"
        elif name == "body" and value.startswith("\ufffdPNG"):
            yield f"{path}.body=(a picture)"
        elif name == "body":  # of any length, with numbers that count jobs
            yield f"{path}.body={re.sub(r'[0-9]+', '_', RUNS_OWN.sub('_', value))[:SHOWN]!r}"
        elif name == "progress" and isinstance(value, int | float) and 0 < value < 100:
            yield f"{path}.progress=between"
        else:
            text = str(value).replace(own, "(own id)") if own else str(value)
            yield f"{path}.{name}={RUNS_OWN.sub('_', text)}"


class Seen:
    """The facts of each job of one run, and those of requests that belong to none."""

    def __init__(self, run: Run) -> None:
        self.request = dict[str, str]()
        self.scenario = dict[str, str]()
        self.provoked = dict[str, tuple[str, ...]]()
        self.job_of = dict[str, str]()
        self.facts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._seed = dict[str, Any]()
        self._id = dict[str, str]()
        self._by_token = dict[str, str]()
        scenario = ""
        for event in run.events:
            if event["type"] == "ScenarioStarted":
                scenario = event["name"]
            elif event["type"] == "Submitted":
                self._submitted(event, scenario)
            elif event["type"] in {"Answered", "Polled", "Downloaded", "Delivered", "Probed"}:
                self._told(event)

    def _submitted(self, event: Event, scenario: str) -> None:
        job, request = event["job"], event["request"]
        self.request[job] = request_of(event)
        self.scenario[job] = scenario
        self.provoked[job] = tuple(event.get("provokes", ()))
        if isinstance(request, dict) and "seed" in request:
            self._seed[job] = request["seed"]
        if event["token"]:
            self._by_token[event["token"]] = job

    def _told(self, event: Event) -> None:
        kind, job = event["type"], event.get("job", "")
        if kind == "Answered" and event.get("job_id"):
            self.job_of[event["job_id"]] = job
            self._id[job] = event["job_id"]
        if kind == "Delivered":
            fields = event.get("fields") or {}
            named = str(fields.get("job_id"))
            job = self._by_token.get(event["token"]) or self.job_of.get(named, "")
            self.facts[job][kind] += 1
        told = {name: value for name, value in event.items() if name != "seed"}
        self.facts[job].update(facts_of(told, kind, self._id.get(job, "")))
        if "seed" in event and job in self._seed:
            self.facts[job][f"{kind}.seed is as asked: {event['seed'] == self._seed[job]}"] += 1


class Sound:
    """What a sound miner answers, paints and delivers for each request."""

    def __init__(self, runs: Iterable[Run]) -> None:
        self._most: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._always = dict[str, set[str]]()
        self._ever = set[str]()
        for run in runs:
            seen = Seen(run)
            for job, facts in seen.facts.items():
                request = seen.request.get(job, "")
                self._most[request] |= facts
                self._ever |= set(facts)
                known = self._always.get(request)
                self._always[request] = set(facts) if known is None else known & set(facts)

    def traces(self, request: str, facts: Counter[str]) -> list[str]:
        """What no sound run has shown for this request, and what each of them showed."""
        most = self._most.get(request)
        if most is None:
            return ["(no sound run made this request)"]
        drawn = not self._is_fixed(request)
        more = [f"+ {f}" for f in facts if f not in most and not (drawn and PICTURE.search(f))]
        if facts["Delivered"] > most["Delivered"]:
            more.append("+ Delivered once more")
        less = [f"- {fact}" for fact in sorted(self._always[request] - set(facts))]
        return [fact for fact in (*more, *less) if not BY_CHANCE.search(fact)]

    def _is_fixed(self, request: str) -> bool:
        """Whether each sound run has the same picture for it."""
        return any("sha256=" in fact for fact in self._always.get(request, ()))

    def unheard_of(self, request: str, facts: Counter[str]) -> list[str]:
        """Facts that no sound run has for any request, and pictures that none has for this one."""
        most = self._most.get(request, Counter[str]())
        fixed = self._is_fixed(request)
        return [
            f"+ {fact}"
            for fact in facts
            if (fixed and fact not in most if "sha256=" in fact else fact not in self._ever)
            and ".size=" not in fact
            and not BY_CHANCE.search(fact)
        ]


class Kind(StrEnum):
    """How a run with a seldom fault ended."""

    FOUND = "found"  # by the clause that the fault breaks
    OTHERWISE = "found by another clause"
    UNFOUND = "NOT FOUND, though it left a trace"
    NO_TRACE = "no trace of it"
    NO_END = "no verdict"


@dataclass(frozen=True, slots=True)
class Tried:
    """``told`` are the lines below it: the clauses, the jobs that it struck, and their traces."""

    fault: str
    kind: Kind
    told: tuple[str, ...]


def tried(fault: str, clause: str, run: Run, sound: Sound) -> Tried:
    clauses = list(dict.fromkeys(finding["clause"] for finding in run.verdict["findings"]))
    seen = Seen(run)
    traces = dict(_traces(run, seen, sound))
    told = [f"{run.verdict['outcome']}: {', '.join(clauses) or 'nothing found'}"]
    for job, facts in traces.items():
        provoked = ", ".join(seen.provoked.get(job, ())) or "nothing"
        where = f"{job} of {seen.scenario[job]} (provoked: {provoked})" if job else "other requests"
        told.append(f"{where}: {'; '.join(facts)[:600] or 'no trace'}")
    if clauses:
        kind = Kind.FOUND if clause in clauses else Kind.OTHERWISE
    else:
        kind = Kind.UNFOUND if any(traces.values()) else Kind.NO_TRACE
    return Tried(fault, kind, tuple(told))


def _traces(run: Run, seen: Seen, sound: Sound) -> Iterator[tuple[str, list[str]]]:
    """Of each job that the fault struck; and of any other, where those show nothing. Whether a job
    ends before its callback expires is chance."""
    struck = {seen.job_of[job_id] for job_id in run.struck if job_id in seen.job_of}
    struck -= {job for job in struck if Provocation.EXPIRY in seen.provoked[job]}
    found = {job: sound.traces(seen.request[job], seen.facts[job]) for job in struck}
    yield from found.items()
    if not any(found.values()):
        for job, facts in seen.facts.items():
            if new := sound.unheard_of(seen.request.get(job, ""), facts):
                yield job, new


def sweep(faults: Sequence[str], trigger: str, at_once: int) -> Iterator[Tried]:
    clauses = {name: entry.clause for name, entry in by_name(FAULTS, Entry).items()}
    with ThreadPoolExecutor(at_once) as pool:
        sound = Sound(pool.map(lambda _: run_against("", trigger), range(SOUND_RUNS)))

        def one(fault: str) -> Tried:
            try:
                run = run_against(WITH_VALUE.get(fault, fault), trigger)
            except subprocess.TimeoutExpired:
                return Tried(fault, Kind.NO_END, (f"within {TIMEOUT:.0f} s",))
            return tried(fault, clauses[fault], run, sound)

        yield from pool.map(one, faults)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="six faults")
    parser.add_argument("--trigger", default="every:48", help="as of the reference miner")
    parser.add_argument(
        *("--fault", "-f"),
        action="append",
        choices=sorted(by_name(FAULTS, Entry)),
        metavar="NAME",
        help="only this one; may be repeated",
    )
    parser.add_argument("--at-once", type=int, default=4, help="runs side by side [4]")
    given = parser.parse_args()
    faults = given.fault or (SIX if given.quick else tuple(by_name(FAULTS, Entry)))
    kinds = Counter[Kind]()
    for each in sweep(faults, given.trigger, given.at_once):
        kinds[each.kind] += 1
        print(f"{each.fault}: {each.kind}", *each.told, sep="\n    ", flush=True)  # noqa: T201
    for kind, count in kinds.most_common():
        print(f"{count} of {len(faults)}: {kind}")  # noqa: T201


if __name__ == "__main__":
    main()
