"""What can be chosen of the engine, without loading torch."""

DTYPES = ("float32", "bfloat16", "float16")
FAULTS = {
    "no-synchronisation": "copies a picture before it is whole: its lower half is the preview",
    "shared-scheduler": "has one scheduler for all jobs, which moves on with each of them",
    "latents-overwritten": "puts the next job's latents where those of another still are",
    "nan-in-decoder": "decodes in half precision, which the activations outgrow",
    "wrong-seams": "decodes in tiles, each one cell off",
    "adapter-twice": "merges a LoRA twice",
    "adapter-stays": "never takes a LoRA out of the weights",
    "guidance-of-another": "guides each job by the prompt of another one in the batch",
}
"""Each strikes beside other jobs only."""
