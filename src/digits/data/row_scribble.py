"""Ink that is no number, where a made-up row has none: nothing, letters, shapes."""

import numpy as np
from numpy.random import Generator

from digits.data import hands, nondigits
from digits.data.hands import Glyph
from digits.data.row_ink import IN_CELLS, LOOKALIKES, NO_WALLS, Number, Sources, beside, cropped


def scribble(source: Sources, height: float, rng: Generator) -> Number:
    """Ink that is no number: nothing, a word's letters or shapes; in a comb field at times."""
    wide = height * rng.uniform(0.5, 3)
    walls = height * np.arange(0, wide / height + 1) if rng.random() < IN_CELLS else NO_WALLS
    kind = rng.choice(["nothing", "word", "shapes"], p=[0.3, 0.3, 0.4])
    if kind == "nothing":
        return Number("", np.zeros((round(height), round(wide)), np.uint8), walls)
    some = _letters(source, rng) if kind == "word" else _shapes(rng)
    pen = hands.pen(height, rng)
    placed = [(hands.draw(g, height, pen), 0.0) for g in some]
    ink = beside(placed, 0.1 * height, height, 0.0, rng) if placed else np.zeros((9, 9), np.uint8)
    return Number("", ink, walls)


def _letters(source: Sources, rng: Generator) -> list[Glyph]:
    some = [source.others[i] for i in rng.integers(len(source.others), size=rng.integers(1, 6))]
    return [g for g in some if not set(g.label) & LOOKALIKES]


def _shapes(rng: Generator) -> list[Glyph]:
    """One to three pictures of what is neither a digit nor a sign of a number."""
    some = []
    for _ in range(rng.choice([1, 2, 3], p=[0.6, 0.25, 0.15])):
        ink = cropped(nondigits.shape(rng))
        if max(ink.shape) < 4 * min(ink.shape):  # a dash or a colon is a sign
            some.append(Glyph("", float(np.exp(rng.normal(0, 0.2))), ink=ink))
    return some
