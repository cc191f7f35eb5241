"""Remove straight lines across the paper: rules, the edge of the sheet."""

from dataclasses import dataclass

import cv2
import numpy as np

from digits.vision.components import components, usual_height
from digits.vision.ink import Ink, keeping


@dataclass(frozen=True)
class RuleLimits:
    """`*_of_X` are shares of X; a height is that of what is written."""

    min_run_of_side: float = 0.15  # of the picture: a straight run so long belongs to a rule ...
    min_run_px: int = 24
    min_span_of_side: float = 0.9  # ... if, gaps included, it crosses so much of the picture ...
    max_level_of_shorter_side: float = 0.06  # ... and is no thicker, if it is level, or upright:
    # a 1 in a tight crop is as high as the picture, its stroke a thirtieth of that or more.
    max_upright_of_shorter_side: float = 0.03
    min_height_px: int = 8  # what is lower is no writing
    min_long_of_height: float = 3.0  # no stroke is level for so long, on any page
    min_part_of_long: float = 0.5  # a part is so long, or none can hold a long line
    max_slim_of_height: float = 0.15  # a line so long is no thicker
    # A pale rule, of which the mask has what hangs together with digits ...
    max_pale_gap_of_height: float = 0.15
    min_pale_run_of_height: float = 3.0
    # ... and a line that a hand drew under a number, in a bow.
    max_bowed_gap_of_height: float = 0.06
    min_bowed_run_of_height: float = 0.4
    bridge_of_height: float = 1.0  # between runs of a line, where digits stand on it
    gap_slack_px: int = 5  # a line that is taken away leaves gaps wider than itself by less


LIMITS = RuleLimits()


def without_rules(ink: Ink) -> Ink:
    """Ink without straight lines across the picture; strokes that cross one stay whole."""
    mask = ink.mask.astype(np.uint8)
    found = components(mask)
    height = usual_height(found)
    pale = LIMITS.max_pale_gap_of_height, LIMITS.min_pale_run_of_height
    bowed = LIMITS.max_bowed_gap_of_height, LIMITS.min_bowed_run_of_height
    least = LIMITS.min_part_of_long * LIMITS.min_long_of_height * height
    shorter = min(mask.shape)
    for turned in (False, True):
        way = mask.T if turned else mask
        limit = LIMITS.max_upright_of_shorter_side if turned else LIMITS.max_level_of_shorter_side
        drawn = lines(way, limit * shorter)
        longest = max((part.box[3 if turned else 2] for part in found), default=0)
        if height >= LIMITS.min_height_px and longest > least:
            drawn |= _long_lines(way, height, *pale) | _long_lines(way, height, *bowed)
        way = _erase(way, drawn)
        mask = way.T if turned else way
    return keeping(ink, mask)


def lines(mask: np.ndarray, thickest: float) -> np.ndarray:
    """Where horizontal lines up to `thickest` pixels run, (H, W) uint8."""
    mask = np.ascontiguousarray(mask)
    width = mask.shape[1]
    run = max(LIMITS.min_run_px, int(LIMITS.min_run_of_side * width))
    runs = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((1, run), np.uint8))
    if not runs.any():
        return runs
    bridged = cv2.morphologyEx(runs, cv2.MORPH_CLOSE, np.ones((3, run), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(bridged)
    spans = stats[:, cv2.CC_STAT_WIDTH] >= LIMITS.min_span_of_side * width
    thin = stats[:, cv2.CC_STAT_AREA] < thickest * stats[:, cv2.CC_STAT_WIDTH]
    keep = spans & thin
    keep[0] = False
    return runs * keep[labels]


def _long_lines(mask: np.ndarray, height: float, gap: float, run: float) -> np.ndarray:
    """Where slim level lines run that are longer than a stroke can be, (H, W) uint8.

    Such a line is a chain of level runs of pixels with gaps, both in heights of what is written.
    """
    left, top, width, high = cv2.boundingRect(np.ascontiguousarray(mask))
    there = np.s_[top : top + high, left : left + width]
    drawn = np.zeros(mask.shape, np.uint8)
    closed = _morph(np.ascontiguousarray(mask[there]), cv2.MORPH_CLOSE, 1, gap * height)
    slimmest = LIMITS.max_slim_of_height * height
    slim = closed & (1 - _morph(closed, cv2.MORPH_OPEN, slimmest, 1))
    runs = _morph(slim, cv2.MORPH_OPEN, 1, run * height)
    if not runs.any():
        return drawn
    bridged = _morph(runs, cv2.MORPH_CLOSE, 3, LIMITS.bridge_of_height * height) & closed
    _, labels, stats, _ = cv2.connectedComponentsWithStats(bridged)
    long = stats[:, cv2.CC_STAT_WIDTH] >= LIMITS.min_long_of_height * height
    long[0] = False
    drawn[there] = runs * long[labels]
    return drawn


def _morph(mask: np.ndarray, how: int, high: float, wide: float) -> np.ndarray:
    return cv2.morphologyEx(mask, how, np.ones((int(high) or 1, int(wide) or 1), np.uint8))


def _erase(mask: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Take lines away, then close the gaps that they leave in strokes."""
    mask = np.ascontiguousarray(mask)
    if not drawn.any():
        return mask
    thickness = int(np.median(drawn.sum(axis=0)[drawn.any(axis=0)]))
    edge = np.ones((3, 1), np.uint8)  # a line's ragged upper and lower pixels
    rest = cv2.bitwise_and(mask, 1 - cv2.dilate(drawn, edge))
    gap = np.ones((thickness + LIMITS.gap_slack_px, 1), np.uint8)
    closed = cv2.morphologyEx(rest, cv2.MORPH_CLOSE, gap)
    return cv2.bitwise_or(rest, cv2.bitwise_and(closed, mask))
