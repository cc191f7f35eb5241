"""Draw test_images/: small pictures such as people bring, and expected.csv. Seeded.

    python tools/draw_test_images.py

Digits are drawn from the stroke templates that training draws from, with another seed.
"""

import csv
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from digits.data.strokes import STYLES, bend

FOLDER = Path(__file__).parents[1] / "test_images"
RNG = np.random.default_rng(20261121)
Ink = np.ndarray  # (height, width) float, 0 paper to 1 ink


def write(text: str, height: int = 80, width: float = 7, gap: float = 0.35) -> Ink:
    """A row of handwritten digits, `height` px tall with strokes of `width` px, and a margin."""
    lines, x = [], 0.0
    for character in text:
        styles = STYLES[int(character)]
        strokes = bend(styles[RNG.integers(min(3, len(styles)))], RNG)
        points = np.concatenate(strokes)
        lines += [stroke - [points[:, 0].min() - x, points[:, 1].min()] for stroke in strokes]
        x += np.ptp(points[:, 0]) + gap
    scaled = [np.round((line * height + height * 0.4) * 8).astype(np.int32) for line in lines]
    size = np.ceil(np.concatenate(scaled).max(axis=0) / 8 + height * 0.4).astype(int)
    canvas = np.zeros(size[::-1], np.uint8)
    cv2.polylines(canvas, scaled, False, 255, max(1, round(width)), cv2.LINE_AA, 3)
    return canvas / 255


def paint(ink: Ink, paper: tuple[int, ...] = (255,), pen: tuple[int, ...] = (20,)) -> np.ndarray:
    """uint8 (height, width, channels)."""
    mixed = ink[..., None] * np.array(pen) + (1 - ink[..., None]) * np.array(paper)
    return mixed.round().clip(0, 255).astype(np.uint8)


def photograph(ink: Ink) -> np.ndarray:
    """Grey paper under a lamp, with a shadow's edge across it, grain, and soft focus."""
    height, width = ink.shape
    light: np.ndarray = np.linspace(210, 120, width)[None] - np.linspace(0, 30, height)[:, None]
    shadow = np.add.outer(np.arange(height), np.arange(width)) > 0.62 * (height + width)
    light = cv2.GaussianBlur(np.where(shadow, light * 0.7, light), (0, 0), 3)
    soft = cv2.GaussianBlur(ink, (0, 0), 1.2)
    picture = light * (1 - 0.7 * soft) + RNG.normal(0, 4, ink.shape)
    return picture.clip(0, 255).astype(np.uint8)


def squared(ink: Ink, step: int = 24) -> np.ndarray:
    """Squared paper under blue ink."""
    page = np.full((*ink.shape, 3), 250, np.uint8)
    page[::step], page[:, ::step] = (170, 200, 230), (170, 200, 230)
    return (page * (1 - ink[..., None]) + ink[..., None] * [30, 40, 140]).astype(np.uint8)


def save(name: str, pixels: np.ndarray, text: str, status: str, **options: Any) -> list[str]:
    Image.fromarray(pixels.squeeze()).save(FOLDER / name, **options)
    return [name, text, status]


def turned(ink: Ink) -> tuple[np.ndarray, Image.Exif]:
    """A picture that lies on its side, and the note that says so."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return np.rot90(paint(ink)).copy(), exif


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    sixteen_bit = (65535 * (1 - write("6")[..., None])).astype(np.uint16)
    transparent = np.dstack([np.zeros((*(ink := write("2")).shape, 3)), 255 * ink]).astype(np.uint8)
    lying, exif = turned(write("58"))
    letter = np.zeros((140, 140))
    cv2.polylines(letter, [np.array([[30, 115], [70, 25], [110, 115]])], False, 1.0, 9, cv2.LINE_AA)
    cv2.line(letter, (48, 85), (92, 85), 1.0, 9, cv2.LINE_AA)
    tight = write("8", width=9)
    rows, columns = (np.flatnonzero(tight.max(axis=axis) > 0.5) for axis in (1, 0))
    touching = tight[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    two = [write("2026", width=10), write("1147", height=60, width=8)]
    wide = max(row.shape[1] for row in two)
    two_rows = np.vstack([np.pad(row, ((0, 0), (0, wide - row.shape[1]))) for row in two])
    small = cv2.resize(write("3", width=10), (18, 18), interpolation=cv2.INTER_AREA)

    expected = [
        save("dark_on_light.png", paint(write("5")), "5", "read"),
        save("light_on_dark.png", paint(write("7"), (15,), (240,)), "7", "unsure"),
        save("coloured_pen.png", paint(write("4"), (250, 244, 220), (40, 60, 200)), "4", "read"),
        save("transparent.png", transparent, "2", "read"),
        save("sixteen_bit.png", sixteen_bit, "6", "read"),
        save("thin_line.png", paint(write("3", 120, 1)), "3", "read"),
        save("thick_marker.png", paint(write("0", 80, 20)), "0", "read"),
        save("touching_the_border.png", paint(touching), "8", "read"),
        save("small.png", paint(small), "3", "read"),
        save("photograph.jpg", photograph(write("9", 160, 12)), "9", "read", quality=80),
        save("number.png", paint(write("40917"), (252, 250, 244), (30, 40, 120)), "40917", "read"),
        save("squared_paper.png", squared(write("3862", 90)), "3862", "read"),
        save("two_rows.png", paint(two_rows), "2026\n1147", "read"),
        save("on_its_side.jpg", lying, "58", "read", exif=exif, quality=90),
        save("blank.png", paint(np.zeros((120, 160)), (244,)), "", "no_digit"),
        save("letter.png", paint(letter), "", "no_digit"),
    ]
    with (FOLDER / "expected.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([["image", "text", "status"], *expected])


if __name__ == "__main__":
    main()
