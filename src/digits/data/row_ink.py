"""The ink of a number: digit beside digit with its signs, in one hand."""

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator

from digits import spec
from digits.data import hands, strokes
from digits.data.hands import Glyph, Hand
from digits.data.row_text import digits, text_of
from digits.spec import ROW_CLASSES, SIGNS
from digits.tile import stroke_width

TILE_WRITERS = 0.35  # the share of numbers written in MNIST's or drawn digits, which have no writer
WHOLE = 0.2  # the share of numbers taken as one person wrote them
IN_CELLS = 0.2  # the share of numbers of which each character has a cell of its own
LOOKALIKES = spec.LOOKALIKES | set("()!&")  # may as well be digits, or their strokes
# Of the digits' height, between neighbours where they are nearest: touching, usual, wide ones.
GAPS = (0.15, (-0.15, 0.0)), (0.82, (-0.04, 0.3)), (1.0, (0.3, 1.6))
LEAST_GAP = -0.15  # likewise, however uneven: what lies deeper in its neighbour may be hidden
STRETCHED = 0.15, 0.35  # the share of numbers far narrower or wider than usual; and by how much
# The share of numbers whose gaps differ much, and how much; of points written above the line, as a
# decimal point often is, and how high; all of the digits' height.
UNEVEN = 0.25, (0.08, 0.25)
RAISED = {".": (0.3, (0.15, 0.55)), ",": (0.1, (0.05, 0.25))}
LEAST_PX = 64  # of a picture's digits, while its strokes are made crisp: thin ones would be gone
INK = 32  # of 255: from which on a pixel belongs to a number's box
SHARES = {"pendigits": 0.3, "unipen_digits": 0.3, "uji": 0.12, "bhmsds": 0.28}


@dataclass(frozen=True)
class Style:
    """How one person writes with one pen: the hand, None for digits without a writer, the pen's
    width by the height of digits, and the slant in pixels to the right per pixel up."""

    hand: Hand | None
    pen: float
    slant: float


@dataclass(frozen=True)
class Sources:
    """What numbers are written with. `tiles` (N, 28, 28) uint8 and `labels` (N,) are digits without
    a writer, `by_label` their places."""

    tiles: np.ndarray
    labels: np.ndarray
    by_label: list[np.ndarray]
    writers: dict[str, list[Hand]]
    numbers: list[Glyph]
    signs: dict[str, list[Glyph]]
    others: list[Glyph]  # letters, brackets, signs that are no part of a number
    words: list[Glyph]  # printed and cursive
    style: Style | None = None  # of all that is written with them; None: each number has its own


def sources(tiles: np.ndarray, labels: np.ndarray, folder: Path, held_out: bool) -> Sources:
    """Sources of MNIST tiles (N, 28, 28) uint8 and labels (N,), and of the hands in `folder`.

    Raises:
        DigitsError: the hands are not there.
    """
    collections = hands.load(folder, held_out)
    chars = [
        g for hand in collections["unipen_chars"] for some in hand.glyphs.values() for g in some
    ]
    papers = [g for hand in collections["bhmsds"] for some in hand.glyphs.values() for g in some]
    signs = {sign: [g for g in [*chars, *papers] if g.label == sign] for sign in SIGNS}
    numbers = [
        g
        for hand in collections["unipen_numbers"]
        for some in hand.glyphs.values()
        for g in some
        if not set(g.label) - set(ROW_CLASSES) - set("$#() ")
    ]
    words = [
        g
        for hand in collections["unipen_words"]
        for some in hand.glyphs.values()
        for g in some
        if not any(c.isdigit() for c in g.label)
    ]
    others = [g for g in [*chars, *papers] if not g.label.isdigit() and g.label not in SIGNS]
    drawn, drawn_labels = strokes.draw(4000, 1 + held_out)
    pool = np.concatenate([tiles, drawn[:, 0]])
    names = np.concatenate([labels, drawn_labels])
    by_label = [np.flatnonzero(names == digit) for digit in range(10)]
    writers = {name: [h for h in collections[name] if len(h.glyphs) > 3] for name in SHARES}
    return Sources(pool, names, by_label, writers, numbers, signs, others, words)


