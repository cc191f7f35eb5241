"""UNIPEN's digits, letters and signs (Guyon et al. 1994) as data sets, drawn with random pens.

The strokes are those of `hands`: what its held-out writers wrote is the test, and every
`hold_out`-th of the other writers chooses the epoch. A letter's case is not told, as in EMNIST's.
"""

import string
from pathlib import Path

import numpy as np
from numpy.random import Generator

from digits.data import hands
from digits.data.hands import Hand
from digits.data.split import Dataset, Split, split_of
from digits.spec import CLASSES
from digits.tile import frame

SETS = {
    "unipen-digits": ("unipen_digits", CLASSES),
    "unipen-letters": ("unipen_chars", tuple(string.ascii_lowercase)),
    "unipen-symbols": ("unipen_chars", tuple(string.punctuation)),
}
HEIGHT = 100.0  # of a digit in pixels, before it is framed
Listing = tuple[tuple[str, str, str], ...]


def load(name: str, folder: Path, hold_out: int) -> Dataset:
    """A set of SETS, from hands/ in the `folder` of the data sets; the same at each load.

    Raises:
        DigitsError: the file is missing or damaged.
    """
    collection, classes = SETS[name]
    learn, test = (
        hands.load(folder, held_out, (collection,), lookalikes=True)[collection]
        for held_out in (False, True)
    )
    rng = np.random.default_rng(0)
    rest = [hand for i, hand in enumerate(learn) if i % hold_out]
    parts = {"train": rest, "validation": learn[::hold_out], "test": test}
    splits, listings = zip(
        *(_drawn(some, classes, part, rng) for part, some in parts.items()), strict=True
    )
    train, validation, test = splits
    return Dataset(name, train, validation, test, classes, sum(listings, ()))


def _drawn(
    some: list[Hand], classes: tuple[str, ...], part: str, rng: Generator
) -> tuple[Split, Listing]:
    """All that these hands wrote of these classes, each once, and whose it is."""
    from tqdm import tqdm

    written = [
        (hand.name, glyph.label.lower(), glyph)
        for hand in some
        for glyphs in hand.glyphs.values()
        for glyph in glyphs
        if glyph.label.lower() in classes
    ]
    tiles = [
        frame(hands.draw(glyph, HEIGHT, hands.pen(HEIGHT, rng)))
        for *_, glyph in tqdm(written, f"{part} tiles", disable=None, leave=False, delay=2)
    ]
    labels = np.array([classes.index(label) for _, label, _ in written])
    listing = tuple((f"{name}/{i}", label, part) for i, (name, label, _) in enumerate(written))
    return split_of(np.array(tiles), labels), listing
