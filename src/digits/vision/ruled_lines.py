"""Remove straight lines across the paper: rules, the edge of the sheet."""

import cv2
import numpy as np

from digits.vision.components import components, usual_height
from digits.vision.ink import Ink, keeping

RUN = 0.15  # of the picture's side: a straight run of ink so long belongs to a rule ...
SPAN = 0.9  # ... if, gaps included, it crosses so much of the picture ...
THIN = 0.06  # ... and is no thicker than this (a level rule), or half of it (an upright one:
# a 1 in a tight crop is as high as the picture, and its stroke a thirtieth of that or more)
MIN_RUN = 24  # pixels
LONG = 3.0  # heights of what is written: no stroke is level for so long, on any page
SLIM = 0.15  # of that height: a line so long is no thicker
LOWEST = 8  # pixels; what is lower is no writing
# Gaps and runs of a pale rule, of which the mask has what hangs together with digits, and of a line
# that a hand drew under a number, in a bow.
PALE, BOWED = (0.15, LONG), (0.06, 0.4)


def without_rules(ink: Ink) -> Ink:
    """Ink without straight lines across the picture; strokes that cross one stay whole."""
    mask = ink.mask.astype(np.uint8)
    found = components(mask)
    height = usual_height(found)
    for turned in (False, True):
        way = mask.T if turned else mask
        drawn = lines(way, THIN * min(mask.shape) / (2 if turned else 1))
        longest = max((part.box[3 if turned else 2] for part in found), default=0)
        if height >= LOWEST and longest > LONG * height / 2:  # else no part can hold such a line
            drawn |= _long_lines(way, height, *PALE) | _long_lines(way, height, *BOWED)
        way = _erase(way, drawn)
        mask = way.T if turned else way
    return keeping(ink, mask)


def lines(mask: np.ndarray, thickest: float) -> np.ndarray:
    """Where horizontal lines up to `thickest` pixels run, (H, W) uint8."""
    mask = np.ascontiguousarray(mask)
    width = mask.shape[1]
    run = max(MIN_RUN, int(RUN * width))
    runs = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((1, run), np.uint8))
    if not runs.any():
        return runs
    bridged = cv2.morphologyEx(runs, cv2.MORPH_CLOSE, np.ones((3, run), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(bridged)
    spans = stats[:, cv2.CC_STAT_WIDTH] >= SPAN * width
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
    slim = closed & (1 - _morph(closed, cv2.MORPH_OPEN, SLIM * height, 1))
    runs = _morph(slim, cv2.MORPH_OPEN, 1, run * height)
    if not runs.any():
        return drawn
    bridged = _morph(runs, cv2.MORPH_CLOSE, 3, height) & closed  # where digits stand on the line
    _, labels, stats, _ = cv2.connectedComponentsWithStats(bridged)
    long = stats[:, cv2.CC_STAT_WIDTH] >= LONG * height
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
    closed = cv2.morphologyEx(rest, cv2.MORPH_CLOSE, np.ones((thickness + 5, 1), np.uint8))
    return cv2.bitwise_or(rest, cv2.bitwise_and(closed, mask))
