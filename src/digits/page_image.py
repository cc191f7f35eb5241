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

    # Of 424 numbers on four real pages of 816 pixels 216 were right with 1024, 270 with 1280 (the
    # finder amid its last training); of 295 on made-up pages of 1024 pixels 163 and 160.
    side_px: int = 1280
    coarse_side_px: int = 320  # likewise of the page image in which large digits are looked for
    max_zoom: float = 1.5  # small pictures are made larger by so much at the most


LIMITS = PageImageLimits()


def page_image(grey: np.ndarray, side: int) -> np.ndarray:
    """The page image (H, W) uint8 of a grey picture (h, w) uint8, `side` pixels the longer side."""
    scale = min(side / max(grey.shape), LIMITS.max_zoom)
    height, width = (max(GRID, round(v * scale / GRID) * GRID) for v in grey.shape)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return cv2.resize(grey, (width, height), interpolation=how)
