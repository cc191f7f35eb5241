"""What of a mask hangs together."""

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


def reaching(core: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """What of a mask (H, W) bool hangs together with its core (H, W) bool (hysteresis, Canny
    1986)."""
    _, labels = cv2.connectedComponents(mask.astype(np.uint8))
    kept = np.zeros(labels.max() + 1, bool)
    kept[labels[core]] = True
    return kept[labels]
