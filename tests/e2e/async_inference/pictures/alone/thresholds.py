"""The numbers that the rules for one picture stand on.

Set on the calibration half of the sources in ``benchmarks/pictures_corpus.py`` and scored on the
other half; docs/pictures.md has the rates.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Levels are 0 to 255; shares are of the line, block or picture that the rule names."""

    flat_range: int = 2  # levels between the extremes of what counts as flat
    dead_lines: float = 0.012  # share of the side that has to be dead before a cut is suspected
    border_contrast: int = 8  # levels between the fill and what begins beside it
    border_share: float = 0.45  # of the line beside the fill that has to stand out from it
    calm_share: float = 0.02  # of flat blocks elsewhere; below it the picture never paints flat
    letterbox_ratio: float = 0.2  # two opposite dead edges that differ by less are bars
    seam_share: float = 0.34  # of a line that has to be a sharp step, both up and down
    seam_share_one_way: float = 0.5  # the same, where nearly all of it steps one way
    seam_mixed: float = 0.1  # of a line that has to step the other way
    busy_share: float = 0.3  # of a line that changes from pixel to pixel; drawings have less
    seam_spread: float = 14.0  # levels, standard deviation of the steps along a seam
    tile_border: float = 0.75  # of the lines around a flat tile that have to stand out from it
    noise_spread: float = 12.0  # levels, standard deviation in a block
    noise_roughness: float = 0.5  # variance of the steps ÷ twice the variance; white noise has 1
    noise_colour: float = 0.45  # steps of R − B ÷ steps of R and B; independent channels have 1
    noise_fill: float = 0.75  # of the rectangle around noisy blocks that has to be noisy
    noise_whole: float = 0.5  # of all blocks; then the picture as a whole is noise
    channel_range: int = 1  # levels between the extremes of a channel that is lost
    channel_others: int = 24  # levels that the other channels have to span
    alpha_share: float = 0.005  # of the pixels that may be fully transparent
    repeated_rows: int = 12  # equal rows in a row that are not flat


DEFAULT = Thresholds()
