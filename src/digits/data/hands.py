"""Characters by some 500 hands of many countries: pen strokes and pictures, writer by writer.

The compact files lie in hands/ of the data folder, one .npz a collection: UNIPEN (Guyon et al.
1994), pen-based digits (Alpaydin & Alimoglu 1998), UJI Pen Characters (Llorens et al. 2008), bhmsds
(Polish digits and signs on paper), optical digits (Alpaydin & Kaynak 1998), Omniglot (Lake et al.
2015: characters of other scripts). What is not there and has an original that can be had is made of
that. Every eighth writer is held out: no training sees him.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator

from digits.data import originals
from digits.errors import DigitsError, reason
from digits.spec import LOOKALIKES
from digits.tile import frame

HELD_OUT = 8  # every eighth writer of a collection, or sheet where writers are not known
COLLECTIONS = (
    "pendigits", "unipen_digits", "unipen_chars", "unipen_numbers", "unipen_words", "uji", "bhmsds",
)  # fmt: skip
DIGITS = ("pendigits", "unipen_digits", "uji", "bhmsds", "optdigits")  # collections with digits
OTHERS = ("unipen_chars", "uji", "bhmsds", "omniglot")  # with letters, signs and other scripts
PEN = (0.045, 0.17)  # widths of pens, by the height of digits
SHEETS = 40  # into so many groups a collection without writers is parted
# Longer sides as shares of the hand's digits, the 5th to 95th centile where hands are measured;
# what lies outside is a fault of the recording.
SIZES = {
    ".": (0.06, 0.2), ",": (0.18, 0.5), "-": (0.25, 0.7), "/": (0.9, 1.5), ":": (0.4, 0.8),
}  # fmt: skip
USUAL_SIZE = (0.75, 1.3)


@dataclass(frozen=True)
class Glyph:
    """A character as one hand wrote it: `strokes`, each (P, 2) float32, x right and y down, or the
    ink of a picture (H, W) uint8, cropped. `size` is its longer side in heights of digits."""

    label: str
    size: float
    strokes: tuple[np.ndarray, ...] = ()
    ink: np.ndarray | None = None


@dataclass
class Hand:
    """What one writer wrote: label -> glyphs."""

    name: str
    glyphs: dict[str, list[Glyph]] = field(default_factory=lambda: defaultdict(list))

    def pick(self, label: str, rng: Generator) -> Glyph | None:
        """A glyph of this label, if this hand wrote any."""
        some = self.glyphs.get(label)
        return some[rng.integers(len(some))] if some else None


def load(
    folder: Path,
    held_out: bool = False,
    collections: Sequence[str] = COLLECTIONS,
    lookalikes: bool = False,
) -> dict[str, list[Hand]]:
    """The hands of each collection: those to learn from, or those held out; with `lookalikes` also
    what may as well be a digit, of which nobody has said where label or ink are in doubt.

    Raises:
        DigitsError: a file is missing and cannot be had, or it is damaged.
    """
    return {
        name: _loaded(folder / "hands" / f"{name}.npz", held_out, lookalikes)
        for name in collections
    }


def available(folder: Path) -> bool:
    """Whether all collections that a training draws from lie in the data folder."""
    names = {*COLLECTIONS, *DIGITS, *OTHERS}
    return all((folder / "hands" / f"{name}.npz").is_file() for name in names)


def digit_tiles(
    count: int, folder: Path, rng: Generator, held_out: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Tiles (count, 1, 28, 28) uint8 of digits and their labels (count,), every writer's share
    alike: drawn with any pen, slanted, wide or narrow, some squeezed to a square or binary.

    Raises:
        DigitsError: the hands are not there.
    """
    known = load(folder, held_out, DIGITS)
    some = [[g for k in range(10) for g in hand.glyphs.get(str(k), [])]
            for hands in known.values() for hand in hands]  # fmt: skip
    some = [glyphs for glyphs in some if glyphs]
    chosen = [some[i][rng.integers(len(some[i]))] for i in rng.integers(len(some), size=count)]
    tiles = np.array([[_tile(glyph, rng)] for glyph in chosen], np.uint8)
    return tiles, np.array([int(glyph.label) for glyph in chosen])