def by_one(source: Sources, hand: Hand | None, rng: Generator) -> Sources:
    """The sources of what one person writes with one pen, in this hand."""
    style = Style(hand, hands.pen(1.0, rng), float(rng.normal(0.05, 0.12)))
    return replace(source, style=style, numbers=[])


def pen_and_slant(source: Sources, height: float, rng: Generator) -> tuple[float, float]:
    """The pen's width in pixels, for digits of a height, and their slant."""
    if source.style:
        return source.style.pen * height, source.style.slant
    return hands.pen(height, rng), float(rng.normal(0.05, 0.15))


@dataclass(frozen=True)
class Number:
    """A text, its ink (h, w) uint8, and where printed walls stand between its characters, in
    pixels from the ink's left; most numbers have none. `rise` is how far its line goes up, in
    pixels per pixel to the right."""

    text: str
    ink: np.ndarray
    walls: np.ndarray
    rise: float = 0.0

    @property
    def corners(self) -> np.ndarray:
        """Those of its ink along its line (4, 2), in pixels from the ink's top left: its first
        digit's top, its last one's top, and the feet backwards."""
        ys, xs = np.nonzero(self.ink)
        level = ys + self.rise * xs
        top, foot, wide = float(level.min()), float(level.max()) + 1, self.ink.shape[1]
        up = self.rise * wide
        return np.array([(0, top), (wide, top - up), (wide, foot - up), (0, foot)])

    def no_larger_than(self, wide: float, high: float) -> "Number":
        """The number made smaller, if it is wider or higher than so many pixels."""
        scale = min(wide / self.ink.shape[1], high / self.ink.shape[0])
        if scale >= 1:
            return self
        size = [max(1, round(side * scale)) for side in self.ink.shape[::-1]]
        small = cv2.resize(self.ink, size, interpolation=cv2.INTER_AREA)
        return replace(self, ink=small, walls=self.walls * scale)


NO_WALLS = np.zeros(0)


def number(source: Sources, height: float, rng: Generator) -> Number:
    """A number with digits about `height` pixels high."""
    if rng.random() < IN_CELLS:
        return in_cells(source, height, rng)
    if rng.random() < WHOLE and source.numbers:
        glyph = source.numbers[rng.integers(len(source.numbers))]
        text = "".join(c for c in glyph.label if c in ROW_CLASSES)
        return Number(text, as_high(glyph, height, hands.pen(height, rng), rng), NO_WALLS)
    return of(text_of(rng), source, height, rng)


def of(text: str, source: Sources, height: float, rng: Generator) -> Number:
    """A text in one hand, its digits about `height` pixels high."""
    return written(text, writer(source, rng), source, height, rng)


def as_high(glyph: Glyph, height: float, pen: float, rng: Generator) -> np.ndarray:
    """The ink (h, w) uint8 of a number or word that was written at once, about `height` high, with
    a pen of so many pixels."""
    wide, high = np.maximum(np.ptp(np.concatenate(glyph.strokes), axis=0), 1)
    size = Glyph(glyph.label, float(max(wide, high) / high * 1.15), glyph.strokes)
    return hands.draw(size, height, pen, rng.normal(0, 0.1))


def in_cells(source: Sources, height: float, rng: Generator) -> Number:
    """A number of a comb field: each character amid a cell, all of them equally wide."""
    text = digits(int(rng.integers(1, 10)), rng) if rng.random() < 0.85 else text_of(rng)
    hand = writer(source, rng)
    pen, slant = pen_and_slant(source, height, rng)
    pitch = height * rng.uniform(0.7, 1.6)
    tall = int(3 * height)
    sheet = np.zeros((tall, int(pitch * (len(text) + 1))), np.uint8)
    for k, label in enumerate(text):
        size = height * float(np.exp(rng.normal(0, 0.1)))
        ink = _character(label, hand, source, size, pen, slant, rng)
        if ink.shape[1] > pitch:
            ink = cv2.resize(ink, (int(pitch), ink.shape[0]))
        high, wide = ink.shape
        foot = _foot(label, high, height, rng) + rng.normal(0, 0.08) * height
        x = int((k + 1) * pitch - wide / 2 + rng.normal(0, 0.08) * pitch)
        y = int(np.clip(2 * height + foot - high, 0, tall - high))
        x = min(max(x, 0), sheet.shape[1] - wide)
        there = sheet[y : y + high, x : x + wide]
        np.maximum(there, ink, out=there)
    left = cv2.boundingRect((sheet > INK).astype(np.uint8))[0]
    return Number(text, cropped(sheet), pitch * (np.arange(len(text) + 1) + 0.5) - left)


