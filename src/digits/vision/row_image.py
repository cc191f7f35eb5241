"""A row of ink as the row model takes it: (ROW_IMAGE_HEIGHT, W) uint8, level and upright."""

import cv2
import numpy as np

from digits.vision.rows import ROW_HEIGHT

ROW_IMAGE_HEIGHT = 40  # pixels: room for digits half as high again as the row's usual ones
ROW_IMAGE_DIGIT = 26
SIDE = 4  # columns of paper at both ends
WIDEST_GAP = 10  # columns of paper between digits: what stands further apart is moved nearer


def row_image(level: np.ndarray) -> np.ndarray:
    """The strip (ROW_IMAGE_HEIGHT, W) uint8, W even, of a row's ink (h, w) uint8 ROW_HEIGHT high.

    What is too high for it is cut around the centre of mass.
    """
    scale = ROW_IMAGE_DIGIT / ROW_HEIGHT
    small = cv2.resize(level, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    x, y, width, height = cv2.boundingRect((small > 32).astype(np.uint8))
    ink = small[y : y + height, x : x + width]
    if height > ROW_IMAGE_HEIGHT:
        moments = cv2.moments(ink)
        top = round(moments["m01"] / max(moments["m00"], 1e-9) - ROW_IMAGE_HEIGHT / 2)
        top = min(max(top, 0), height - ROW_IMAGE_HEIGHT)
        ink, height = ink[top : top + ROW_IMAGE_HEIGHT], ROW_IMAGE_HEIGHT
    ink = _closer(ink)
    above = (ROW_IMAGE_HEIGHT - height) // 2
    return np.pad(
        ink, ((above, ROW_IMAGE_HEIGHT - height - above), (SIDE, SIDE + ink.shape[1] % 2))
    )


def _closer(ink: np.ndarray) -> np.ndarray:
    """The columns of ink (h, w), less what is beyond WIDEST_GAP of each gap."""
    columns = np.arange(ink.shape[1])
    written = (ink > 32).any(axis=0)
    last = np.maximum.accumulate(np.where(written, columns, -1))
    return ink[:, columns - last <= WIDEST_GAP]