def other_tiles(count: int, folder: Path, rng: Generator, held_out: bool = False) -> np.ndarray:
    """Tiles (count, 1, 28, 28) uint8 of letters and signs, and of characters of other scripts.

    Raises:
        DigitsError: the hands are not there.
    """
    known = load(folder, held_out, OTHERS)
    glyphs = [g for hands in known.values() for hand in hands for some in hand.glyphs.values()
              for g in some if not g.label.isdigit() and g.label not in LOOKALIKES]  # fmt: skip
    labels = sorted({glyph.label for glyph in glyphs})
    by_label = [[glyph for glyph in glyphs if glyph.label == label] for label in labels]
    chosen = [by_label[i] for i in rng.integers(len(by_label), size=count)]
    return np.array([[_tile(g[rng.integers(len(g))], rng)] for g in chosen], np.uint8)


def _tile(glyph: Glyph, rng: Generator) -> np.ndarray:
    """A glyph as the tile that `reading` would make of it."""
    height = 100.0
    whole = Glyph(glyph.label, 1.0, glyph.strokes, glyph.ink)
    ink = draw(whole, height, pen(height, rng), rng.normal(0, 0.12))
    wide = float(np.exp(rng.normal(0, 0.12)))
    if rng.random() < 0.15:  # squeezed to a square, as some scanners' crops are
        wide = min(ink.shape[0] / ink.shape[1], 4.0)
    ink = cv2.resize(ink, (max(1, round(ink.shape[1] * wide)), ink.shape[0]))
    if rng.random() < 0.15:  # black and white, of few pixels
        low = cv2.resize(ink, None, fx=0.18, fy=0.18, interpolation=cv2.INTER_AREA)
        ink = np.where(low > 96, 255, 0).astype(np.uint8) if (low > 96).any() else ink
    return frame(ink)


def pen(height: float, rng: Generator) -> float:
    """The width of a pen in pixels, by the height of what it writes."""
    return float(height * np.exp(rng.uniform(*np.log(PEN))))


def draw(glyph: Glyph, height: float, pen: float, slant: float = 0.0) -> np.ndarray:
    """The ink (h, w) uint8 of a glyph whose hand's digits are `height` pixels high.

    `pen` is the stroke's width in pixels; pictures keep their own. `slant` is in pixels to the
    right per pixel up.
    """
    longest = max(glyph.size * height, 1.0)
    if glyph.ink is not None:
        return _drawn_picture(glyph.ink, longest, slant)
    points = np.concatenate(glyph.strokes)
    scale = longest / max(float(np.ptp(points, axis=0).max()), 1.0)
    if glyph.label == "." and longest < 1.5 * pen:
        scale = 0.0  # a dot is as large as its pen
    shear = np.array([[1, 0], [-slant, 1]], np.float32) * scale
    moved = [_smooth(stroke) @ shear for stroke in glyph.strokes]
    points = np.concatenate(moved)
    margin = pen / 2 + 1
    low = points.min(axis=0) - margin
    width, high = np.ceil(points.max(axis=0) - low + margin).astype(int) + 1
    canvas = np.zeros((high, width), np.uint8)
    lines = [np.round((stroke - low) * 16).astype(np.int32) for stroke in moved]
    cv2.polylines(canvas, lines, False, 255, max(1, round(pen)), cv2.LINE_AA, 4)
    return canvas


