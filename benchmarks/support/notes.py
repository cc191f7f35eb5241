"""Small pictures of one or two simple things, by writers held out: what a note or a cutting holds.

A kind is a function of sources and a generator; it answers what stands where, and the numbers in
reading order. Nothing of this is trained on.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator

from digits.data import hands, page_print, page_things, row_ink, row_photo
from digits.data.row_ink import Sources

HIGH = 60  # pixels of digits, before the picture is made larger or smaller
MARGINS = (15, 80)  # pixels, likewise
SCALES = (0.5, 2.5)


@dataclass(frozen=True)
class Note:
    """Pieces of ink, each with the place of its top left (x, y), and the numbers by hand."""

    pieces: list[tuple[np.ndarray, int, int]]
    numbers: list[str]
    upside_down: bool = False


def _number(
    source: Sources, times: float, rng: Generator, least: int = 2, most: int = 6
) -> row_ink.Number:
    digits = rng.integers(0, 10, rng.integers(least, most + 1))
    return row_ink.of("".join(map(str, digits)), source, times * HIGH, rng)


def one_digit(source: Sources, rng: Generator) -> Note:
    number = _number(source, 1, rng, 1, 1)
    return Note([(number.ink, 0, 0)], [number.text])


def one_number(source: Sources, rng: Generator) -> Note:
    number = _number(source, 1, rng)
    return Note([(number.ink, 0, 0)], [number.text])


def two_rows(source: Sources, rng: Generator) -> Note:
    """One as high as the other, or down to a sixth of it."""
    numbers = [_number(source, times, rng) for times in rng.permutation([1, rng.uniform(0.15, 1)])]
    below = len(numbers[0].ink) + int(rng.uniform(5, 60))
    places = [(int(rng.uniform(0, 100)), 0), (int(rng.uniform(0, 100)), below)]
    pieces = [(one.ink, *place) for one, place in zip(numbers, places, strict=True)]
    return Note(pieces, [one.text for one in numbers])


def side_by_side(source: Sources, rng: Generator) -> Note:
    """Two numbers, further apart than digits of one are."""
    first, second = _number(source, 1, rng), _number(source, rng.uniform(0.7, 1.3), rng)
    x = first.ink.shape[1] + int(rng.uniform(1.7, 6) * HIGH)
    pieces = [(first.ink, 0, HIGH), (second.ink, x, HIGH + int(rng.normal(0, 15)))]
    return Note(pieces, [first.text, second.text])


def small_number_beside(source: Sources, rng: Generator) -> Note:
    """A digit, and to the right of it a number less than half as high, as an index or a sum."""
    large, small = _number(source, 1, rng, 1, 1), _number(source, rng.uniform(0.2, 0.45), rng, 1, 2)
    x = large.ink.shape[1] + int(rng.uniform(5, 60))
    pieces = [(large.ink, 0, HIGH // 2), (small.ink, x, int(rng.uniform(0, HIGH)))]
    return Note(pieces, [large.text, small.text])


def with_a_word(source: Sources, rng: Generator) -> Note:
    number = _number(source, 1, rng)
    word = page_things.word(source, HIGH * rng.uniform(0.6, 1.1), rng)
    return _in_a_line(number, word, int(rng.uniform(15, 90)), rng)


def with_a_letter(source: Sources, rng: Generator) -> Note:
    """A code, or a number with its unit: the digits are wanted."""
    number = _number(source, 1, rng)
    return _in_a_line(number, _letter(source, rng), int(rng.uniform(3, 25)), rng)


def with_a_label(source: Sources, rng: Generator) -> Note:
    number, label = _number(source, 1, rng), _print(rng)
    if rng.random() < 0.5:
        below = len(label) + int(rng.uniform(10, 60))
        return Note([(label, 0, 0), (number.ink, int(rng.uniform(0, 60)), below)], [number.text])
    x = label.shape[1] + int(rng.uniform(10, 60))
    return Note([(label, 0, HIGH), (number.ink, x, HIGH * 2 // 3)], [number.text])


def upside_down(source: Sources, rng: Generator) -> Note:
    number = _number(source, 1, rng, 4, 7)
    return Note([(number.ink, 0, 0)], [number.text], upside_down=True)


def a_word(source: Sources, rng: Generator) -> Note:
    return Note([(page_things.word(source, HIGH, rng), 0, 0)], [])


def a_letter(source: Sources, rng: Generator) -> Note:
    return Note([(_letter(source, rng), 0, 0)], [])


def _in_a_line(number: row_ink.Number, other: np.ndarray, gap: int, rng: Generator) -> Note:
    inks = [number.ink, other] if rng.random() < 0.5 else [other, number.ink]
    pieces = [(inks[0], 0, 40), (inks[1], inks[0].shape[1] + gap, 40)]
    return Note(pieces, [number.text])


def _letter(source: Sources, rng: Generator) -> np.ndarray:
    glyphs = source.others
    while True:
        glyph = glyphs[rng.integers(len(glyphs))]
        if glyph.label.isalpha() and glyph.label not in row_ink.LOOKALIKES:
            return hands.draw(glyph, HIGH, hands.pen(HIGH, rng), rng.normal(0, 0.1))


def _print(rng: Generator) -> np.ndarray:
    return page_print.words(HIGH * rng.uniform(0.3, 0.7), rng)


Kind = Callable[[Sources, Generator], Note]
KINDS: dict[str, Kind] = {
    "one digit": one_digit,
    "one number": one_number,
    "two rows": two_rows,
    "two numbers side by side": side_by_side,
    "a digit, a smaller number beside it": small_number_beside,
    "a number and a word": with_a_word,
    "a number and a letter": with_a_letter,
    "a number and a printed label": with_a_label,
    "a number upside down": upside_down,
    "a word": a_word,
    "a letter": a_letter,
}


def photographed(note: Note, rng: Generator) -> np.ndarray:
    """The grey picture (H, W) uint8 of a note, on even paper."""
    left, top = (min(piece[k] for piece in note.pieces) for k in (1, 2))
    right = max(x + ink.shape[1] for ink, x, _ in note.pieces)
    bottom = max(y + ink.shape[0] for ink, _, y in note.pieces)
    above, below, before, behind = rng.integers(*MARGINS, 4)
    sheet = np.zeros((bottom - top + above + below, right - left + before + behind), np.uint8)
    for ink, x, y in note.pieces:
        there = sheet[y - top + above :, x - left + before :][: ink.shape[0], : ink.shape[1]]
        np.maximum(there, ink, out=there)
    if note.upside_down:
        sheet = np.ascontiguousarray(sheet[::-1, ::-1])
    grey = rng.uniform(150, 250) * (1 - row_photo.darkness(rng) * sheet / 255)
    grey += rng.normal(0, rng.uniform(0.5, 5), sheet.shape)
    scale = rng.uniform(*SCALES)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    made = np.clip(grey, 0, 255).astype(np.uint8)
    return np.asarray(cv2.resize(made, None, fx=scale, fy=scale, interpolation=how))
