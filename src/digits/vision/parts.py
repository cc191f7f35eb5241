"""The connected parts of a mask."""

from dataclasses import dataclass

import cv2
import numpy as np

from digits.tile import Box

MOST_PARTS = 500  # parts: a page full of numbers has fewer; grain taken for ink has 100,000


@dataclass(frozen=True)
class Component:
    """A connected piece of ink: its box in the picture, its area in pixels, its shape."""

    box: Box
    area: int
    mask: np.ndarray  # (height, width) bool, within the box


def components(mask: np.ndarray) -> list[Component]:
    """The connected parts (8-neighbours) of strokes (H, W) bool, the MOST_PARTS largest first."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    found = []
    for i in np.argsort(-stats[1:, cv2.CC_STAT_AREA], kind="stable")[:MOST_PARTS] + 1:
        x, y, width, height, area = (int(v) for v in stats[i])
        inside = labels[y : y + height, x : x + width] == i
        found.append(Component((x, y, width, height), area, inside))
    return found