def writer(source: Sources, rng: Generator) -> Hand | None:
    """A hand; None for digits that have no writer."""
    if source.style:
        return source.style.hand
    if rng.random() < TILE_WRITERS:
        return None
    names = list(SHARES)
    some = source.writers[names[rng.choice(len(names), p=list(SHARES.values()))]]
    return some[rng.integers(len(some))] if some else None


def even_hand(rng: Generator) -> Hand:
    """A hand of which each digit looks the same every time, from the templates of `strokes`: so
    neat people write, and programs that draw digits."""
    hand, stretch = Hand("even"), strokes.slanted(rng)
    for digit, styles in strokes.STYLES.items():
        bent = strokes.bend(styles[rng.integers(len(styles))], rng, stretch)
        label, points = str(digit), tuple(stroke.astype(np.float32) for stroke in bent)
        hand.glyphs[label].append(hands.of_strokes(label, points))
    return hand


def written(text: str, hand: Hand | None, source: Sources, height: float, rng: Generator) -> Number:
    """A text in this hand, its digits about `height` pixels high."""
    pen, slant = pen_and_slant(source, height, rng)
    kind = rng.random()
    low, high = next(gaps for share, gaps in GAPS if kind < share)
    gap = rng.uniform(low, high) * height
    drift, scatter = abs(rng.normal(0, 0.035)) * height, abs(rng.normal(0, 0.07))
    share, much = STRETCHED
    wide = float(np.exp(rng.normal(0, much if rng.random() < share else 0.12)))
    share, range_ = UNEVEN
    uneven = rng.uniform(*range_) if rng.random() < share else 0.05
    placed = []
    for label in text:
        size = height * (1 + rng.normal(0, scatter))
        ink = _character(label, hand, source, size, pen, slant, rng)
        if abs(wide - 1) > 0.05 and label not in SIGNS:
            ink = cv2.resize(ink, (max(1, round(ink.shape[1] * wide)), ink.shape[0]))
        foot = _foot(label, ink.shape[0], height, rng) + rng.normal(0, drift)
        placed.append((ink, foot))
    rise = rng.normal(0, 0.05)
    return Number(text, beside(placed, gap, height, rise, rng, uneven), NO_WALLS, rise)


def _character(
    label: str, hand: Hand | None, source: Sources, height: float, pen: float, slant: float,
    rng: Generator,
) -> np.ndarray:  # fmt: skip
    glyph = hand.pick(label, rng) if hand else None
    if glyph is None and label in SIGNS:
        some = source.signs[label]
        glyph = some[rng.integers(len(some))] if some and rng.random() < 0.8 else None
        if glyph is None:
            return _plain_sign(label, height, pen, rng)
        size = glyph.size * float(np.exp(rng.normal(0, 0.15)))
        glyph = Glyph(label, size, glyph.strokes, glyph.ink)
    if glyph is None:
        places = source.by_label[int(label)]
        tile = source.tiles[places[rng.integers(len(places))]]
        x, y, width, high = cv2.boundingRect((tile > tile.max() / 4).astype(np.uint8))
        glyph = Glyph(label, 1.0, ink=tile[y : y + high, x : x + width])
    if glyph.ink is None:
        return hands.draw(glyph, height, pen, slant)
    finer = max(1.0, LEAST_PX / height)
    ink = _crisp(hands.draw(glyph, finer * height, finer * pen, slant), finer * pen)
    high, wide = (max(1, round(side / finer)) for side in ink.shape)
    return np.asarray(cv2.resize(ink, (wide, high), interpolation=cv2.INTER_AREA))


def _crisp(ink: np.ndarray, pen: float) -> np.ndarray:
    """A picture's strokes a little nearer to the pen's width, and their soft edges steeper.

    Faint strokes are made as dark as others first: they would be gone."""
    ink = np.round(ink * (255 / max(int(ink.max()), 1))).astype(np.uint8)
    width = stroke_width(ink)
    change = int(np.clip(round(0.7 * (pen - width)), -0.35 * width, 6))
    if change:
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (abs(change) + 1,) * 2)
        ink = np.pad(ink, max(change, 0))
        ink = cv2.dilate(ink, kernel) if change > 0 else cv2.erode(ink, kernel)
    return np.clip((ink.astype(np.float32) - 50) * 1.7, 0, 255).astype(np.uint8)


