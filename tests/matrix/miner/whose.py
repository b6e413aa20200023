"""Results, identity, order of jobs, training: whose picture it is, and when it comes."""

from tests.matrix.miner.liveness import SHORT
from tests.matrix.miner.row import Row, row

LINKS = "test_results.py::test_results_and_links"
MANY_STEPS = "test_hung_jobs.py::test_no_job_hangs_between_many_steps"
AGAIN = "test_identity.py::test_the_same_request_again"
NO_RESULT = "test_results.py::test_a_failed_job_has_no_result"
RECEIVERS = "test_hostile_receivers.py::test_a_receiver_that_moved"
LORAS = "test_loras.py::test_loras_come_and_go"
SEQUENCE = "test_race_conditions.py::test_rapid_sequential_different_loras"
TURN = "test_scheduling.py::test_jobs_have_their_turn"
CLIENTS = "test_scheduling.py::test_two_clients_share_a_miner"
IN_A_ROW = "test_scheduling.py::test_jobs_in_a_row_take_as_long_each"
TRAINING = "test_training.py"
AT_WORK = "--job-seconds 0.5"

INEXACT = "--variation not-repeatable"
ROWS: tuple[Row, ...] = (
    row(
        "",
        "",
        "test_results.py",
        "test_identity.py",
        "test_loras.py",
        "test_scheduling.py",
        TRAINING,
    ),
    row("", "", "test_identity.py", "test_loras.py", TRAINING, miner=INEXACT),
    row("result-as-html", "RES-2", LINKS),
    row("result-changes", "RES-3", LINKS),
    row("image-url-broken", "RES-4", LINKS),
    row("image-url-of-another", "RES-4", LINKS),
    row("result-too-early", "RES-5", LINKS, miner=AT_WORK),
    row("result-early-500", "RES-5", LINKS, miner=AT_WORK),
    row("result-early-500", "RES-5", NO_RESULT),
    row("result-404", "RES-1", LINKS),
    row("seed-zero-ignored", "IDN-3", AGAIN),
    row("seed-zero-is-42", "IDN-3 IDN-6", AGAIN),
    row("seed-zero-is-minus-one", "IDN-3 IDN-6", "test_identity.py"),
    row("missing-seed-is-1", "IDN-6", AGAIN),
    row("seed-nearly-used", "IDN-2", AGAIN),
    row("prompt-ignored", "IDN-1", AGAIN),
    row("prompt-ignored", "IDN-1", AGAIN, "test_pictures_together.py", MANY_STEPS),
    row("seed-drawn", "IDN-2", AGAIN),
    row("seed-ignored", "IDN-1", AGAIN),
    # Of jobs that two tests send, one picture is wrong; and of those that were made in quiet.
    row("torn-rows", "IMG-3", AGAIN, RECEIVERS, miner="--trigger every:11"),
    row("torn-rows", "IMG-3", AGAIN, IN_A_ROW, miner="--trigger every:8"),
    row("lora-ignored", "IDN-4", LORAS),
    row("lora-sticks", "IDN-5", LORAS),
    row("lora-sticks-by-turns", "IDN-5", LORAS),
    row("lora-sticks-by-turns", "IDN-5", SEQUENCE, LORAS),
    row("prompt-ignored", "IDN-1", AGAIN, miner=INEXACT),
    row("seed-zero-ignored", "IDN-3", AGAIN, miner=INEXACT),
    row("lora-ignored", "IDN-4", LORAS, miner=INEXACT),
    row("newest-first", "SCH-3", TURN, miner="--workers 1 --job-seconds 1.5").explaining("SCH-4"),
    row("blocks-backwards", "SCH-4", TURN, miner="--workers 1 --job-seconds 2.5"),
    row("job-forgotten", "SCH-8", CLIENTS, miner="--workers 1 --job-seconds 0.2", **SHORT),
    row("slows-down", "SCH-6", IN_A_ROW),
    row("training-refused", "TRN-1", TRAINING),
    row("training-stays", "TRN-3", TRAINING),
    row("training-stays-later", "TRN-3", TRAINING, miner="--training-seconds 2"),
    row("training-blocks-server", "SUB-2", TRAINING, miner=AT_WORK),
    row("training-halts", "TRN-4", TRAINING),
)
