"""What writers held out have written, as pictures: digits, numbers, letters and signs."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator

from digits.data import hands, row_photo
from digits.data.hands import DIGITS, OTHERS, Glyph, pen
from digits.data.row_ink import LOOKALIKES, as_high, cropped

Written = tuple[np.ndarray, str]  # a grey picture (h, w) uint8, and what stands in it
HEIGHT = 96  # of a digit, in pixels
SCAN = 16  # the side of a crop as old scanners gave it, in pixels


def photographed(ink: np.ndarray, rng: Generator) -> np.ndarray:
    """Ink (h, w) uint8 amid paper, as a camera sees it."""
    above, beside = (int(v) for v in rng.uniform(0.2, 1.2, 2) * HEIGHT)
    return row_photo.photographed(
        [(np.pad(ink, ((above, above), (beside, beside))), row_photo.darkness(rng))], rng
    )


def digits(folder: Path, count: int, rng: Generator) -> Iterator[Written]:
    """Single digits, every writer's share alike, drawn as photographs."""
    for glyph in _of_writers(folder, count, rng):
        yield photographed(_drawn(glyph, rng), rng), glyph.label


def scans(folder: Path, count: int, rng: Generator) -> Iterator[Written]:
    """Single digits as crops of 16x16 pixels, black and white, without margin."""
    for glyph in _of_writers(folder, count, rng):
        ink = cropped(_drawn(glyph, rng))
        small = cv2.resize(ink, (SCAN, SCAN), interpolation=cv2.INTER_AREA)
        yield np.where(small > 96, 0, 255).astype(np.uint8), glyph.label


def numbers(folder: Path, count: int, rng: Generator) -> Iterator[Written]:
    """Numbers of digits alone that one person wrote at once, drawn as photographs."""
    some = [g for g in _all(folder, "unipen_numbers") if g.label.isdigit()]
    for k in rng.integers(len(some), size=count):
        yield photographed(as_high(some[k], HEIGHT, pen(HEIGHT, rng), rng), rng), some[k].label


def others(folder: Path, count: int, rng: Generator) -> Iterator[Written]:
    """Letters and signs that look like no digit, each as often, drawn as photographs."""
    by_label: dict[str, list[Glyph]] = {}
    for name in OTHERS:
        for glyph in _all(folder, name):
            if not glyph.label.isdigit() and glyph.label not in LOOKALIKES:
                by_label.setdefault(glyph.label, []).append(glyph)
    labels = sorted(by_label)
    for k in rng.integers(len(labels), size=count):
        some = by_label[labels[k]]
        yield photographed(_drawn(some[rng.integers(len(some))], rng), rng), ""


def _drawn(glyph: Glyph, rng: Generator) -> np.ndarray:
    alone = Glyph(glyph.label, 1.0, glyph.strokes, glyph.ink)
    return hands.draw(alone, HEIGHT, pen(HEIGHT, rng), rng.normal(0, 0.1))


def _all(folder: Path, name: str) -> list[Glyph]:
    known = hands.load(folder, True, (name,))[name]
    return [g for hand in known for some in hand.glyphs.values() for g in some]


def _of_writers(folder: Path, count: int, rng: Generator) -> Iterator[Glyph]:
    known = hands.load(folder, True, DIGITS)
    writers = [
        some for name in DIGITS for hand in known[name]
        if (some := [g for k in range(10) for g in hand.glyphs.get(str(k), [])])
    ]  # fmt: skip
    for k in rng.integers(len(writers), size=count):
        yield writers[k][rng.integers(len(writers[k]))]
