"""The numbers that the rules for one picture stand on.

Set on the calibration half of the sources in ``benchmarks/pictures_corpus.py`` and scored on the
other half; docs/pictures.md has the rates.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Levels are 0 to 255; shares are of the line, block or picture that the rule names."""

    flat_range: int = 2  # levels between the extremes of what counts as flat
    dead_range: int = 0  # the same for what was never painted: that is exactly flat
    dead_lines: float = 0.012  # share of the side that has to be dead before a cut is suspected
    dead_least: int = 12  # lines; fewer are too little to go by, however small the picture is
    border_contrast: int = 8  # levels between the fill and what begins beside it
    border_share: float = 0.45  # of the line beside the fill that has to stand out from it
    border_side: int = 1024  # pixels; on shorter lines a larger share has to, up to border_most
    border_most: float = 0.95
    border_differs: float = 0.75  # of the line beside that has to differ at all, in calm pictures
    calm_share: float = 0.02  # of flat blocks elsewhere; below it the picture never paints flat
    calm_blocks: int = 50  # to tell such a share from
    stair_straight: float = 0.9  # of a smeared border, or one with a step, that has to be straight
    stair_slack: int = 3  # lines around its middle that still count as straight
    stair_margin: int = 6  # lines beyond it, where the picture has to have begun
    stair_contrast: int = 16  # levels between the fill and the picture there
    stair_share: float = 0.5  # of the columns that have to stand out by as much
    frame_least: int = 4  # lines of the thinnest side of a frame
    letterbox_ratio: float = 0.2  # two opposite dead edges that differ by less are bars
    seam_side: int = 512  # pixels; in smaller pictures ordinary edges look like seams
    seam_full_side: int = 1024  # pixels; below it edges are sharper, and a seam has to be, too
    seam_step: float = 1.0  # levels that a run of pixels has to jump by
    seam_excess: float = 2.0  # times the jumps of the same run at the lines around
    seam_share: float = 0.45  # of a line that has to jump
    seam_prominence: float = 2.5  # mean jump ÷ the mean jump at any line around
    seam_one_way: float = 6.0  # the same, where all of it steps one way by about one amount
    seam_mixed: float = 0.1  # of a line that has to step the other way
    seam_spread: float = 0.35  # deviation ÷ mean of the jumps of a line that steps one way
    seam_alike: float = 0.75  # correlation of the details on both sides
    busy_share: float = 0.3  # of a line that changes from pixel to pixel; drawings have less
    tile_border: float = 0.75  # of the lines around a flat tile that have to stand out from it
    noise_spread: float = 12.0  # levels, standard deviation in a block
    noise_roughness: float = 0.5  # variance of the steps ÷ twice the variance; white noise has 1
    noise_colour: float = 0.7  # steps of R − B ÷ steps of R and B; independent channels have 1
    blotch_colour: float = 0.45  # the same between cells, over the whole picture
    blotch_second: float = 0.1  # variance in the second direction of colour ÷ in the first
    noise_fill: float = 0.75  # of the rectangle around noisy blocks that has to be noisy
    noise_whole: float = 0.5  # of all blocks; then the picture as a whole is noise
    channel_range: int = 1  # levels between the extremes of a channel that is lost
    channel_others: int = 24  # levels that the other channels have to span
    alpha_share: float = 0.005  # of the pixels that may be fully transparent
    alpha_fill: float = 0.9  # of a rectangle that has to be, to be called transparent as a whole
    blank_range: int = 40  # levels between the extremes of a picture without anything to see
    blank_spread: float = 3.5  # levels; its standard deviation in its strongest channel
    blank_contrast: float = (
        0.08  # of its brightest channel that this may be: dark pictures have more
    )
    undenoised_lines: int = 3  # of windows of 64 pixels, half over each other
    undenoised_line: float = 0.4  # likelihood of noise, the mean of a line of windows
    undenoised_mean: float = 0.55  # of all lines together
    undenoised_share: float = 0.25  # of the picture; foliage can look like noise in less
    blank_side: int = 256  # pixels; in smaller pictures floors and walls are as flat
    blank_lines: int = 5  # of cells of 8 pixels, nearly flat along a side
    blank_most: float = 0.9  # of the picture
    blank_levels: int = 10  # between the extremes of their means
    blank_reach: int = 4  # lines of cells beyond, within which the picture has to have begun
    blank_border_contrast: int = 16  # levels that it stands out by
    blank_border: float = 0.8  # of the border
    lined_share: float = 0.55  # of fine texture that is one line across and one down
    lined_most: float = 0.92  # drawn grids have more
    lined_least: float = 1.0  # levels that this texture deviates by
    lined_levels: float = 7.0
    box_step: float = 2.0  # levels between cells of a flat box
    box_cells: int = 4  # across and down, without its soft border
    box_fill: float = 0.95  # of the rectangle around flat cells that has to be flat
    box_most: float = 0.4  # of the picture
    box_border: float = 0.75  # of the cells around that have to stand out
    box_contrast: float = 12.0  # levels that they stand out by
    box_elsewhere: float = 0.03  # of the picture that may be as flat elsewhere
    gap_lines: int = 16  # gaps; fewer are too little to be called regular
    gap_regular: float = 0.9  # of the distances between them that have to be equal
    gap_busy: float = 0.7  # of the pixels of the lines between that differ from their neighbour
    gap_apart: float = 0.9  # of the lines between that differ from the one before
    repeated_rows: int = 12  # equal rows in a row that are not flat


DEFAULT = Thresholds()
