"""What is unusual about a picture's ink, in words that help its owner to make a better one."""

from dataclasses import dataclass

import cv2
import numpy as np

from digits.tile import stroke_width
from digits.vision.ink import Ink


@dataclass(frozen=True)
class WarningLimits:
    """`*_of_X` are shares of X; levels are of 255.

    To see what they say of pictures at hand: `benchmarks/answers.py --against RECORD`.
    """

    min_height_px: int = 12  # of a digit
    min_stroke_of_height: float = 0.03  # a ball pen has 0.06 to 0.12
    max_stroke_of_height: float = 0.3
    min_contrast: float = 0.2  # of the paper's brightness
    max_soft_of_ink: float = 0.6  # neither paper nor stroke, but between
    min_soft_level: int = 32
    min_stroke_level: int = 192


LIMITS = WarningLimits()


def warnings(ink: Ink, height: int) -> list[str]:
    """Warnings for ink whose digits are `height` pixels high, most telling first."""
    if height < 1:
        return []
    found = []
    if ink.inverted:
        found.append("light ink on dark paper: inverted")
    if height < LIMITS.min_height_px:
        found.append(f"digits are only {height} pixels high")
    width = stroke_width(ink.level) / height
    if width < LIMITS.min_stroke_of_height:
        found.append("very thin strokes")
    if width > LIMITS.max_stroke_of_height:
        found.append("very thick strokes")
    if ink.contrast < LIMITS.min_contrast:
        found.append("very faint ink")
    if height >= LIMITS.min_height_px and _blur(ink) > LIMITS.max_soft_of_ink:
        found.append("picture is blurred")
    return found


def _blur(ink: Ink) -> float:
    """The share of the inked pixels that are soft edge, 0..1."""
    level = ink.level[cv2.dilate(ink.mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0]
    inked = level > LIMITS.min_soft_level
    soft = inked & (level < LIMITS.min_stroke_level)
    return float(soft.sum() / max(inked.sum(), 1))
