"""What stands around a number on a crop: walls, rules, neighbours' ink, words, specks."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.random import Generator

from digits.data import hands, row_ink, row_text
from digits.data.row_ink import LOOKALIKES, Sources, beside, cropped
from digits.row_image import HEIGHT

MOST_SHOWN = 0.6  # of a neighbour's width: a whole 1 at the border would be a digit like another
COMB_LINES = (0.012, 0.12)  # their thickness, by the height of the digits between them
FINE = 2 * HEIGHT  # pixels of a crop's height as drawn; it is made smaller then


def placed(ink: np.ndarray, rng: Generator) -> tuple[np.ndarray, tuple[int, int, int, int]]:
    """A number's ink on a crop (FINE, W) uint8, and its box; a little of it may be cut off."""
    height, width = ink.shape
    room = FINE - height
    y = int(rng.uniform(0, 1) * room) if room > 0 else int(rng.uniform(0.3, 0.7) * room)
    narrow = rng.random() < 0.6
    before, after = (
        int(rng.uniform(0.0, 0.35) * FINE if narrow else rng.uniform(0.1, 1.6) * FINE)
        for _ in range(2)
    )
    sheet = np.zeros((FINE, max(before + width + after, FINE // 2)), np.uint8)
    top, cut = max(y, 0), max(-y, 0)
    there = sheet[top : top + height - cut, before : before + width]
    there[:] = ink[cut : cut + there.shape[0]]
    return sheet, (before, top, width, min(height, FINE))


Add = Callable[[np.ndarray, tuple[int, int, int, int], float, Sources, Generator], None]


def _neighbours(
    clutter: np.ndarray, box: tuple[int, int, int, int], height: float, source: Sources,
    rng: Generator,
) -> None:  # fmt: skip
    """Pieces of other writing that the crop's border cuts: beside, above or below the number."""
    x, y, width, high = box
    total = clutter.shape[1]
    for side in ("left", "right", "above", "below"):
        if rng.random() > 0.35:
            continue
        other = rng.uniform(0.5, 1.2) * height
        ink = row_ink.of(row_text.digits(int(rng.integers(1, 5)), rng), source, other, rng).ink
        if rng.random() < 0.3 and source.others:
            ink = hands.draw(
                source.others[rng.integers(len(source.others))], other, hands.pen(other, rng)
            )
        h, w = ink.shape
        if side in ("left", "right"):
            room = (x if side == "left" else total - x - width) - int(0.12 * FINE)
            shown = min(int(rng.uniform(0.05, 0.4) * other), room, int(MOST_SHOWN * w))
            if shown < 2:
                continue
            part = ink[:, w - shown :] if side == "left" else ink[:, :shown]
            at = (0 if side == "left" else total - shown, int(rng.integers(-h // 3, FINE - h // 2)))
        else:
            room = (y if side == "above" else FINE - y - high) - int(0.04 * FINE)
            shown = min(int(rng.uniform(0.05, 0.4) * h), room)
            if shown < 2:
                continue
            part = ink[h - shown :] if side == "above" else ink[:shown]
            at = (
                int(rng.integers(-w // 2, max(total - w // 2, 1))),
                0 if side == "above" else FINE - shown,
            )
        _paste(clutter, part, *at)


def _paste(sheet: np.ndarray, ink: np.ndarray, x: int, y: int) -> None:
    """Add ink to a sheet, as much of it as lies on it."""
    height, width = sheet.shape
    x0, y0, x1, y1 = (
        max(x, 0),
        max(y, 0),
        min(x + ink.shape[1], width),
        min(y + ink.shape[0], height),
    )
    if x0 < x1 and y0 < y1:
        there = sheet[y0:y1, x0:x1]
        np.maximum(there, ink[y0 - y : y1 - y, x0 - x : x1 - x], out=there)


def _rules(
    clutter: np.ndarray, box: tuple[int, int, int, int], height: float, source: Sources,
    rng: Generator,
) -> None:  # fmt: skip
    """Printed lines across the crop, wherever they fall."""
    for _ in range(int(rng.integers(1, 3))):
        y, tilt = int(rng.integers(0, FINE)), int(rng.integers(-4, 5))
        cv2.line(
            clutter, (0, y), (clutter.shape[1], y + tilt), 255, int(rng.integers(1, 4)), cv2.LINE_AA
        )


def _underline(
    clutter: np.ndarray, box: tuple[int, int, int, int], height: float, source: Sources,
    rng: Generator,
) -> None:  # fmt: skip
    x, y, width, high = box
    along = np.linspace(-0.1, 1.1, 30)
    bow = rng.uniform(-0.1, 0.1) * height
    down = y + high + rng.uniform(-0.03, 0.15) * height
    points = np.stack([x + along * width, down + bow * np.sin(np.pi * along)], 1)
    for k in range(int(rng.choice([1, 2], p=[0.8, 0.2]))):
        lower = (points + np.array([0, 0.15 * height * k])).round().astype(np.int32)
        cv2.polylines(
            clutter, [lower], False, 255, max(1, round(hands.pen(height, rng))), cv2.LINE_AA
        )


def _word(
    clutter: np.ndarray, box: tuple[int, int, int, int], height: float, source: Sources,
    rng: Generator,
) -> None:  # fmt: skip
    """A unit, a label or a currency sign, printed or by hand, where there is room beside."""
    x, _, width, _ = box
    total = clutter.shape[1]
    right = rng.random() < 0.6
    room = total - x - width if right else x
    if rng.random() < 0.5:
        word = ("kg", "EUR", "mm", "No", "$", "cm", "F", "Nr.", "ml", "m", "Total", "US$")[
            rng.integers(12)
        ]
        size = rng.uniform(0.2, 0.7) * height / 22
        ink = np.zeros((FINE, 6 * FINE), np.uint8)
        font = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX)[
            rng.integers(3)
        ]
        cv2.putText(
            ink, word, (4, FINE // 2), font, size, 255, max(1, round(size * 1.5)), cv2.LINE_AA
        )
        ink = cropped(ink)
    else:
        letters = [g for g in (source.others[i] for i in rng.integers(len(source.others), size=2))
                   if not set(g.label) & LOOKALIKES]  # fmt: skip
        if not letters:
            return
        pen, size = hands.pen(height, rng), rng.uniform(0.4, 0.9) * height
        ink = beside([(hands.draw(g, size, pen), 0.0) for g in letters], 0.1 * size, size, 0.0, rng)
    gap = int(rng.uniform(0.25, 0.6) * height)
    if ink.shape[1] + gap < room:
        at = x + width + gap if right else x - gap - ink.shape[1]
        _paste(clutter, ink, at, int(rng.integers(0, max(FINE - ink.shape[0], 1))))


def _equals(
    clutter: np.ndarray, box: tuple[int, int, int, int], height: float, source: Sources,
    rng: Generator,
) -> None:  # fmt: skip
    """Two dashes behind an amount, which close it."""
    x, y, width, high = box
    left, middle = x + width + int(rng.uniform(0.1, 0.4) * height), y + high // 2
    long, apart = int(rng.uniform(0.2, 0.6) * height), int(rng.uniform(0.08, 0.14) * height) + 2
    pen = max(1, round(hands.pen(height, rng)))
    for dy in (-apart, apart):
        tilt = int(rng.integers(-4, 5))
        cv2.line(
            clutter, (left, middle + dy), (left + long, middle + dy + tilt), 255, pen, cv2.LINE_AA
        )


def _ring(
    clutter: np.ndarray, box: tuple[int, int, int, int], height: float, source: Sources,
    rng: Generator,
) -> None:  # fmt: skip
    """A ring or a box drawn around the number by hand, which may touch it."""
    x, y, width, high = box
    half = np.array([width, high]) / 2 + rng.uniform(-0.05, 0.3, 2) * height
    angle = np.linspace(0, 2 * np.pi * rng.uniform(0.95, 1.1), 40) + rng.uniform(0, 2 * np.pi)
    round_ = np.stack([np.cos(angle), np.sin(angle)], 1)
    if rng.random() < 0.5:
        round_ /= np.abs(round_).max(axis=1, keepdims=True)  # a box
    else:
        half *= rng.uniform(1.0, 1.4)
    bend = cv2.GaussianBlur(rng.normal(0, 0.15, (40, 2)), (1, 9), 0)
    points = np.array([x + width / 2, y + high / 2]) + half * round_ + bend * height
    pen = max(1, round(hands.pen(height, rng)))
    cv2.polylines(clutter, [points.round().astype(np.int32)], False, 255, pen, cv2.LINE_AA)


def _brackets(
    clutter: np.ndarray, box: tuple[int, int, int, int], height: float, source: Sources,
    rng: Generator,
) -> None:  # fmt: skip
    """Round or square brackets around the number, by hand."""
    x, y, width, high = box
    up = np.linspace(-0.5, 0.5, 20)
    tall, pen = rng.uniform(1.0, 1.4) * high, max(1, round(hands.pen(height, rng)))
    deep, is_square = rng.uniform(0.08, 0.25) * height, rng.random() < 0.2
    bow = deep * (np.abs(up) < 0.5 if is_square else 1 - 4 * up**2)
    for side, edge in ((-1, x), (1, x + width)):
        foot = edge + side * rng.uniform(0.1, 0.4) * height
        points = np.stack([foot + side * bow, y + high / 2 + tall * up], 1)
        cv2.polylines(clutter, [points.round().astype(np.int32)], False, 255, pen, cv2.LINE_AA)


def _specks(
    clutter: np.ndarray, box: tuple[int, int, int, int], height: float, source: Sources,
    rng: Generator,
) -> None:  # fmt: skip
    for _ in range(int(rng.integers(1, 6))):
        at = (int(rng.integers(clutter.shape[1])), int(rng.integers(FINE)))
        end = (at[0] + int(rng.integers(-9, 10)), at[1] + int(rng.integers(-4, 5)))
        cv2.line(clutter, at, end, int(rng.integers(80, 256)), int(rng.integers(1, 4)), cv2.LINE_AA)


CLUTTER: tuple[tuple[float, Add], ...] = (
    (0.4, _neighbours), (0.2, _rules), (0.12, _underline), (0.12, _word), (0.08, _equals),
    (0.12, _specks), (0.1, _ring), (0.05, _brackets),
)  # fmt: skip


def walls(shape: tuple[int, ...], box: tuple[int, int, int, int], rng: Generator) -> np.ndarray:
    """The printed walls of a cell near the crop's border, single or double, (H, W) uint8."""
    height, width = shape
    drawn = np.zeros((height, width), np.uint8)
    reach, double = rng.uniform(0.02, 0.22) * FINE, rng.random() < 0.25
    thick = int(rng.integers(1, 7))
    for side in range(4):
        if rng.random() < 0.35:
            continue
        at, tilt = rng.uniform(-0.02 * FINE, reach), rng.integers(-5, 6)
        for offset in (0, rng.uniform(4, 14)) if double else (0,):
            near = int(at + offset)
            far = (width if side % 2 else height) - 1 - near
            place = near if side < 2 else far
            ends = ((place, 0), (place + int(tilt), height)) if side % 2 else (
                (0, place), (width, place + int(tilt)))  # fmt: skip
            cv2.line(drawn, *ends, 255, thick, cv2.LINE_AA)
    return drawn


def comb(
    shape: tuple[int, ...], box: tuple[int, int, int, int], at: np.ndarray, rng: Generator
) -> np.ndarray:
    """The printed cells (H, W) uint8 of a number's characters, walls `at` pixels right of its left:
    cells side by side, boxes apart, ticks on a line, or bare walls; empty ones before and after."""
    drawn = np.zeros(shape, np.uint8)
    x, y, _, high = box
    pitch = at[1] - at[0]
    before, after = (int(rng.integers(0, 3)) for _ in range(2))
    first = x + at[0] - before * pitch
    count = len(at) - 1 + before + after
    top, bottom = (y - rng.uniform(0.02, 0.4) * high, y + high + rng.uniform(0.02, 0.35) * high)
    thick = max(1, round(high * np.exp(rng.uniform(*np.log(COMB_LINES)))))
    style = rng.choice(["cells", "boxes", "ticks", "walls"])
    apart = rng.uniform(0.02, 0.12) * pitch if style == "boxes" else 0.0
    if style == "ticks":
        top = bottom - rng.uniform(0.15, 0.7) * high

    def line(x0: float, y0: float, x1: float, y1: float) -> None:
        ends = (round(x0), round(y0)), (round(x1), round(y1))
        cv2.line(drawn, *ends, 255, thick, cv2.LINE_AA)

    for k in range(count + 1):
        wall = first + k * pitch
        for edge in {wall - apart, wall + apart}:
            line(edge, top, edge, bottom)
        if k < count and style != "walls":
            left, right = wall + apart, wall + pitch - apart
            line(left, bottom, right, bottom)
            if style != "ticks":
                line(left, top, right, top)
    return drawn
