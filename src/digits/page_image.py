"""The page image's one home: a grey picture as the finder takes it.

uint8 (H, W), both multiples of GRID. Nothing is decided about what is ink.
"""

from dataclasses import dataclass

import cv2
import numpy as np

GRID = 64  # pixels that the finder's coarsest map has one of
MOST_SIDE = 2048  # that a finder can be asked for
PIXEL = 2  # pixels of a page image that the finder's maps have one of
# Of a row's height, width and height: beyond its core, which is what keeps it from its neighbours.
ENDS, MOST_ENDS, UP = 0.25, 0.35, 0.27


@dataclass(frozen=True)
class PageImageLimits:
    """Longer sides are in pixels of the page image.

    To measure: `benchmarks/sweep.py page_image.NAME VALUES --only papers`.
    """

    # Smaller pictures are enlarged to the first, larger ones are reduced to the second. Of 804
    # numbers on made-up pages of 2048 pixels, most of them lower than 40, 124 were right with 1024
    # for both, 153 with 1280; made-up pages of 1024 enlarged to 1280 had twice the false lines.
    sides_px: tuple[int, int] = (1024, 1280)
    coarse_side_px: int = 320  # likewise of the page image in which large digits are looked for
    max_zoom: float = 1.5  # small pictures are made larger by so much at the most


LIMITS = PageImageLimits()


def usual_side(grey: np.ndarray) -> int:
    """The longer side of the page image of a grey picture (h, w), in pixels."""
    least, most = LIMITS.sides_px
    return min(max(*grey.shape, least), most)


def page_image(grey: np.ndarray, side: int) -> np.ndarray:
    """The page image (H, W) uint8 of a grey picture (h, w) uint8, `side` pixels the longer side."""
    scale = min(side / max(grey.shape), LIMITS.max_zoom)
    height, width = (max(GRID, round(v * scale / GRID) * GRID) for v in grey.shape)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return cv2.resize(grey, (width, height), interpolation=how)
