"""What is unusual about a picture's ink, in words that help its owner to make a better one."""

import cv2
import numpy as np

from digits.tile import stroke_width
from digits.vision.ink import Ink

THIN = 0.03  # stroke's width by digit's height: a ball pen has 0.06 to 0.12
THICK = 0.3
FAINT = 0.2  # of the paper's brightness
BLURRED = 0.6  # share of the ink that is neither paper nor stroke, but between
SMALL = 12  # pixels of a digit's height


def warnings(ink: Ink, height: int) -> list[str]:
    """Warnings for ink whose digits are `height` pixels high, most telling first."""
    if height < 1:
        return []
    found = []
    if ink.on_sheet:
        found.append("a sheet on a table: only what is on it is read")
    if ink.inverted:
        found.append("light ink on dark paper: inverted")
    if height < SMALL:
        found.append(f"digits are only {height} pixels high")
    width = stroke_width(ink.level) / height
    if width < THIN:
        found.append("very thin strokes")
    if width > THICK:
        found.append("very thick strokes")
    if ink.contrast < FAINT:
        found.append("very faint ink")
    if height >= SMALL and _blur(ink) > BLURRED:
        found.append("picture is blurred")
    return found


def _blur(ink: Ink) -> float:
    """The share of the inked pixels that are soft edge, 0..1."""
    level = ink.level[cv2.dilate(ink.mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0]
    inked = level > 32
    return float((inked & (level < 192)).sum() / max(inked.sum(), 1))