def _drawn_picture(ink: np.ndarray, longest: float, slant: float) -> np.ndarray:
    scale = longest / max(ink.shape)
    size = (max(1, round(ink.shape[1] * scale)), max(1, round(ink.shape[0] * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    drawn = cv2.resize(ink, size, interpolation=how)
    if abs(slant) < 0.02:
        return drawn
    reach = int(np.ceil(abs(slant) * size[1]))
    move = np.array([[1, -slant, reach if slant > 0 else 0], [0, 1, 0]])
    return np.asarray(cv2.warpAffine(drawn, move, (size[0] + reach, size[1])))


def _smooth(stroke: np.ndarray) -> np.ndarray:
    """Twice as many points on a rounder line (Chaikin 1974): UNIPEN's polygons are sparse."""
    if len(stroke) < 3:
        return stroke
    early = 0.75 * stroke[:-1] + 0.25 * stroke[1:]
    late = 0.25 * stroke[:-1] + 0.75 * stroke[1:]
    inner = np.stack([early, late], 1).reshape(-1, 2)
    return np.concatenate([stroke[:1], inner, stroke[-1:]])


def _loaded(path: Path, held_out: bool, lookalikes: bool) -> list[Hand]:
    if not path.is_file() and path.stem in originals.ORIGINALS:
        originals.make(path)
    try:
        with path.open("rb") as whole, np.load(whole, allow_pickle=False) as file:
            content = {name: file[name] for name in file.files}
        return _hands(content, path.stem, held_out, lookalikes)
    except FileNotFoundError:
        raise DigitsError(f"{path}: not there; name the data folder with --data_dir") from None
    except Exception as error:  # zip, zlib, NumPy and OpenCV trip over damage in ten ways
        raise DigitsError(f"{path}: damaged ({reason(error):.80}); use another copy") from None


def _hands(
    content: dict[str, np.ndarray], name: str, held_out: bool, lookalikes: bool
) -> list[Hand]:
    count = len(content["label"])
    usable = content.get("use", np.ones(count, bool))
    if lookalikes:
        usable = usable | content.get("lookalike", np.zeros(count, bool))
    writers = content.get("writer", content.get("drawer"))
    if writers is None:
        writers = content["number"] % SHEETS if "number" in content else _groups(count)
    hands = {int(w): Hand(f"{name}-{w}") for w in np.unique(writers)}
    for i in np.flatnonzero(usable):
        label = str(content["label"][i])
        glyph = _glyph(content, int(i), label)
        if glyph is not None:
            hands[int(writers[i])].glyphs[label].append(glyph)
    chosen = (hand for k, hand in hands.items() if (k % HELD_OUT == 0) == held_out)
    return [hand for hand in chosen if hand.glyphs]


def _groups(count: int) -> np.ndarray:
    """Samples in the order in which they were collected, as SHEETS groups."""
    return np.arange(count) * SHEETS // count


def _glyph(content: dict[str, np.ndarray], i: int, label: str) -> Glyph | None:
    if "image" in content:
        ink = content["image"][i]
        x, y, width, height = cv2.boundingRect((ink > 64).astype(np.uint8))
        size = sum(SIZES[label]) / 2 if label in SIZES else 1.0
        return Glyph(label, size, ink=ink[y : y + height, x : x + width]) if width else None
    first, last = content["sample_start"][i : i + 2]
    starts = content["stroke_start"][first : last + 1]
    strokes = tuple(content["points"][a:b].astype(np.float32) for a, b in pairwise(starts) if b > a)
    size = float(content["rel_size"][i])
    if not strokes:
        return None
    whole = content["kind"][i] in ("number", "word")
    return Glyph(label, size, strokes) if whole else of_strokes(label, strokes, size)


def of_strokes(label: str, strokes: tuple[np.ndarray, ...], size: float = np.nan) -> Glyph:
    """A character of strokes (P, 2), as large as such ones are; `size` may not be known."""
    least, most = SIZES.get(label, USUAL_SIZE)
    size = float(np.clip(size, least, most)) if np.isfinite(size) else (least + most) / 2
    return Glyph(label, size, strokes)
