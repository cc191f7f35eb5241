"""Numbers that the finder takes for one across the walls of a table's cells, each by itself.

The walls of a table go on above and below a line; those of a comb, whose cells hold a digit each of
one number, end with it.
"""

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from digits.vision.lines import Line


@dataclass(frozen=True)
class Limits:
    """`*_of_height` are shares of a line's height; a level is of 255.

    To measure: `benchmarks/sweep.py vision.walls.NAME VALUES --only papers`.
    """

    ink_centile: float = 99.0  # of the differences from the paper: the darkest ink, but for specks
    min_ink: float = 0.25  # of it: what counts as ink
    min_ink_level: int = 12  # and at least so much: less is grain
    beyond_of_height: float = 0.9  # above and below the line: so far a wall goes on
    min_upright: float = 0.95  # of a column that ink fills so far: a wall
    askew_of_height: float = 0.1  # it may lean by so much
    max_wall_of_height: float = 0.2  # its thickness
    # Of a cell at least: those of a comb hold a digit each, and their number is one.
    min_cell_of_height: float = 1.35
    min_ink_of_height: float = 0.08  # columns with ink, of what stands in a cell
    core_of_height: float = 0.3  # above and below the middle of a line: there digits have ink


LIMITS = Limits()


def within_cells(line: Line, grey: np.ndarray) -> list[Line]:
    """What a line of a picture (H, W) uint8 falls into at the walls of cells; itself where there
    are none, they are a comb's, or the picture's border is too near to tell."""
    around = LIMITS.beyond_of_height * line.height
    _, top, _, high = line.box
    if top < around or top + high + around > len(grey):
        return [line]
    strip = line.row(LIMITS.beyond_of_height).of_picture(grey)
    away = cv2.absdiff(strip, np.full_like(strip, np.median(strip)))
    least = max(
        LIMITS.min_ink_level, LIMITS.min_ink * float(np.percentile(away, LIMITS.ink_centile))
    )
    ink = (away > least).astype(np.uint8)
    wide = line.width + 2 * line.paper
    scale = strip.shape[1] / wide  # pixels of the strip per one of the line
    height = line.height * scale
    walls = _walls(ink, height)
    cells = [
        (end, start) for (_, end), (start, _) in pairwise([(0, 0), *walls, (len(ink[0]),) * 2])
    ]
    if not walls or max(b - a for a, b in cells) < LIMITS.min_cell_of_height * height:
        return [line]
    middle, reach = len(ink) / 2, LIMITS.core_of_height * height
    inked = np.asarray(ink[round(middle - reach) : round(middle + reach)].any(axis=0))
    parts = []
    for start, end in cells:
        columns = np.flatnonzero(inked[start:end]) + start
        if len(columns) >= LIMITS.min_ink_of_height * height:
            first, last = columns[0], columns[-1] + 1
            parts.append(_part(line, first / scale - line.paper, last / scale - line.paper))
    return parts or [line]


def _part(line: Line, start: float, end: float) -> Line:
    """What of a line lies between two places, in pixels from its first digit on."""
    along = (line.corners[1] - line.corners[0]) / line.width
    first, last = (line.corners[[0, 3]] + place * along for place in (start, end))
    return Line(np.stack([first[0], last[0], last[1], first[1]]), line.probability)


def _walls(ink: np.ndarray, height: float) -> list[tuple[int, int]]:
    """First column and the one behind the last of each wall."""
    size = max(1, round(LIMITS.askew_of_height * height))
    wide = cv2.dilate(ink, np.ones((1, 2 * size + 1), np.uint8))
    full = np.pad((wide.mean(axis=0) >= LIMITS.min_upright).astype(np.int8), 1)
    starts, ends = (np.flatnonzero(np.diff(full) == way) for way in (1, -1))
    most = LIMITS.max_wall_of_height * height + 2 * size
    return [(int(a), int(b)) for a, b in zip(starts, ends, strict=True) if b - a <= most]
