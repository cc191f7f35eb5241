"""Remove straight lines across the paper: rules, the edge of the sheet."""

import cv2
import numpy as np

from digits.vision.ink import Ink, keeping
from digits.vision.parts import parts, usual_height

RUN = 0.15  # of the picture's side: a straight run of ink so long belongs to a rule ...
SPAN = 0.9  # ... if, gaps included, it crosses so much of the picture ...
THIN = 0.06  # ... and is no thicker than this (a level rule), or half of it (an upright one:
# a 1 in a tight crop is as high as the picture, and its stroke a thirtieth of that or more)
MIN_RUN = 24  # pixels
LONG = 3.0
SLIM = 0.15  # of that height: a line so long is no thicker
BREAK = 0.15  # of that height: pale rules are seen with gaps


def without_rules(ink: Ink) -> Ink:
    """Ink without straight lines across the picture; strokes that cross one stay whole."""
    mask = ink.mask.astype(np.uint8)
    height = usual_height(parts(mask))
    for turned in (False, True):
        way = mask.T if turned else mask
        across = lines(way, THIN * min(mask.shape) / (2 if turned else 1))
        way = _erase(way, cv2.bitwise_or(across, _long_lines(way, height)))
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


def _long_lines(mask: np.ndarray, height: float) -> np.ndarray:
    """Where slim horizontal lines run that are longer than a stroke can be, (H, W) uint8.

    Of a pale rule the mask often has only what hangs together with a digit.
    """
    mask = np.ascontiguousarray(mask)
    closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((1, max(1, int(BREAK * height)))))
    runs = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((1, max(MIN_RUN, int(LONG * height)))))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(runs)
    slim = stats[:, cv2.CC_STAT_AREA] < SLIM * height * stats[:, cv2.CC_STAT_WIDTH]
    slim[0] = False
    return runs * slim[labels]


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
