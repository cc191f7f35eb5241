"""From grey pixels to ink: even out the light, find the polarity, tell strokes from paper.

Ink is a map (H, W) uint8: 0 paper, 255 the full colour of the pen, the soft edges between.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

MIN_CONTRAST = 0.06  # of the paper's brightness: less is a blank page; pale pencil has 0.15
NOISE_FACTOR = 4.0  # a pen must stand out of the paper's grain by so many deviations
REACHES = (0.7, 0.2)
AROUND = (1 / 3, 0.1)  # of the picture's shorter side: where strokes have paper around them
WIDE = 1.25  # times as wide as high: of more than one digit
EVEN = np.inf  # the reach of light that is the same everywhere
SHADOW = 0.1  # of the brightness: where light and paper change by more it is an edge, kept sharp
SAMPLE = 200_000
ESTIMATE_SIDE = 256  # pixels on which the paper's brightness is estimated: it varies slowly


@dataclass(frozen=True)
class Ink:
    """What a pen left on the paper, for one polarity.

    `level` is the map (H, W) uint8, `mask` (H, W) bool its strokes; `contrast` the pen's share of
    the paper's brightness, 0..1; `inverted` says that it is light on dark, `on_sheet` that what
    lies around a sheet was left out.
    """

    level: np.ndarray
    mask: np.ndarray
    contrast: float
    inverted: bool
    on_sheet: bool = False


def keeping(ink: Ink, mask: np.ndarray) -> Ink:
    """Ink less the strokes that are not in `mask` (H, W) uint8."""
    kept = mask > 0
    if kept.sum() == ink.mask.sum():
        return ink
    gone = cv2.dilate((ink.mask & ~kept).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return replace(ink, mask=kept, level=np.where(gone & ~kept, 0, ink.level))


def polarities(grey: np.ndarray) -> list[bool]:
    """Whether ink is light on dark: both values, the likelier first; one value where it is plain.

    The paper is what most of the border shows, and strokes differ from the median around them:
    paper in them, or beyond an edge, is its own median. (Squared, so that grain does not count.)
    It is plain when all agree, for broad strokes and for thin ones, and the paper is more than 95%
    of the border and most of the picture. Under the edge of a shadow, on a dark table, in a tight
    crop the border says little, and under a lamp it is dark all around: the median goes first.
    """
    _, dark = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    border = np.concatenate([dark[0], dark[-1], dark[:, 0], dark[:, -1]])
    dark_paper = bool(border.mean() > 0.5)
    on_border = max(border.mean(), 1 - border.mean())
    inverted, of_thin = (_is_inverted(grey, share) for share in AROUND)
    plain = on_border > 0.95 and (dark.mean() > 0.5) == dark_paper == inverted == of_thin
    return [inverted] if plain else [inverted, not inverted]


def _is_inverted(grey: np.ndarray, share: float) -> bool:
    """Whether what differs from the median around it, over a share of the picture, is lighter."""
    small = estimate(grey)
    around = cv2.medianBlur(small, max(3, int(share * min(small.shape))) | 1)
    lighter, darker = cv2.subtract(small, around), cv2.subtract(around, small)
    return bool(np.square(lighter, dtype=float).sum() > np.square(darker, dtype=float).sum())


def is_tight(grey: np.ndarray) -> bool:
    """Whether dark and light both reach all four sides of a picture that is not wide: a crop of one
    digit that leaves no paper around."""
    _, dark = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    height, width = grey.shape
    if width > WIDE * height:
        return False
    boxes = [cv2.boundingRect(part) for part in (dark, 1 - dark)]
    return all(max(x, y, width - x - w, height - y - h) <= 2 for x, y, w, h in boxes)


def variants(grey: np.ndarray) -> Iterator[Ink]:
    """What may be the ink of a picture (H, W) uint8, the likeliest first; nothing for a blank one.

    Each polarity in doubt, and each reach of the light: a reach across the picture keeps marker
    strokes of any width whole; a short one follows a sharp shadow on the page.
    """
    for inverted in polarities(grey):
        for reach in REACHES:
            ink = find(grey, inverted, reach)
            if ink is not None:
                yield ink


def find(grey: np.ndarray, inverted: bool, reach: float = REACHES[0]) -> Ink | None:
    """The ink of a picture (H, W) uint8 if it is of this polarity; None for a blank one.

    `reach` is the share of the picture's shorter side that a stroke may be wide, or EVEN.
    """
    dark_ink = 255 - grey if inverted else grey
    depth = _depth(dark_ink, reach)  # (H, W) float32, 0 paper .. 1 black
    noise = _noise(depth)
    floor = max(MIN_CONTRAST, NOISE_FACTOR * noise)
    above = depth[cv2.blur(depth, (3, 3)) > floor]
    if above.size < 3 or above.max() <= floor:
        return None
    strong = max(floor, _otsu(above)) if np.ptp(above) > MIN_CONTRAST else floor
    core = float(np.percentile(above[above >= strong], 75))
    strong = max(floor, min(strong, 0.6 * core))
    weak = min(strong, max(floor, 0.5 * strong, _texture(depth, strong)))
    mask = _reaching(depth > strong, depth > weak)
    foot = min(2 * noise, 0.5 * core)  # core is above 0, as it is above the floor
    level = np.clip((depth - foot) / (core - foot), 0, 1) * 255
    near = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    level = np.where(near, level, 0).astype(np.uint8)
    return Ink(level, mask, core, inverted)


def _depth(grey: np.ndarray, reach: float) -> np.ndarray:
    """How much darker than the paper under it each pixel is, as a share of its brightness."""
    paper = np.maximum(_paper(grey, reach), 40).astype(np.float32)
    depth = 1 - grey / paper
    if reach == EVEN:
        return np.maximum(depth, 0)
    grain = max(0.0, float(np.median(_sample(depth))))  # the closing rides on its tips
    return np.clip(depth - grain, 0, 1)


def _paper(grey: np.ndarray, reach: float) -> np.ndarray:
    """Brightness of the paper under the ink (H, W) uint8: a closing, which fills what is narrower.

    The edge of a shadow or a table wider than that survives it.
    """
    small = estimate(grey)
    if reach == EVEN:
        return np.full_like(grey, np.percentile(small, 95))
    smooth = cv2.medianBlur(small, 3) if min(small.shape) > 64 else small
    pad = side = max(3, int(reach * min(small.shape))) | 1
    padded = cv2.copyMakeBorder(smooth, pad, pad, pad, pad, cv2.BORDER_REPLICATE)
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (side, side))
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, kernel)
    even, stepped = cv2.blur(closed, (side // 4 | 1,) * 2), cv2.medianBlur(closed, side // 4 | 1)
    step = cv2.absdiff(even, stepped) > SHADOW * even
    closed = np.where(step, stepped, even)[pad:-pad, pad:-pad]
    return cv2.resize(closed, (grey.shape[1], grey.shape[0]), interpolation=cv2.INTER_LINEAR)


def estimate(grey: np.ndarray) -> np.ndarray:
    """The picture, at most ESTIMATE_SIDE pixels wide and high."""
    factor = min(1.0, ESTIMATE_SIDE / max(grey.shape))
    size = (max(1, round(grey.shape[1] * factor)), max(1, round(grey.shape[0] * factor)))
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA)


def _noise(depth: np.ndarray) -> float:
    """Standard deviation of the paper's grain, from differences of neighbours.

    Of their median, so that the edges of strokes do not count.
    """
    if depth.shape[1] < 2:
        return 0.0
    step = np.abs(depth[:, 1:] - depth[:, :-1])
    return float(
        np.median(_sample(step)) / 0.954
    )  # median |difference| of two normals is 0.954 sigma


def _texture(depth: np.ndarray, strong: float) -> float:
    """How dark the paper's own pattern gets (its 95th centile), away from strokes."""
    strokes = cv2.dilate((depth > strong).astype(np.uint8), np.ones((7, 7), np.uint8))
    paper, strokes = _sample(depth), _sample(strokes)
    paper = paper[strokes == 0]
    return float(np.percentile(paper, 95)) if paper.size > strokes.size / 10 else 0.0


def _sample(values: np.ndarray) -> np.ndarray:
    """Every k-th row, about SAMPLE values: enough for a median, and a photograph has 4 million."""
    return values[:: max(1, values.size // SAMPLE)]


def _reaching(strong: np.ndarray, weak: np.ndarray) -> np.ndarray:
    """The weak pixels that hang together with a strong one (hysteresis, Canny 1986)."""
    _, labels = cv2.connectedComponents(weak.astype(np.uint8))
    kept = np.zeros(labels.max() + 1, bool)
    kept[labels[strong]] = True
    kept[0] = False
    return kept[labels]


def _otsu(values: np.ndarray) -> float:
    """Otsu's threshold (1979) of floats in 0..1."""
    threshold, _ = cv2.threshold(
        (values * 255).astype(np.uint8), 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU
    )
    return float(threshold) / 255
