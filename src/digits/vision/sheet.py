"""A sheet of paper that lies on something darker: the picture as if it were all of that paper."""

from dataclasses import dataclass

import cv2
import numpy as np

from digits.tile import HALF


@dataclass(frozen=True)
class Limits:
    """Of a sheet in a picture.

    To measure: `benchmarks/sweep.py vision.sheet.NAME VALUES`.
    """

    side_px: int = 256  # of the picture in which it is looked for
    area_of_picture: tuple[float, float] = (0.1, 0.9)
    min_area_of_hull: float = 0.9  # what has bays is no sheet
    min_step: int = 40  # of 255: by which it is brighter than what lies around it
    edge_px: int = 5  # of the reduced picture: so much of its edge is no paper


LIMITS = Limits()


def as_all_paper(grey: np.ndarray) -> np.ndarray | None:
    """A picture (H, W) uint8 with all around its sheet as bright as the sheet; None where there is
    no sheet, or nothing around it."""
    height, width = grey.shape
    scale = min(1.0, LIMITS.side_px / max(grey.shape))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.medianBlur(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), LIMITS.edge_px)
    _, bright = cv2.threshold(small, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    outlines, _ = cv2.findContours(bright, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    largest = max(outlines, key=cv2.contourArea, default=None)
    if largest is None:
        return None
    hull = cv2.convexHull(largest)
    area, least = cv2.contourArea(largest), LIMITS.min_area_of_hull * cv2.contourArea(hull)
    low, high = (share * small.size for share in LIMITS.area_of_picture)
    if not low <= area <= high or area < least:
        return None
    sheet = cv2.fillConvexPoly(np.zeros_like(small), hull, 255)
    around = small[sheet == 0]
    paper = int(np.median(small[sheet > 0]))
    if not around.size or paper - np.median(around) < LIMITS.min_step:
        return None
    inner = cv2.erode(sheet, np.ones((2 * LIMITS.edge_px + 1,) * 2, np.uint8), borderValue=255)
    on_it = cv2.resize(inner, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.where(on_it > HALF, grey, np.uint8(paper))
