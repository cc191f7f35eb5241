"""Numbers that the finder takes for one across the walls of a table's cells, each by itself.

A wall is a thin straight line, darker or lighter than what is left and right of it, however faint.
Those of a table go on above or below a line; those of a comb, whose cells hold a digit each of one
number, end with it.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np

from digits.vision.lines import Line

BANDS = 4  # of a line's height: how far each is filled is one number a column
LEANS = 5  # that are tried


@dataclass(frozen=True)
class Limits:
    """`*_of_height` are shares of a line's height; a level is of 255.

    To measure: `benchmarks/sweep.py vision.walls.NAME VALUES --only papers`.
    """

    height_px: int = 40  # of a line, as its walls are looked for
    stroke_of_height: float = 0.2  # as thick may a stroke or a wall be
    stroke_centile: float = 99.0  # of how strokes differ from beside them: the darkest
    min_stroke: float = 0.15  # of it: what counts as a stroke
    min_ink: float = 0.25  # of the darkest, likewise: what counts as ink
    min_level: int = 5  # and at least so much of both: less is grain
    long_of_height: float = 4.0  # so long is a wall at least
    min_upright: float = 0.9  # of a wall's length that is a stroke
    askew_of_height: float = 0.16  # a wall of that length may lean by so much to either side
    # Of a cell at least: those of a comb hold a digit each, and their number is one.
    min_cell_of_height: float = 1.35
    min_ink_of_height: float = 0.08  # columns with ink, of what stands in a cell
    core_of_height: float = 0.3  # above and below the middle of a line: there digits have ink


LIMITS = Limits()


def within_cells(line: Line, grey: np.ndarray) -> list[Line]:
    """What a line of a picture (H, W) uint8 falls into at the walls of cells; itself where there
    are none, or they are a comb's."""
    beyond = LIMITS.long_of_height - 1
    height = LIMITS.height_px
    strip = line.row(beyond, height).of_picture(grey)
    scale = height / line.height  # pixels of the strip per one of the line
    above = beyond * line.height - line.box[1]
    inside = above, above + len(grey)
    walls = _walls(_strokes(strip), [round(place * scale) for place in inside])
    wide, paper = strip.shape[1], line.paper * scale
    cells = [
        (wall, start, end, other)
        for (wall, start), (end, other) in pairwise([(0, 0), *walls, (wide, wide)])
        if start < wide - paper and end > paper
    ]
    widest = max((end - start for _, start, end, _ in cells), default=0)
    if len(cells) < 2 or widest < LIMITS.min_cell_of_height * height:
        return [line]
    middle, reach = len(strip) / 2, LIMITS.core_of_height * height
    inked = np.asarray(_ink(strip)[round(middle - reach) : round(middle + reach)].any(axis=0))
    parts = []
    for wall, start, end, other in cells:
        columns = np.flatnonzero(inked[start:end]) + start
        if len(columns) >= LIMITS.min_ink_of_height * height:
            first, last = columns[0], columns[-1] + 1
            part = line.between(*(x / scale - line.paper for x in (first, last)))
            before = (first - wall) / scale if wall > 0 else np.inf
            behind = (other - last) / scale if other < wide else np.inf
            parts.append(replace(part, walls=(before, behind)))
    return parts or [line]


def _ink(strip: np.ndarray) -> np.ndarray:
    """What differs from the paper, however thick: (h, w) bool."""
    away = cv2.absdiff(strip, np.full_like(strip, np.median(strip)))
    most = float(np.percentile(away[::2, ::2], LIMITS.stroke_centile))
    return away > max(LIMITS.min_level, LIMITS.min_ink * most)


def _strokes(strip: np.ndarray) -> np.ndarray:
    """What is darker than what is left and right of it, or lighter, whichever there is more of:
    (h, w) uint8, 1 there. Smoothed downwards, so that walls stand out of grain."""
    size = round(LIMITS.stroke_of_height * LIMITS.height_px)
    smooth, beside = cv2.blur(strip, (1, size)), np.ones((1, size | 1), np.uint8)
    darker = cv2.morphologyEx(smooth, cv2.MORPH_BLACKHAT, beside)
    lighter = cv2.morphologyEx(smooth, cv2.MORPH_TOPHAT, beside)
    away = max(darker, lighter, key=cv2.norm)
    most = float(np.percentile(away[::2, ::2], LIMITS.stroke_centile))
    return (away > max(LIMITS.min_level, LIMITS.min_stroke * most)).astype(np.uint8)


def _walls(strokes: np.ndarray, inside: list[int]) -> list[tuple[int, int]]:
    """First column and the one behind the last of each wall, in what of the strip lies `inside` the
    picture, from some row to some other."""
    height, wide = LIMITS.height_px, strokes.shape[1]
    near = cv2.dilate(strokes, np.ones((1, 3), np.uint8))  # a wall is a pixel off at times
    high = height // BANDS
    whole = near[: len(near) // high * high]
    bands = whole.reshape(-1, high, wide).mean(axis=1, dtype=np.float32)
    long = round(LIMITS.long_of_height * BANDS)
    places = np.arange(len(bands)) - (len(bands) - 1) / 2
    most = LIMITS.askew_of_height * height / long
    leans = np.round(np.linspace(-most, most, LEANS)[:, None] * places).astype(int)
    columns = np.clip(np.arange(wide) + leans[..., None], 0, wide - 1)
    filled = bands[np.arange(len(bands))[:, None], columns]  # (LEANS, bands, wide)
    first, last = -(-max(inside[0], 0) // high), min(inside[1] // high, len(bands))
    if last - first < long:
        return []
    sums = np.cumsum(np.pad(filled[:, first:last], ((0, 0), (1, 0), (0, 0))), axis=1)
    upright = (sums[:, long:] - sums[:, :-long]).max(axis=(0, 1))
    full = np.pad((upright >= LIMITS.min_upright * long).astype(np.int8), 1)
    begins, ends = (np.flatnonzero(np.diff(full) == way) for way in (1, -1))
    thick = LIMITS.stroke_of_height * height + 2
    return [(int(a), int(b)) for a, b in zip(begins, ends, strict=True) if b - a <= thick]
