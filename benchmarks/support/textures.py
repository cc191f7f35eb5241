"""Pictures (H, W) uint8 of patterns that are hardest to tell from writing: reading took minutes."""

from collections.abc import Callable

import cv2
import numpy as np


def squared(height: int, width: int, step: int, thick: int = 1) -> np.ndarray:
    page = np.full((height, width), 255, np.uint8)
    for line in range(thick):
        page[line::step], page[:, line::step] = 120, 120
    return page


def checks(height: int, width: int, size: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return ((y // size + x // size) % 2 * 255).astype(np.uint8)


def rings(side: int) -> np.ndarray:
    page = np.full((side, side), 255, np.uint8)
    for radius in range(20, side // 2, 6):
        cv2.circle(page, (side // 2, side // 2), radius, 0, 2)
    return page


def dots(height: int, width: int, step: int) -> np.ndarray:
    inside = (np.indices((height, width)) % step < step // 2).all(axis=0)
    return np.where(inside, 0, 255).astype(np.uint8)


def large_dots() -> np.ndarray:
    """As large as a PNG of 16 bits may be, in the kind of pixels that takes longest to decode."""
    return dots(6000, 6000, 24).astype(np.uint16) * 257


TEXTURES: dict[str, Callable[[], np.ndarray]] = {
    "an empty squared sheet": lambda: squared(1600, 1600, 40, 2),
    "a finer one": lambda: squared(1600, 1600, 20),
    "a small one": lambda: squared(139, 102, 6),
    "checks in a strip": lambda: checks(20, 2000, 10),
    "rings in rings": lambda: rings(2000),
    "a grid of dots": lambda: dots(800, 1200, 60),
    "dots that touch": lambda: dots(1363, 1164, 4),
    "checks as high as rows": lambda: checks(1158, 1962, 46),
    "checks in a long strip": lambda: checks(35, 14154, 30),
    "36 million pixels of dots": large_dots,
}
