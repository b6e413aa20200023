"""``cli run``: the suite against one miner, with flags for every setting."""

import sys
from pathlib import Path

import click
import pytest

from asyncproof.places import HOME, PYTEST_INI, SUITES
from asyncproof.run.early_end import early_end

CLI_BIND_HOST = "0.0.0.0"  # the miner may run elsewhere; pytest alone stays on the base url's host

# Flag, variable, help. A flag that is not given leaves the environment's value.
FLAGS = (
    ("--miner", "ASYNC_MINER_URL", "Miner API base URL, or 'reference' for the bundled miner."),
    ("--callback-base", "ASYNC_CALLBACK_BASE_URL", "Public base URL for callbacks."),
    ("--callback-bind-host", "ASYNC_CALLBACK_BIND_HOST", "Host of our callback server [0.0.0.0]."),
    ("--callback-control", "ASYNC_CALLBACK_CONTROL_URL", "Control port of the server there."),
    ("--callback-secret", "ASYNC_CALLBACK_SECRET", "Shared secret expected in callbacks."),
    ("--endpoint", "ASYNC_ENDPOINT", "inference, or edit for image-editing miners."),
    ("--profile", "ASYNC_PROFILE", "Another kind of server: a shipped profile or a TOML file."),
    ("--concurrent", "STRESS_TEST_CONCURRENT", "Concurrent jobs in the stress tests."),
    ("--sequential", "STRESS_TEST_SEQUENTIAL", "Jobs one after another in the stress tests."),
    ("--size", "ASYNC_IMAGE_SIZE", "Size of the images to request, such as 1024x1024."),
    ("--small-size", "ASYNC_SMALL_SIZE", "Size for tests that are not about images [--size]."),
    ("--steps", "ASYNC_STEPS", "Inference steps to request."),
    ("--expiry-minutes", "ASYNC_EXPIRY_MINUTES", "Minutes until a job's callback expires."),
    ("--poll-interval", "ASYNC_POLL_INTERVAL", "Seconds between two polls of one job."),
    ("--job-timeout", "ASYNC_JOB_TIMEOUT", "Seconds that one job may take."),
    ("--step-timeout", "ASYNC_STEP_TIMEOUT", "Seconds that a job may go without progress."),
    ("--first-step-timeout", "ASYNC_FIRST_STEP_TIMEOUT", "Seconds until the first step is done."),
    ("--preload-timeout", "ASYNC_PRELOAD_TIMEOUT", "Seconds that loading the model may take."),
    ("--download-timeout", "ASYNC_DOWNLOAD_TIMEOUT", "Seconds that fetching a LoRA may take."),
    ("--post-process-timeout", "ASYNC_POST_PROCESS_TIMEOUT", "Seconds from 100 % to the result."),
    ("--process-timeout", "ASYNC_PROCESS_TIMEOUT", "Seconds that the queue may make no progress."),
    ("--silence-timeout", "ASYNC_SILENCE_TIMEOUT", "Seconds without any answer about a job."),
    ("--least-rate", "ASYNC_LEAST_RATE", "Percent per minute below which a job is slow."),
    (
        "--callback-timeout",
        "ASYNC_CALLBACK_TIMEOUT",
        "Seconds from the end of a job to its callback.",
    ),
    ("--loras", "ASYNC_TEST_LORAS", "LoRA paths that the miner knows, separated by commas."),
    ("--seed", "ASYNC_RUN_SEED", "Seed of the run, to repeat an earlier one."),
    ("--report-dir", "ASYNC_REPORT_DIR", "Folder for the reports of runs."),
)


def flags(command: click.Command) -> click.Command:
    for flag, variable, text in FLAGS:
        command.params.append(click.Option([flag], help=f"{text} ({variable})"))
    return command


@click.command(context_settings={"auto_envvar_prefix": None})
@click.option(
    "--auto-callback/--no-auto-callback",
    default=None,
    help="Start our callback server, or use the one at --callback-base.",
)
@click.option("--strict", is_flag=True, help="A broken SHOULD fails the run too.")
@click.option("--only", metavar="CBK,EXP", help="Only these families of clauses.")
@click.option("--quick", "extent", flag_value="--quick", help="Less than half a minute.")
@click.option("--full", "extent", flag_value="--full", help="Everything, however long it takes.")
@click.option("--plan", is_flag=True, help="Print which jobs would be sent, and end.")
@click.option("--budget", metavar="10m|60jobs", help="What is worth most within this.")
@click.option("--baseline", type=click.Path(path_type=Path), help="File of known findings.")
@click.option(
    "--update-baseline",
    type=click.Path(path_type=Path),
    help="Write the findings of this run as known.",
)
@click.option("--junitxml", type=click.Path(path_type=Path), help="Write a JUnit report here.")
@click.option(
    "--code-quality", type=click.Path(path_type=Path), help="Write GitLab's code quality file here."
)
@click.option("-v", "--verbose", is_flag=True, help="Show every test and every wait in full.")
@click.option("-k", "select", metavar="EXPRESSION", help="Only tests that match, as in pytest.")
def run(
    *,
    auto_callback: bool | None,
    strict: bool,
    only: str | None,
    extent: str | None,
    plan: bool,
    budget: str | None,
    baseline: Path | None,
    update_baseline: Path | None,
    junitxml: Path | None,
    code_quality: Path | None,
    select: str | None,
    verbose: bool,
    **given: str | None,
) -> None:
    """Run the suite against a miner and say what is wrong with it."""
    early_end().install()  # pytest takes a while to start
    arguments = [str(SUITES / "async_inference"), f"--rootdir={HOME}"]
    arguments += [f"--config-file={PYTEST_INI}", "-p", "asyncproof.pytest_plugin"]
    variables = {flag[2:].replace("-", "_"): variable for flag, variable, _ in FLAGS}
    chosen = {variables[name]: text for name, text in given.items() if text is not None}
    chosen |= (
        {} if auto_callback is None else {"ASYNC_USE_EXTERNAL_CALLBACK": str(not auto_callback)}
    )
    for variable, text in chosen.items():
        arguments += ["--set", f"{variable}={text}"]
    arguments += ["--default", f"ASYNC_CALLBACK_BIND_HOST={CLI_BIND_HOST}"]
    arguments += ["--strict-clauses"] if strict else []
    arguments += [extent] if extent else []
    arguments += ["-v"] if verbose else []
    arguments += ["--plan"] if plan else []
    options = {
        "--only": only,
        "--budget": budget,
        "--baseline": baseline,
        "--update-baseline": update_baseline,
        "--junitxml": junitxml,
        "--code-quality": code_quality,
        "-k": select,
    }
    for option, value in options.items():
        arguments += [option, str(value)] if value is not None else []
    sys.exit(pytest.main(arguments))


flags(run)
