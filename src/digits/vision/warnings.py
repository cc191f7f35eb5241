"""What is unusual about a picture's ink, in words that help its owner to make a better one."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from digits.tile import HALF, parts_of, sheet_of, stroke_widths
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
    (width,), (soft,) = stroke_widths(ink.level[None]), _softness(ink.level[None], ink.mask[None])
    return _said(ink.inverted, height, width / height, ink.contrast, soft)


def of_tiles(
    tiles: np.ndarray, heights: Sequence[int], inverted: Sequence[bool]
) -> list[list[str]]:
    """The same for tiles (N, H, W) uint8 whose digits are so many pixels high each."""
    widths, softness = stroke_widths(tiles), _softness(tiles, tiles > HALF)
    return [
        _said(bright, height, width / height, 1.0, soft)
        for bright, height, width, soft in zip(inverted, heights, widths, softness, strict=True)
    ]


def _said(
    inverted: bool, height: int, width_of_height: float, contrast: float, softness: float
) -> list[str]:
    found = []
    if inverted:
        found.append("light ink on dark paper: inverted")
    if height < LIMITS.min_height_px:
        found.append(f"digits are only {height} pixels high")
    if width_of_height < LIMITS.min_stroke_of_height:
        found.append("very thin strokes")
    if width_of_height > LIMITS.max_stroke_of_height:
        found.append("very thick strokes")
    if contrast < LIMITS.min_contrast:
        found.append("very faint ink")
    if height >= LIMITS.min_height_px and softness > LIMITS.max_soft_of_ink:
        found.append("picture is blurred")
    return found


def _softness(levels: np.ndarray, masks: np.ndarray) -> list[float]:
    """The share of the inked pixels that are soft edge, 0..1, of each ink (N, H, W) and mask."""
    masks = sheet_of(masks.astype(np.uint8))
    near = parts_of(cv2.dilate(masks, np.ones((3, 3), np.uint8)), levels.shape) > 0
    inked = (levels > LIMITS.min_soft_level) & near
    soft = inked & (levels < LIMITS.min_stroke_level)
    most = np.maximum(inked.sum(axis=(1, 2)), 1)
    return list((soft.sum(axis=(1, 2)) / most).tolist())
