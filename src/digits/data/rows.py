"""Made-up crops of one row of a number, as forms, cheques, logbooks and notes hold them.

A number is written by one hand, digit beside digit, with its signs; around it stand what crops
have: cell walls, rules, neighbours' ink cut by the border, words, patterns, shadows. The truth is
the text with its signs; all else on the crop is there to be left out. Seeded throughout.
"""

from dataclasses import replace

import numpy as np
from numpy.random import Generator

from digits.data import row_clutter, row_ink, row_photo, row_scribble
from digits.data.many import many
from digits.data.row_clutter import FINE
from digits.data.row_ink import Number, Sources, sources
from digits.row_image import row_image

__all__ = ["Sample", "Sources", "crop", "samples", "sources"]

Sample = tuple[np.ndarray, str]  # a row image (HEIGHT, W) uint8 and the text in it
MOST_COLUMNS = 640  # of a row image made for training
EMPTY = 0.12  # the share with no number in them
BROKEN = 0.08  # the share of numbers whose strokes have holes
ALONE = 0.15  # the share of row images of nothing but a number's ink, as rows of pages are read
ROOM = 0.05, 0.5  # of their height, around the ink
MOST_HIGH = 1.06  # of a crop's height: what is higher is drawn smaller, or its text would be lost


def samples(count: int, source: Sources, seed: int, processes: int = 1) -> list[Sample]:
    """`count` row images with their texts, the same for a seed."""
    return many(sample, count, source, seed, processes)


def sample(source: Sources, rng: Generator) -> Sample:
    """A row image and its text, no wider than MOST_COLUMNS."""
    while True:
        image, text = _alone(source, rng) if rng.random() < ALONE else _seen(source, rng)
        if image.shape[1] <= MOST_COLUMNS:
            return image, text


def _seen(source: Sources, rng: Generator) -> Sample:
    grey, text = crop(source, rng)
    return row_image(grey), text


def _alone(source: Sources, rng: Generator) -> Sample:
    number = _number(source, rng.uniform(0.5, 1) * FINE, EMPTY, rng)
    above, beside = (rng.uniform(*ROOM, 2) * len(number.ink)).astype(int)
    level = np.pad(number.ink, ((above, above), (beside, beside)))
    return row_image(level, inverted=True), number.text


def _number(source: Sources, height: float, empty: float, rng: Generator) -> Number:
    is_empty = rng.random() < empty
    number = (row_scribble.scribble if is_empty else row_ink.number)(source, height, rng)
    if rng.random() < BROKEN:
        return replace(number, ink=row_ink.broken(number.ink, height, rng))
    return number


def crop(
    source: Sources, rng: Generator, clear: bool = False, empty: float = EMPTY
) -> tuple[np.ndarray, str]:
    """A grey crop (h, w) uint8 and the text in it, '' in a share `empty` of them."""
    height = rng.uniform(0.3, 0.96) * FINE if rng.random() < 0.85 else rng.uniform(0.9, 1.1) * FINE
    number = _number(source, height, empty, rng).no_larger_than(np.inf, MOST_HIGH * FINE)
    sheet, box = row_clutter.placed(number.ink, rng)
    layers = [(sheet, row_photo.darkness(rng))]
    if len(number.walls):
        comb = row_clutter.comb(sheet.shape, box, number.walls, rng)
        layers.append((comb, rng.uniform(0.15, 0.9)))
    if not clear:
        clutter = np.zeros_like(sheet)
        for share, add in row_clutter.CLUTTER:
            if rng.random() < share:
                add(clutter, box, height, source, rng)
        layers.append((clutter, rng.uniform(0.15, 0.95)))
        if rng.random() < 0.45:
            layers.append((row_clutter.walls(sheet.shape, box, rng), rng.uniform(0.15, 0.9)))
    return row_photo.photographed(layers, rng), number.text
