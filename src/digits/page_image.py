"""The page image's one home: a grey picture as the finder takes it.

uint8 (H, W), both multiples of GRID: the picture, its longer side SIDE at the most. Nothing is
decided about what is ink.
"""

import cv2
import numpy as np

SIDE = 1024  # pixels of the longer side at the most
COARSE_SIDE = 320  # likewise of the page image in which large digits are looked for
GRID = 64  # pixels that the finder's coarsest map has one of
MOST_SIDE = 2048  # that a finder can be asked for
MOST_ZOOM = 1.5  # small pictures are made larger by so much at the most
PIXEL = 2  # pixels of a page image that the finder's maps have one of
# Of a row's height, width and height: beyond its core, which is what keeps it from its neighbours.
ENDS, MOST_ENDS, UP = 0.25, 0.35, 0.27


def page_image(grey: np.ndarray, side: int = SIDE) -> np.ndarray:
    """The page image (H, W) uint8 of a grey picture (h, w) uint8, `side` pixels the longer side."""
    scale = min(side / max(grey.shape), MOST_ZOOM)
    height, width = (max(GRID, round(v * scale / GRID) * GRID) for v in grey.shape)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return cv2.resize(grey, (width, height), interpolation=how)
