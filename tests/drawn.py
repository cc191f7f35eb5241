"""Digits as strokes, drawn plainly: for the page's tests by mouse, for reading's by OpenCV."""

import math

import cv2
import numpy as np

Point = tuple[float, float]


def arc(x: float, y: float, rx: float, ry: float, begin: float, end: float) -> list[Point]:
    """Points on an ellipse, from one angle to another, in degrees, clockwise from the right."""
    angles = [math.radians(begin + (end - begin) * i / 24) for i in range(25)]
    return [(x + rx * math.cos(a), y + ry * math.sin(a)) for a in angles]


# Strokes in a box of 1x1.
DIGITS: dict[str, list[list[Point]]] = {
    "0": [arc(0.5, 0.5, 0.32, 0.5, -90, 270)],
    "1": [[(0.35, 0.2), (0.55, 0.0), (0.55, 1.0)]],
    "2": [[*arc(0.5, 0.28, 0.32, 0.28, -170, 40), (0.15, 1.0), (0.9, 1.0)]],
    "3": [arc(0.45, 0.25, 0.35, 0.25, -150, 90) + arc(0.45, 0.75, 0.4, 0.25, -90, 150)],
    "4": [[(0.6, 0.0), (0.1, 0.65), (0.9, 0.65)], [(0.68, 0.35), (0.68, 1.0)]],
    "5": [[(0.85, 0.0), (0.25, 0.0), (0.2, 0.45), *arc(0.45, 0.69, 0.38, 0.31, -120, 150)]],
    "6": [[(0.7, 0.0), (0.35, 0.35), *arc(0.5, 0.72, 0.3, 0.28, 180, -180)]],
    "7": [[(0.1, 0.0), (0.9, 0.0), (0.4, 1.0)]],
    "8": [arc(0.5, 0.25, 0.26, 0.25, 90, -270) + arc(0.5, 0.75, 0.32, 0.25, -90, 270)],
    "9": [[*arc(0.45, 0.28, 0.3, 0.28, 0, -360), (0.72, 1.0)]],
}


def drawing(text: str, size: tuple[int, int], pen: int, gap: float) -> np.ndarray:
    """Digits that fill a picture of (width, height), black on white (H, W) uint8, `gap` widths from
    one to the next."""
    width, height = size
    ink = np.zeros((height, width), np.uint8)
    high = 0.55 * height
    wide = min(0.7 * high, 0.75 * width / len(text))
    for k, character in enumerate(text):
        left = width / 2 + (k - len(text) / 2) * wide * gap
        for points in DIGITS[character]:
            at = np.array([(left + x * wide, 0.22 * height + y * high) for x, y in points])
            cv2.polylines(ink, [(8 * at).round().astype(np.int32)], False, 255, pen, cv2.LINE_AA, 3)
    return 255 - ink
