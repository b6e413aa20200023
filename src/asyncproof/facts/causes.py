"""What explains what: findings that are echoes of another one, and which to mend first.

Each rule is a pure function from the evidence to pairs of an echo and its cause. The rules stand in
the order in which they count: the first that explains a finding is taken. An echo is no second
defect, so nobody is given advice for it.
"""

from collections.abc import Iterable
from dataclasses import replace

from asyncproof.facts.echoes import answers, callbacks, engine, pictures
from asyncproof.facts.engine import suspected
from asyncproof.facts.judged_run import HANGS, Explanation, JudgedRun
from asyncproof.harness.verdict import CheckResult, Finding
from asyncproof.history.history import History, JobRecord
from asyncproof.workload.special_cases import CASE

# What a maintainer would mend first: an engine that is dead, files from outside, pictures of
# others, damaged ones, LoRAs, callbacks, secrets, encoding. What is not named follows.
PRIORITY = (
    *(
        "SCH-9",
        "LIV-1",
        "LIV-2",
        "LIV-3",
        "SCH-1",
        "SCH-8",
        "SCH-2",
        "POL-11",
        "HLT-3",
        "SUB-1",
        "SUB-3",
        "POL-10",
    ),
    *("SEC-4", "SEC-3"),
    *(
        "IDN-1",
        "IMG-3",
        "IMG-1",
        "IMG-2",
        "IMG-4",
        "IMG-5",
        "SUB-14",
        "CBK-9",
        "RES-1",
        "RES-3",
        "RES-4",
    ),
    *("IDN-5", "IDN-4", "IDN-3", "IDN-2", "TRN-2", "TRN-3"),
    *("CBK-21", "CBK-1", "CBK-10", "SCH-7", "CBK-4", "CBK-25", "CBK-3", "CBK-16", "CBK-11"),
    *("SEC-1", "SEC-2", "CBK-2"),
    *("CBK-5", "CBK-6", "CBK-7", "CBK-8", "CBK-32"),
)
RULES: tuple[Explanation, ...] = (
    engine.a_miner_that_is_gone,
    callbacks.callbacks_that_never_come,
    callbacks.callbacks_that_other_jobs_miss_too,
    engine.a_dead_engine,
    answers.one_id_for_several_jobs,
    answers.ids_that_were_never_told,
    answers.a_status_of_another_job,
    answers.a_status_that_breaks_down,
    engine.a_miner_that_is_busy_for_ever,
    answers.bodies_that_break_the_miner,
    answers.an_answer_without_an_id,
    callbacks.a_receiver_that_holds_up_all,
    answers.an_end_that_is_taken_back,
    answers.an_end_at_a_wrong_time,
    engine.jobs_that_fail_anyway,
    engine.jobs_that_hang_anyway,
    engine.a_job_that_hangs,
    engine.a_queue_that_lets_jobs_starve,
    pictures.a_callback_of_another_job,
    pictures.a_right_result_with_another_picture_beside_it,
    pictures.a_picture_of_another_job,
    pictures.a_callback_that_contradicts_itself,
    pictures.a_picture_of_another_format,
    pictures.a_picture_of_which_a_part_is_right,
    pictures.pictures_that_are_wrong_anyway,
    pictures.a_seed_that_is_taken_for_none,
    pictures.one_wrong_picture_after_a_training,
    pictures.a_model_that_is_no_longer_the_same,
    pictures.a_damaged_picture,
    pictures.damage_without_training,
    pictures.damage_elsewhere,
    pictures.a_lora_that_stays,
    answers.a_result_that_changes,
    callbacks.a_callback_at_another_url,
    callbacks.a_refused_secret,
    callbacks.a_callback_that_cannot_be_read,
    callbacks.a_callback_that_tells_another_end,
    callbacks.a_delivery_that_is_only_claimed,
    answers.an_id_that_is_a_path,
    callbacks.a_job_that_ran_twice,
    answers.a_result_that_is_not_there,
    callbacks.an_expiry_that_is_ignored,
)


def explained(results: Iterable[CheckResult], history: History) -> tuple[CheckResult, ...]:
    """The results, with each echo told by the clause of its cause."""
    results = tuple(results)
    seen = JudgedRun(history, tuple(f for result in results for f in result.findings))
    causes = _causes(seen)

    def told(finding: Finding) -> Finding:
        if finding in causes:
            return replace(finding, because=causes[finding].clause)
        proven = finding.clause == "SCH-9"  # which tells the death itself
        if proven and (suspect := suspected(history, finding.subject)):
            return replace(finding, job=suspect.name, at=suspect.submitted.at)
        if finding == seen.first_dead and len(seen.dead) > 1 and not proven:
            return replace(finding, advice=f"{_death(seen)}; {finding.advice}")
        if finding.clause in HANGS and (case := _case(seen.job(finding))):
            advice = f"this job was special ({case}): the engine may have died of it"
            return replace(finding, advice=f"{advice}; else {finding.advice}")
        return finding

    return tuple(replace(r, findings=tuple(map(told, r.findings))) for r in results)


def _death(seen: JudgedRun) -> str:
    """Since when no job completed, and what was special about the last one before."""
    first = seen.dead[0]
    before = [job for job in seen.history if job.submitted.at < first.submitted.at]
    if not any(job.completed for job in before):
        return f"none of the {len(seen.dead)} jobs completed: the engine behind the server is dead"
    last = before[-1]
    case = _case(last)
    special = f", which was special ({case})" if case else ""
    return (
        f"the engine behind the server is dead: of the {len(seen.dead)} jobs after {last.shown}"
        f"{special} none completed"
    )


def _case(job: JobRecord | None) -> str:
    """What is special about a job, in words; empty where nothing is."""
    return job.tags.get(CASE, "") if job is not None else ""


def causes_of(findings: Iterable[Finding], history: History) -> dict[Finding, Finding]:
    """Each finding that is an echo, with the finding that is behind it all."""
    return _causes(JudgedRun(history, tuple(findings)))


def _causes(seen: JudgedRun) -> dict[Finding, Finding]:
    direct = dict[Finding, Finding]()
    for rule in RULES:
        for echo, cause in rule(seen):
            if echo != cause and echo not in direct and _root(cause, direct) != echo:
                direct[echo] = cause
    return {echo: _root(echo, direct) for echo in direct}


def _root(finding: Finding, direct: dict[Finding, Finding]) -> Finding:
    while finding in direct:
        finding = direct[finding]
    return finding
