"""The row image's one home: a grey crop of one row of a number as the row model takes it.

uint8 (HEIGHT, W), W a multiple of STRIDE: bright ink on black, its paper near PAPER. Nothing is
decided about what is ink: the row model looks at walls, rules and grain itself.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from digits.spec import ROW_SHAPE

HEIGHT = ROW_SHAPE[1]
STRIDE = 4  # columns of a row image that make one column of the row model's answer
LEAST_WIDTH, MOST_WIDTH = 32, 1920  # pixels
PAPER, INK = 40, 220  # levels of the paper and of the darkest hundredth of it


@dataclass(frozen=True)
class RowImageLimits:
    """Levels are of 255.

    To measure: `benchmarks/sweep.py row_image.NAME VALUES`.
    """

    min_contrast: int = 12  # of the ink to its paper: less is grain, and stays dark
    ink_percentile: int = 99  # of the depths below the paper: so deep is ink, be there specks


LIMITS = RowImageLimits()


def row_image(grey: np.ndarray, inverted: bool = False) -> np.ndarray:
    """The row image (HEIGHT, W) uint8 of a grey crop (h, w) uint8; `inverted` is light on dark."""
    scale = HEIGHT / grey.shape[0]
    width = round(grey.shape[1] * scale / STRIDE) * STRIDE
    width = min(max(width, LEAST_WIDTH), MOST_WIDTH)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(grey, (width, HEIGHT), interpolation=how).astype(np.float32)
    small = 255 - small if inverted else small
    depth = np.median(small) - small
    darkest = max(float(np.percentile(depth, LIMITS.ink_percentile)), LIMITS.min_contrast)
    return np.clip(PAPER + depth * ((INK - PAPER) / darkest), 0, 255).astype(np.uint8)
