"""What clauses and tests need of a server beyond taking a job, in words that a profile uses."""

from enum import StrEnum


class Need(StrEnum):
    """Something that a server may not have. Then what needs it does not apply to that server."""

    POLLING = "polling"  # a job can be asked for
    PROGRESS = "progress"  # its status tells how far it is
    QUEUE = "queue"  # its status tells a waiting job from one at work
    TIMES = "times"  # its status tells when it ended
    ERRORS = "errors"  # its status says why it failed
    STATEMENTS = "delivery statements"  # its status says what became of the callback
    RESULTS = "results"  # the picture can be had beside the callback
    RESULT_PATHS = "result paths"  # at a path made from the job's id
    CALLBACKS = "callbacks"
    CALLBACK_IDS = "job ids in callbacks"
    CALLBACK_STATES = "states in callbacks"
    CALLBACK_TIMES = "times in callbacks"
    CALLBACK_ERRORS = "errors in callbacks"
    CALLBACK_PICTURES = "pictures in callbacks"
    CALLBACK_PARTS = "parts with a file name in callbacks"
    PROOF = "proof"  # a callback proves who sent it
    SECRETS = "secrets"  # a job brings a secret of its own
    SINGLE_DELIVERY = "single delivery"  # a delivery that was taken is not repeated
    RETRIES = "retries"  # a delivery that was not taken comes again
    SEEDS = "seeds"
    SIZES = "sizes"
    LORAS = "LoRAs"
    EXPIRY = "expiry"
    CHOSEN_IDS = "chosen ids"
    TRAINING = "training"
    HEALTH = "health"
    PAGES = "open pages"
    REFUSALS = "refusals"  # bad bodies are refused as the documents say
    UNUSUAL = "unusual submissions"  # unknown fields, odd prompts, a prompt alone
    UNKNOWN_IDS = "unknown ids"  # a job that never was is answered 404
    CLOSED_PATHS = "closed paths"  # ids and paths lead to no other files


Needs = frozenset[Need]
NO_NEEDS: Needs = frozenset()
