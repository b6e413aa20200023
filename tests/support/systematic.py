"""What is told of the defects of `reference/miner/pictures/systematic.py`, where that is not their
own name: by defect."""

TOLD_AS = {
    "swapped": "red and blue swapped",
    "half-lost": "half lost",
    "washed-out": "washed out",
    "underscaled": "flat tone",
    "few-colours": "few colours",
    "blocky": "blocks",
    "noise-left": "noise left",
    "checkerboard": "lattice",
    "upside-down": "upside down",
    "tinted": "green",
}