def _plain_sign(label: str, height: float, pen: float, rng: Generator) -> np.ndarray:
    """A dot, comma, dash, slash or colon drawn with a straight pen."""
    side = int(1.4 * height) + 8
    ink = np.zeros((side, side), np.uint8)
    width, x, y = max(1, round(pen)), side // 2, side // 2
    if label in ".:":
        radius = max(1, round(pen * rng.uniform(0.45, 0.9)))
        for at in (y,) if label == "." else (y - round(0.2 * height), y + round(0.2 * height)):
            cv2.circle(ink, (x, at), radius, 255, -1, cv2.LINE_AA)
    else:
        reach = {",": (-0.08, 0.2), "-": (0.36, 0.03), "/": (-0.4, 1.1)}[label]
        dx, dy = (round(v * height * rng.uniform(0.6, 1.2) / 2) for v in reach)
        cv2.line(ink, (x - dx, y - dy), (x + dx, y + dy), 255, width, cv2.LINE_AA)
    x, y, width, high = cv2.boundingRect(ink)
    return ink[y : y + high, x : x + width]


def _foot(label: str, high: int, height: float, rng: Generator) -> float:
    """How far below the line a character's ink ends, in pixels."""
    share, heights = RAISED.get(label, (0.0, (0.0, 0.0)))
    if rng.random() < share:
        return -float(rng.uniform(*heights)) * height
    if label in "-:":
        return -0.5 * height + high / 2 + rng.normal(0, 0.08) * height
    if label == ",":
        return float(rng.uniform(0.05, 0.25)) * height
    if label == "/":
        return float(rng.uniform(0, 0.15)) * height
    return 0.0


def beside(
    placed: list[tuple[np.ndarray, float]], gap: float, height: float, rise: float, rng: Generator,
    uneven: float = 0.05,
) -> np.ndarray:  # fmt: skip
    """Characters (ink, foot) side by side, `gap` pixels apart where neighbours are nearest, give or
    take `uneven` heights; none reaches so far into another that it hides it."""
    width = sum(ink.shape[1] for ink, _ in placed) + int((abs(gap) + height) * len(placed)) + 8
    tall = int(4 * height + abs(rise) * width) + 8
    sheet, line = np.zeros((tall, width), np.uint8), 2.6 * height + max(rise, 0) * width
    right = np.full(tall, -1.0)
    x = 2
    for ink, foot in placed:
        high, wide = ink.shape
        y = int(np.clip(line + foot - rise * x - high, 0, tall - high))
        mask = ink > 100
        first = np.where(mask.any(axis=1), mask.argmax(axis=1), 10**6)
        if right.max() >= 0:
            near = cv2.dilate(
                right[:, None].astype(np.float32), np.ones((2 * int(height / 8) + 1, 1))
            )
            room = np.where(near[y : y + high, 0] >= 0, near[y : y + high, 0] - first, -(10**6))
            most = int(right.max())
            x = max(int(room.max()) + 1, most - wide // 2)
            x = max(0, round(x + max(gap + rng.normal(0, uneven) * height, LEAST_GAP * height)))
        x = min(x, width - wide)
        there = sheet[y : y + high, x : x + wide]
        np.maximum(there, ink, out=there)
        last = x + wide - 1 - mask[:, ::-1].argmax(axis=1)
        lines = right[y : y + high]
        np.maximum(lines, np.where(mask.any(axis=1), last, -1), out=lines)
    return cropped(sheet)


def cropped(ink: np.ndarray) -> np.ndarray:
    x, y, width, height = cv2.boundingRect((ink > INK).astype(np.uint8))
    return ink[y : y + height, x : x + width] if width else ink[:1, :1]


def broken(ink: np.ndarray, height: float, rng: Generator) -> np.ndarray:
    """Ink (h, w) uint8 with holes, as chalk and dry pens leave them."""
    noise = rng.random(ink.shape, np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), height * rng.uniform(0.01, 0.04))
    return ink * np.uint8(smooth > np.quantile(smooth, rng.uniform(0.05, 0.35)))
