"""Digits drawn from stroke templates with human jitter, in the styles that MNIST lacks.

MNIST is the American hand of about 1990: hardly a foot or a long up-stroke at the 1 or a bar
through the 7, no slashed 0, no pen but one. Here each way of writing a digit is a line of text;
`draw` bends, slants and stretches it before it draws it with one of several pens.
"""

from functools import cache

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from digits.spec import INK_SIZE, TILE_SIZE
from digits.tile import frame

# Points x,y in percent of the digit's height, y downwards. A smooth curve runs through them; `!`
# makes a corner of the point before it, `|` lifts the pen. The last one of each digit is angular,
# as in the display of a clock.
STYLES: dict[int, tuple[str, ...]] = {
    0: (
        "32,0 8,15 0,50 8,85 32,100 56,85 64,50 56,15 32,0",
        "50,8 30,0 8,18 0,50 8,84 32,100 56,84 64,50 56,18 38,2 26,6",  # its ends cross
        "48,10 30,2 8,18 0,50 8,84 32,100 56,84 62,54 57,28",  # open
        "14,6 3,25 0,55 10,88 34,100 58,84 64,48 54,15 34,4",  # open on top
        "44,-6 18,8 2,46 8,88 32,100 58,80 60,38 44,8 28,8 30,24",  # curled in
        "32,0 8,15 0,50 8,85 32,100 56,85 64,50 56,15 32,0 | 54,16 10,86",  # slashed
        "32,0 8,15 0,50 8,85 32,100 56,85 64,50 56,15 32,0 | 76,-8 -10,106",
        "4,0! 56,0! 56,100! 4,100! 4,0",
    ),
    1: (
        "0,0 0,100",
        "10,0 0,50 4,100",
        "0,22 24,0! 24,100",
        "0,46 36,0! 36,100",  # long up-stroke
        "0,60 42,0! 40,100",
        "0,42 20,28 36,0! 34,100",
        "4,26 30,0! 30,100! | 0,100 60,100",  # with a foot
        "0,44 36,0! 36,100! | 8,100 66,100",
        "4,24 36,0! 36,100! | -10,102 84,96",
        "6,16 26,0! 26,100",
    ),
    2: (
        "4,24 14,6 32,0 52,10 56,30 40,58 0,100! 62,100",
        "4,24 14,6 32,0 52,10 54,34 36,66 14,92 2,92 6,80 22,84 40,98 66,92",  # with a loop
        "2,22 20,2 44,4 54,26 38,58 4,96! 22,90 42,98 64,92",
        "6,30 10,8 32,0 54,14 50,44 26,74 0,100! 64,98",
        "2,12 26,0 52,6 50,34 2,98! 60,98",
        "0,0! 56,0! 56,50! 0,50! 0,100! 56,100",
    ),
    3: (
        "4,14 24,0 50,8 54,28 40,44 20,48! 44,50 60,70 50,92 26,100 0,88",
        "2,2 54,2! 24,40! 50,46 62,70 48,94 22,100 0,88",  # flat top
        "4,12 26,0 52,12 48,36 26,48 18,44 28,42 52,54 58,78 36,100 8,96 0,84",  # with a loop
        "2,4 50,6! 18,44! 52,56 50,88 22,100 0,90",
        "6,10 30,0 52,16 44,40 24,46! 50,56 54,84 28,100 2,94",
        "4,14 24,0 50,8 52,28 34,42! 54,52 60,74 42,96 14,96 2,80 12,66 30,72 32,84",  # curled
        "0,0! 50,0! 50,100! 0,100 | 8,48 50,48",
    ),
    4: (
        "10,0 4,55! 66,52 | 50,5 46,100",  # open
        "4,0 4,55! 60,55 | 48,0 48,100",
        "14,0 2,42 14,56 48,50 | 54,0 48,100",  # open and round
        "44,100 44,0! 0,66! 66,66",  # a triangle
        "46,0 0,64! 66,64 | 46,0 46,100",
        "36,0 0,62! 64,62 | 42,34 40,100",
        "24,0 0,60! 60,58 | 44,30 40,100",
        "42,0 0,56! 46,56 | 44,2 42,100",  # its arm ends at the stem
        "40,0 2,70! 68,60 | 58,38 46,100",  # a short stem
        "38,0 18,30 0,66 12,74 66,56 | 64,38 50,100",
        "0,0! 0,50! 56,50 | 56,0 56,100",
    ),
    5: (
        "8,4 4,44! 30,38 56,54 58,80 34,100 2,92 | 8,4 58,2",  # two strokes
        "10,6 6,46! 30,40 56,56 58,82 34,100 0,94 | 14,0 64,-5",
        "58,2 10,2! 6,44! 30,38 56,54 56,82 32,100 0,92",
        "56,4 26,0 10,16 12,40 36,50 54,66 50,90 26,100 0,90",
        "54,2 12,4! 6,42! 28,40 54,52 56,80 30,100 2,94",
        "60,2 12,2! 6,42! 30,38 54,52 54,80 32,100 8,92 4,74 20,66 32,76 26,86",  # curled
        "56,0! 0,0! 0,50! 56,50! 56,100! 0,100",
    ),
    6: (
        "46,0 20,22 2,56 6,88 30,100 54,88 54,64 32,52 8,66",
        "40,0 4,66 10,94 32,100 52,86 50,64 30,56 6,68",
        "56,10 34,0 10,18 0,56 10,92 34,100 56,84 52,58 30,50 6,64",
        "40,0 14,30 2,66 10,96 30,98 42,82 28,68 6,82",  # a small loop
        "24,0 2,40 0,80 24,100 50,84 46,62 24,56 4,74",
        "56,0! 0,0! 0,100! 56,100! 56,50! 0,50",
    ),
    7: (
        "0,2 58,0! 22,100",
        "0,2 58,0! 22,100 | 12,52 56,48",  # with a bar
        "0,4 56,2! 36,44 26,100 | 10,56 58,44",
        "0,18 2,0! 58,0! 26,100",
        "0,16 2,0! 56,0! 30,100 | 16,50 58,50",
        "0,10 16,0 36,6 60,0! 32,50 22,100 | 8,50 56,46",
        "0,10 16,0 36,6 60,0! 32,50 22,100",
        "0,0! 56,0! 56,100",
    ),
    8: (
        "52,14 30,0 6,14 14,38 46,58 58,82 30,100 2,82 14,58 46,38 52,14",
        "30,0 8,10 8,36 30,46 52,36 52,10 30,0 | 30,46 4,58 2,88 30,100 58,88 56,58 30,46",
        "56,6 30,2 8,16 16,38 44,56 58,80 32,100 4,84 14,58 40,38 60,10",  # open
        "30,48 6,28 14,4 44,4 52,26 30,48 2,74 14,98 46,98 58,74 30,48",
        "0,50! 56,50! 56,0! 0,0! 0,100! 56,100! 56,50",
    ),
    9: (
        "54,20 34,0 8,8 2,34 18,52 44,44 54,20! 54,100",  # a straight leg
        "54,16 34,0 8,8 2,34 18,52 44,44 54,16! 44,100",
        "54,20 34,0 8,8 2,34 18,52 44,44 54,18 54,60 44,94 18,100 2,88",  # a curled leg
        "50,26 30,2 6,16 4,40 24,52 46,42 50,26 | 52,2 48,100",
        "52,16 28,0 4,18 8,44 30,48 52,18! 30,100",
        "28,40 8,34 6,12 30,0 52,14 52,44 40,76 10,100",  # its loop open
        "48,22 30,2 10,14 12,38 30,48 48,26! 50,50 64,80 56,96! 4,98",  # its leg on a foot
        "50,14 28,0 8,16 14,40 38,44 50,22! 46,48 62,78 42,100 4,94",
        "56,50! 0,50! 0,0! 56,0! 56,100! 0,100",
    ),
}  # fmt: skip

