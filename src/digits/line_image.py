"""The line image's one home: a line of a page and what stands around it, as the line model takes
it.

uint8 (HEIGHT, W), W a multiple of GRID: the line is a third as high. Nothing is decided about what
is ink.
"""

import numpy as np

from digits.spec import LINE_SHAPE

HEIGHT = LINE_SHAPE[1]
LINE = HEIGHT // 3  # pixels: the height of the line itself
AROUND, BESIDE = 1.0, 1.2  # heights of the line, of what stands above and below it, and beside it
GRID, MOST_WIDTH = 32, 480  # pixels: what is wider loses its end


def line_image(grey: np.ndarray) -> np.ndarray:
    """The line image (HEIGHT, W) uint8 of a piece (HEIGHT, w) uint8 of a page, with paper behind
    it up to the next multiple of GRID."""
    kept = grey[:, :MOST_WIDTH]
    room = -kept.shape[1] % GRID
    return np.pad(kept, ((0, 0), (0, room)), constant_values=int(np.median(kept)))
