"""Collections of hands as data sets, drawn with random pens: UNIPEN's digits, letters and signs
(Guyon et al. 1994), and the digits of pendigits, UJI Pen Characters and bhmsds.

UNIPEN's strokes are those of its own release, where it lies in unipen/ of the data folder, else of
the compact files of `hands`. What the held-out writers wrote is the test, and every `hold_out`-th
of the other writers chooses the epoch. A letter's case is not told, as in EMNIST's.
"""

import hashlib
import string
import sys
from pathlib import Path

import numpy as np
from numpy.random import Generator

from digits.data import hands, unipen
from digits.data.hands import HELD_OUT, Hand
from digits.data.split import Dataset, Split, split_of
from digits.errors import DigitsError
from digits.spec import CLASSES
from digits.tile import frame

# Compact file, folders of the release, classes.
SETS = {
    "unipen-digits": ("unipen_digits", ("1a",), CLASSES),
    "unipen-letters": ("unipen_chars", ("1b", "1c"), tuple(string.ascii_lowercase)),
    "unipen-symbols": ("unipen_chars", ("1d",), tuple(string.punctuation)),
    "pendigits": ("pendigits", (), CLASSES),
    "uji-digits": ("uji", (), CLASSES),
    "bhmsds-digits": ("bhmsds", (), CLASSES),
}
SHA256 = {
    "unipen_digits": "36396e0bee284f5fb36a906842a1c4958c394e9c498f85d618a313c0df9cccfa",
    "unipen_chars": "0af44e584b4137a29474ee1f3469448e007154ae7b55238160457056d74c76f9",
}
HEIGHT = 100.0  # of a digit in pixels, before it is framed
Listing = tuple[tuple[str, str, str], ...]


def load(name: str, folder: Path, hold_out: int) -> Dataset:
    """A set of SETS, from unipen/ or hands/ in the `folder` of the data sets; the same at each
    load.

    Raises:
        DigitsError: it is not there, or a file is damaged.
    """
    collection, parts_of_release, classes = SETS[name]
    release = folder / "unipen"
    if parts_of_release and release.is_dir():
        learn, test = _of_release(release, parts_of_release)
    else:
        learn, test = _of_compact(folder, collection)
    rng = np.random.default_rng(0)
    rest = [hand for i, hand in enumerate(learn) if i % hold_out]
    parts = {"train": rest, "validation": learn[::hold_out], "test": test}
    splits, listings = zip(
        *(_drawn(some, classes, part, rng) for part, some in parts.items()), strict=True
    )
    train, validation, test_split = splits
    return Dataset(name, train, validation, test_split, classes, sum(listings, ()))


def _of_compact(folder: Path, collection: str) -> tuple[list[Hand], list[Hand]]:
    """Those to learn from and those held out, of a file that is the one everybody uses."""
    learn, test = (
        hands.load(folder, held_out, (collection,), lookalikes=True)[collection]
        for held_out in (False, True)
    )
    if collection not in SHA256:  # it may have been made of an original, which was proved
        return learn, test
    path = folder / "hands" / f"{collection}.npz"
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != SHA256[collection]:
        raise DigitsError(f"{path}: truncated or altered (SHA-256 {found}); use another copy")
    return learn, test


def _of_release(release: Path, folders: tuple[str, ...]) -> tuple[list[Hand], list[Hand]]:
    """Likewise of the release's data/; every HELD_OUT-th writer, by name, is held out."""
    hands_of: dict[str, Hand] = {}
    paths = [path for name in folders for path in sorted((release / "data" / name).rglob("*.dat"))]
    for path in paths:
        donor = path.relative_to(release / "data").parts[1]  # numbers its writers by itself
        try:
            samples = unipen.read(path, release)
        except DigitsError as error:
            print(f"warning: left out: {error}", file=sys.stderr)
            continue
        for sample in samples:
            hand = hands_of.setdefault(f"{donor}-{sample.writer}", Hand(f"{donor}-{sample.writer}"))
            glyph = hands.of_strokes(sample.label, sample.strokes)
            hand.glyphs[sample.label].append(glyph)
    if not hands_of:
        raise DigitsError(f"{release}: no samples in data/{folders[0]}/ that can be read")
    some = [hands_of[name] for name in sorted(hands_of)]
    return [h for i, h in enumerate(some) if i % HELD_OUT], some[::HELD_OUT]


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