_SAMPLES = 8  # points of the drawn curve between two of the template
_FADE = 1 + np.add.outer(range(3), range(3))[..., None]  # short waves bend the plane less

Picture = NDArray[np.uint8]  # (height, width), bright ink on black
Strokes = list[NDArray[np.float64]]  # each (points, 2): x and y


def draw(count: int, rng: int | Generator) -> tuple[Picture, NDArray[np.int64]]:
    """Draw digits, each class equally often, and so each of its styles; the angular one half.

    Returns:
        Tiles uint8 (count, 1, 28, 28), as MNIST frames them, and labels int64 (count,).
    """
    rng = np.random.default_rng(rng)
    labels = rng.permutation(np.arange(count) % 10)
    tiles = np.empty((count, 1, TILE_SIZE, TILE_SIZE), np.uint8)
    for index, label in enumerate(labels):
        styles = STYLES[label] + STYLES[label][:-1]
        style = styles[rng.integers(len(styles))]
        tiles[index, 0] = ink(bend(style, rng), rng)
    return tiles, labels


def bend(style: str, rng: Generator, stretch: NDArray[np.float64] | None = None) -> Strokes:
    """One person's way of writing a style once: strokes as points (n, 2), y from 0 to about 1. The
    `stretch` and slant (2, 2) are random unless given (`slanted`)."""
    waves = rng.normal(0, 0.07, (3, 3, 2)) / _FADE
    strokes: list[Strokes] = []
    for points, lift in zip(*_parse(style), strict=True):
        if lift:
            strokes.append([])
            offset = rng.normal(0, 0.02, 2)
        points = points + rng.normal(0, 0.018, points.shape) + offset
        cosines = np.cos(np.pi * np.arange(3) * points[..., None])  # (n, xy, 3)
        points = points + np.einsum("ni,nj,ijk->nk", cosines[:, 0], cosines[:, 1], waves)
        if strokes[-1]:
            points[0] = strokes[-1][-1][-1]  # a piece begins where the one before it ended
        strokes[-1].append(_spline(len(points)) @ points)
    matrix = slanted(rng) if stretch is None else stretch
    return [np.concatenate(stroke) @ matrix for stroke in strokes]


