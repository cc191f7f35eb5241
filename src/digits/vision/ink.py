"""From grey pixels to ink: even out the light, find the polarity, tell strokes from paper.

Ink is a map (H, W) uint8: 0 paper, 255 the full colour of the pen, the soft edges between.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from digits.vision.parts import Component, components, reaching

EVEN = np.inf  # the reach of light that is the same everywhere
STEP_OF_DEVIATION = 0.954  # the median |difference| of two normals, in their deviations


@dataclass(frozen=True)
class InkLimits:
    """`*_of_X` are shares of X; a centile is of the values that it names.

    To measure: `benchmarks/sweep.py vision.ink.NAME VALUES`.
    """

    min_contrast: float = 0.06  # of the paper's brightness: less is blank; pale pencil has 0.15
    min_contrast_of_noise: float = 4.0  # deviations of the paper's grain that a pen stands out by
    reach_of_shorter_side: float = 0.7  # as wide may a marker's stroke be; shadows are wider
    # What a stroke's paper is looked for in, for broad strokes and for thin ones: see `polarities`.
    around_of_shorter_side: tuple[float, float] = (1 / 3, 0.1)
    plain_paper_of_border: float = 0.95  # with less paper on the border polarity is in doubt
    wide_of_height: float = 1.25  # a picture that is wider has more than one digit
    tight_margin_px: int = 2  # the paper that a crop without any may have on a side
    pen_centile: float = 75.0  # of what stands out: the pen's colour, beyond the soft edges
    min_weak_of_strong: float = 0.5  # so dark is a stroke that hangs together with one
    min_paper: int = 40  # of 255: on black paper a share of the brightness is noise
    even_paper_centile: float = 95.0  # of the brightness, in light that is the same everywhere
    smoothing_of_reach: float = 0.25  # over so much the light is smoothed: its steps are no ink
    shadow_of_paper: float = 0.1  # where the light changes by more it is an edge, and kept sharp
    sample: int = 200_000  # values for a median or centile: a photograph has 4 million
    estimate_side_px: int = 256  # on which the paper's brightness is estimated: it varies slowly


LIMITS = InkLimits()


@dataclass(frozen=True)
class Ink:
    """What a pen left on the paper, for one polarity.

    `level` is the map (H, W) uint8, `mask` (H, W) bool its strokes; `contrast` the pen's share of
    the paper's brightness, 0..1; `inverted` says that it is light on dark.
    """

    level: np.ndarray
    mask: np.ndarray
    contrast: float
    inverted: bool

    @cached_property
    def parts(self) -> list[Component]:
        """What of its strokes hangs together, the largest first."""
        return components(self.mask)


def polarities(grey: np.ndarray) -> list[bool]:
    """Whether ink is light on dark: both values, the likelier first; one value where it is plain.

    The paper is what most of the border shows, and strokes differ from the median around them:
    paper in them, or beyond an edge, is its own median. (Squared, so that grain does not count.)
    It is plain when all agree, for broad strokes and for thin ones, and the paper is nearly all of
    the border and most of the picture. Under the edge of a shadow, on a dark table, in a tight crop
    the border says little, and under a lamp it is dark all around: the median goes first.
    """
    _, dark = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    border = np.concatenate([dark[0], dark[-1], dark[:, 0], dark[:, -1]])
    dark_paper = bool(border.mean() > 0.5)
    on_border = max(border.mean(), 1 - border.mean())
    inverted, of_thin = is_inverted(grey), is_inverted(grey, thin=True)
    agree = (dark.mean() > 0.5) == dark_paper == inverted == of_thin
    plain = on_border > LIMITS.plain_paper_of_border and agree
    return [inverted] if plain else [inverted, not inverted]


def is_inverted(grey: np.ndarray, thin: bool = False) -> bool:
    """Whether what differs from the median around it is lighter, by broad strokes or by thin ones:
    whether ink is likelier light on dark."""
    small, share = estimate(grey), LIMITS.around_of_shorter_side[thin]
    around = cv2.medianBlur(small, max(3, int(share * min(small.shape))) | 1)
    lighter, darker = cv2.subtract(small, around), cv2.subtract(around, small)
    return bool(np.square(lighter, dtype=float).sum() > np.square(darker, dtype=float).sum())


def is_tight(grey: np.ndarray) -> bool:
    """Whether dark and light both reach all four sides of a picture that is not wide: a crop of one
    digit that leaves no paper around."""
    _, dark = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    sides = (fills(cv2.boundingRect(part), grey) for part in (dark, 1 - dark))
    return not is_wide(grey) and all(sides)


def fills(box: Sequence[int], grey: np.ndarray) -> bool:
    """Whether a box (x, y, width, height) leaves no paper on any side of a picture (H, W)."""
    (x, y, w, h), (height, width) = box, grey.shape
    return max(x, y, width - x - w, height - y - h) <= LIMITS.tight_margin_px


def is_wide(grey: np.ndarray) -> bool:
    """Whether a picture (H, W) is too wide for one digit."""
    height, width = grey.shape
    return width > LIMITS.wide_of_height * height


def seen_first(grey: np.ndarray) -> Ink | None:
    """The ink of a picture (H, W) uint8 in the likelier polarity that shows any; None for a blank
    one."""
    seen = (find(grey, inverted) for inverted in polarities(grey))
    return next((ink for ink in seen if ink is not None), None)


def find(grey: np.ndarray, inverted: bool, reach: float | None = None) -> Ink | None:
    """The ink of a picture (H, W) uint8 if it is of this polarity; None for a blank one.

    `reach` is the share of the picture's shorter side that a stroke may be wide, the usual one
    unless told, or EVEN.
    """
    reach = LIMITS.reach_of_shorter_side if reach is None else reach
    dark_ink = 255 - grey if inverted else grey
    depth = _depth(dark_ink, reach)  # (H, W) float32, 0 paper .. 1 black
    floor = max(LIMITS.min_contrast, LIMITS.min_contrast_of_noise * _noise(depth))
    above = depth[cv2.blur(depth, (3, 3)) > floor]
    if not above.size or above.max() <= floor:
        return None
    strong = max(floor, _otsu(above)) if np.ptp(above) > LIMITS.min_contrast else floor
    core = float(np.percentile(above[above >= strong], LIMITS.pen_centile))
    mask = reaching(depth > strong, depth > max(floor, LIMITS.min_weak_of_strong * strong))
    level = np.minimum(depth / core, 1) * 255
    near = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    level = np.where(near, level, 0).astype(np.uint8)
    return Ink(level, mask, core, inverted)


def _depth(grey: np.ndarray, reach: float) -> np.ndarray:
    """How much darker than the paper under it each pixel is, as a share of its brightness."""
    paper = np.maximum(_paper(grey, reach), LIMITS.min_paper).astype(np.float32)
    depth = 1 - grey / paper
    # The closing rides on the tips of the grain.
    grain = 0.0 if reach == EVEN else max(0.0, float(np.median(_sample(depth))))
    return np.maximum(depth - grain, 0)


def _paper(grey: np.ndarray, reach: float) -> np.ndarray:
    """Brightness of the paper under the ink (H, W) uint8: a closing, which fills what is narrower.

    The edge of a shadow or a table wider than that survives it.
    """
    small = estimate(grey)
    if reach == EVEN:
        return np.full_like(grey, np.percentile(small, LIMITS.even_paper_centile))
    smooth = cv2.medianBlur(small, 3)
    pad = side = max(3, int(reach * min(small.shape))) | 1
    padded = cv2.copyMakeBorder(smooth, pad, pad, pad, pad, cv2.BORDER_REPLICATE)
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (side, side))
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, kernel)
    over = int(LIMITS.smoothing_of_reach * side) | 1
    closed, pad = closed[pad - over : over - pad, pad - over : over - pad], over
    even, stepped = cv2.blur(closed, (over, over)), cv2.medianBlur(closed, over)
    step = cv2.absdiff(even, stepped) > LIMITS.shadow_of_paper * even
    closed = np.where(step, stepped, even)[pad:-pad, pad:-pad]
    return cv2.resize(closed, (grey.shape[1], grey.shape[0]), interpolation=cv2.INTER_LINEAR)


def estimate(grey: np.ndarray) -> np.ndarray:
    """The picture, at most LIMITS.estimate_side_px wide and high."""
    factor = min(1.0, LIMITS.estimate_side_px / max(grey.shape))
    size = (max(1, round(grey.shape[1] * factor)), max(1, round(grey.shape[0] * factor)))
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA)


def _noise(depth: np.ndarray) -> float:
    """Standard deviation of the paper's grain, from differences of neighbours.

    Of their median, so that the edges of strokes do not count.
    """
    if depth.shape[1] < 2:
        return 0.0
    step = np.abs(depth[:, 1:] - depth[:, :-1])
    return float(np.median(_sample(step)) / STEP_OF_DEVIATION)


def _sample(values: np.ndarray) -> np.ndarray:
    """Every k-th row, about LIMITS.sample values in all."""
    return values[:: max(1, values.size // LIMITS.sample)]


def _otsu(values: np.ndarray) -> float:
    """Otsu's threshold (1979) of floats in 0..1."""
    threshold, _ = cv2.threshold(
        (values * 255).astype(np.uint8), 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU
    )
    return float(threshold) / 255