def slanted(rng: Generator) -> NDArray[np.float64]:
    """A random stretch, slant (mostly to the right) and turn: (2, 2), for points on its left."""
    aspect, slant, turn = (
        np.exp(rng.normal(0.05, 0.18)),
        rng.normal(0.08, 0.16),
        rng.normal(0, 0.07),
    )
    stretched = np.array([[aspect, 0], [-slant, 1]])
    return stretched @ [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]


@cache
def _parse(style: str) -> tuple[Strokes, list[bool]]:
    """Smooth pieces, as points (n, 2) in units of the height, and whether the pen lifts before."""
    pieces, lifts = [], []
    for stroke in style.split("|"):
        points: list[list[list[float]]] = [[]]
        for word in stroke.split():
            point = [float(number) / 100 for number in word.rstrip("!").split(",")]
            points[-1].append(point)
            if word.endswith("!"):
                points.append([point])
        smooth = [np.array(piece) for piece in points if len(piece) > 1]
        pieces += smooth
        lifts += [True] + [False] * (len(smooth) - 1)
    return pieces, lifts


@cache
def _spline(count: int) -> NDArray[np.float64]:
    """From points to the Catmull-Rom curve through them: (samples, count)."""
    padded = np.vstack([np.eye(count)[0], np.eye(count), np.eye(count)[-1]])
    t = np.linspace(0, 1, _SAMPLES, endpoint=False)[:, None]
    weights = (-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2)
    runs = [sum(w * padded[i + k] for k, w in enumerate(weights)) / 2 for i in range(count - 1)]
    return np.vstack([*runs, np.eye(count)[-1]])


def ink(strokes: Strokes, rng: Generator) -> Picture:
    """Draw strokes with a random pen and frame them: a tile (28, 28) uint8."""
    picture = _pen(strokes, rng) if rng.random() < 0.6 else _paint(strokes, rng)
    if rng.random() < 0.2:  # grain of paper, or a marker that runs dry
        grain = cv2.resize(rng.random((30, 30), np.float32), picture.shape[::-1])
        picture = (picture * (1 - rng.uniform(0.2, 0.7) * grain)).astype(np.uint8)
    tile = frame(picture, normalise_pen=False)
    return stretched(tile) if rng.random() < 0.9 else tile


def stretched(tile: Picture) -> Picture:
    """A tile whose brightest ink is 255, which one-pixel lines of a large picture are not."""
    return np.asarray(cv2.convertScaleAbs(tile, alpha=255 / max(int(tile.max()), 1)), np.uint8)


def _canvas(strokes: Strokes, size: float, margin: float) -> tuple[Picture, Strokes]:
    """A black picture for strokes scaled into a square of `size` px, and their points in it."""
    points = np.concatenate(strokes)
    low = points.min(0)
    extent = points.max(0) - low
    scale = size / extent.max()
    width, height = np.ceil(extent * scale + 2 * margin).astype(int) + 1
    moved = [(stroke - low) * scale + margin for stroke in strokes]
    return np.zeros((height, width), np.uint8), moved


def _pen(strokes: Strokes, rng: Generator) -> Picture:
    """A round or a broad nib with varying pressure, antialiased, at four times the tile's size."""
    size = INK_SIZE * 4
    width = size * np.exp(rng.uniform(np.log(0.05), np.log(0.22)))
    picture, moved = _canvas(strokes, size, width + 2)
    swing = rng.uniform(0, 0.3) if rng.random() < 0.5 else 0
    phase = rng.uniform(0, 6)
    for stroke in moved:
        points = (stroke * 16).round().astype(np.int32)
        for start in range(0, len(points) - 1, _SAMPLES // 2):
            part = points[start : start + _SAMPLES // 2 + 1]
            thickness = max(1, round(width * (1 + swing * np.sin(phase + start / 7))))
            cv2.polylines(picture, [part], False, 255, thickness, cv2.LINE_AA, 4)
    return picture


def _paint(strokes: Strokes, rng: Generator) -> Picture:
    """Hard pixels of a paint program: lines of one pixel, or a square marker, on a coarse grid."""
    size = round(np.exp(rng.uniform(np.log(14), np.log(120))))
    width = 1 if rng.random() < 0.5 else max(1, round(size * rng.uniform(0.05, 0.2)))
    picture, moved = _canvas(strokes, size, width + 1)
    lines = [stroke.round().astype(np.int32) for stroke in moved]
    cv2.polylines(picture, lines, False, 255, 1, cv2.LINE_8)
    return np.asarray(cv2.dilate(picture, np.ones((width, width), np.uint8)), np.uint8)
