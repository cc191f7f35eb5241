"""Made-up crops of one row of a number, as forms, cheques, logbooks and notes hold them.

A number is written by one hand, digit beside digit, with its signs; around it stand what crops
have: cell walls, rules, neighbours' ink cut by the border, words, patterns, shadows. The truth is
the text with its signs; all else on the crop is there to be left out. Seeded throughout.
"""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator

from digits.data import hands, strokes
from digits.data.hands import Glyph, Hand
from digits.row_image import HEIGHT, row_image
from digits.spec import ROW_CLASSES, SIGNS
from digits.tile import stroke_width

Sample = tuple[np.ndarray, str]  # a row image (HEIGHT, W) uint8 and the text in it
FINE = 2 * HEIGHT  # pixels of a crop's height as drawn; it is made smaller then
MOST_COLUMNS = 640  # of a row image made for training
TILE_WRITERS = 0.3  # the share of numbers written in MNIST's or drawn digits, which have no writer
WHOLE = 0.1  # the share of numbers taken as one person wrote them
EMPTY = 0.06  # the share of crops with no number in them
LOOKALIKES = set("OoIlSsZzBbqg|()!")  # letters and signs that may as well be digits
SHARES = {"pendigits": 0.3, "unipen_digits": 0.3, "uji": 0.12, "bhmsds": 0.28}


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
    others = [g for g in [*chars, *papers] if not g.label.isdigit() and g.label not in SIGNS]
    drawn, drawn_labels = strokes.draw(4000, 1 + held_out)
    pool = np.concatenate([tiles, drawn[:, 0]])
    names = np.concatenate([labels, drawn_labels])
    by_label = [np.flatnonzero(names == digit) for digit in range(10)]
    writers = {name: [h for h in collections[name] if len(h.glyphs) > 3] for name in SHARES}
    return Sources(pool, names, by_label, writers, numbers, signs, others)


def samples(
    count: int, source: Sources, seed: int, processes: int = 1, clear: bool = False
) -> list[Sample]:
    """`count` row images with their texts, the same for a seed whatever the number of processes.

    `clear` leaves the clutter out, for looking at numbers alone.
    """
    chunk = 500
    sizes = [min(chunk, count - at) for at in range(0, count, chunk)]
    seeds = [(seed, number) for number in range(len(sizes))]
    if processes == 1:
        return list(chain(*map(partial(_chunk, source, clear), sizes, seeds)))
    context = get_context("spawn")  # forked copies of a process with threads may hang
    with ProcessPoolExecutor(processes, context, _share, (source,)) as pool:
        return list(chain(*pool.map(partial(_chunk, None, clear), sizes, seeds)))


_shared: list[Sources] = []  # of a worker process


def _share(source: Sources) -> None:
    cv2.setNumThreads(1)
    _shared[:] = [source]


def _chunk(source: Sources | None, clear: bool, size: int, seed: tuple[int, int]) -> list[Sample]:
    made: list[Sample] = []
    rng = np.random.default_rng(seed)
    while len(made) < size:
        grey, text = crop(source or _shared[0], rng, clear)
        image = row_image(grey)
        if image.shape[1] <= MOST_COLUMNS:
            made.append((image, text))
    return made


def crop(
    source: Sources, rng: Generator, clear: bool = False, empty: float = EMPTY
) -> tuple[np.ndarray, str]:
    """A grey crop (h, w) uint8 and the text in it, '' in a share `empty` of them."""
    height = rng.uniform(0.3, 0.96) * FINE if rng.random() < 0.85 else rng.uniform(0.9, 1.1) * FINE
    is_empty = rng.random() < empty and not clear
    text, ink = ("", _scribble(source, height, rng)) if is_empty else _number(source, height, rng)
    sheet, box = _placed(ink, rng)
    layers = [(sheet, _darkness(rng))]
    if not clear:
        clutter = np.zeros_like(sheet)
        for share, add in CLUTTER:
            if rng.random() < share:
                add(clutter, box, height, source, rng)
        layers.append((clutter, rng.uniform(0.15, 0.95)))
        if rng.random() < 0.45:
            layers.append((_walls(sheet.shape, box, rng), rng.uniform(0.15, 0.9)))
    return _photographed(layers, rng), text


# What is written.


def text_of(rng: Generator) -> str:
    """A number as people write it: digits alone mostly, or with the signs of its kind."""
    kind = rng.random()
    if kind < 0.62:
        length = int(
            rng.choice([1, 2, 3, 4, 5, 6, 7, 8], p=[0.07, 0.2, 0.2, 0.17, 0.16, 0.1, 0.05, 0.05])
        )
        return (
            _digits(length, rng) if rng.random() < 0.97 else _digits(int(rng.integers(9, 21)), rng)
        )
    return KINDS[rng.integers(len(KINDS))](rng)


def _digits(count: int, rng: Generator) -> str:
    """Digits, a fifth of them like the one before, as zeros and ones often are."""
    made = rng.integers(0, 10, count)
    if count > 1 and rng.random() < 0.25:
        made[-int(rng.integers(1, min(count, 4))) :] = 0
    again = rng.random(count) < 0.12
    for k in np.flatnonzero(again[1:]) + 1:
        made[k] = made[k - 1]
    if count > 1 and rng.random() < 0.25:
        made[0] = 1
    return "".join(map(str, made))


def _decimal(rng: Generator) -> str:
    sign = "-" if rng.random() < 0.08 else ""
    places = int(rng.choice([1, 2, 3], p=[0.7, 0.25, 0.05]))
    return sign + _digits(int(rng.integers(1, 4)), rng) + _point(rng) + _digits(places, rng)


def _thousands(rng: Generator) -> str:
    point, groups = _point(rng), int(rng.choice([1, 2], p=[0.85, 0.15]))
    text = _digits(int(rng.integers(1, 4)), rng)
    text += "".join(point + _digits(3, rng) for _ in range(groups))
    return text + str(rng.choice(["", ".", "-", ".-", ",-"], p=[0.6, 0.15, 0.15, 0.05, 0.05]))


def _ended(rng: Generator) -> str:
    return _digits(int(rng.integers(2, 6)), rng) + str(rng.choice([".", "-", ".-", ","]))


def _date(rng: Generator) -> str:
    sign = str(rng.choice(["/", ".", "-"], p=[0.5, 0.25, 0.25]))
    day, month = int(rng.integers(1, 32)), int(rng.integers(1, 13))
    year = str(rng.integers(1900, 2040))
    pad = "02" if rng.random() < 0.6 else ""
    year = year if rng.random() < 0.5 else year[2:]
    parts = [f"{day:{pad}}", f"{month:{pad}}", year]
    return sign.join(parts if rng.random() < 0.85 else parts[:2])


def _time(rng: Generator) -> str:
    return f"{rng.integers(0, 24)}{':' if rng.random() < 0.8 else '.'}{rng.integers(0, 60):02}"


def _phone(rng: Generator) -> str:
    groups = [_digits(int(n), rng) for n in rng.integers(2, 5, rng.integers(2, 4))]
    return str(rng.choice(["-", "/", "."], p=[0.6, 0.2, 0.2])).join(groups)


def _signed(rng: Generator) -> str:
    return "-" + _digits(int(rng.integers(1, 4)), rng)


def _point(rng: Generator) -> str:
    return ".,"[rng.integers(2)]


KINDS: tuple[Callable[[Generator], str], ...] = (
    _decimal, _decimal, _decimal, _thousands, _thousands, _ended, _date, _time, _phone, _signed,
)  # fmt: skip


# The ink of a number.


def _number(source: Sources, height: float, rng: Generator) -> tuple[str, np.ndarray]:
    """A text and its ink (h, w) uint8, digits about `height` pixels high."""
    if rng.random() < WHOLE and source.numbers:
        glyph = source.numbers[rng.integers(len(source.numbers))]
        text = "".join(c for c in glyph.label if c in ROW_CLASSES)
        points = np.concatenate(glyph.strokes)
        wide, high = np.maximum(np.ptp(points, axis=0), 1)
        size = Glyph(glyph.label, float(max(wide, high) / high * 1.15), glyph.strokes)
        return text, hands.draw(size, height, _pen(height, rng), rng.normal(0, 0.1))
    text = text_of(rng)
    return text, _written(text, _writer(source, rng), source, height, rng)


def _writer(source: Sources, rng: Generator) -> Hand | None:
    """A hand; None for digits that have no writer."""
    if rng.random() < TILE_WRITERS:
        return None
    names = list(SHARES)
    some = source.writers[names[rng.choice(len(names), p=list(SHARES.values()))]]
    return some[rng.integers(len(some))] if some else None


def _pen(height: float, rng: Generator) -> float:
    """The width of a pen in pixels, by the height of what it writes."""
    return float(height * np.exp(rng.uniform(np.log(0.045), np.log(0.17))))


def _written(
    text: str, hand: Hand | None, source: Sources, height: float, rng: Generator
) -> np.ndarray:
    """The ink (h, w) uint8 of a text in one hand."""
    pen, slant = _pen(height, rng), float(rng.normal(0.05, 0.15))
    gap = (
        rng.uniform(-0.04, 0.3) * height if rng.random() < 0.85 else rng.uniform(0.3, 1.0) * height
    )
    drift, scatter = abs(rng.normal(0, 0.035)) * height, abs(rng.normal(0, 0.07))
    wide = float(np.exp(rng.normal(0, 0.12)))
    placed = []
    for label in text:
        size = height * (1 + rng.normal(0, scatter))
        ink = _character(label, hand, source, size, pen, slant, rng)
        if abs(wide - 1) > 0.05 and label not in SIGNS:
            ink = cv2.resize(ink, (max(1, round(ink.shape[1] * wide)), ink.shape[0]))
        foot = _foot(label, ink.shape[0], height, rng) + rng.normal(0, drift)
        placed.append((ink, foot))
    return _beside(placed, gap, height, rng.normal(0, 0.05), rng)


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
    return _crisp(hands.draw(glyph, height, pen, slant), pen) if glyph.ink is not None else (
        hands.draw(glyph, height, pen, slant)
    )  # fmt: skip


def _crisp(ink: np.ndarray, pen: float) -> np.ndarray:
    """A picture's strokes a little nearer to the pen's width, and their soft edges steeper."""
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
    if label in "-:":
        return -0.5 * height + high / 2 + rng.normal(0, 0.08) * height
    if label == ",":
        return float(rng.uniform(0.05, 0.25)) * height
    if label == "/":
        return float(rng.uniform(0, 0.15)) * height
    return 0.0


def _beside(
    placed: list[tuple[np.ndarray, float]], gap: float, height: float, rise: float, rng: Generator
) -> np.ndarray:
    """Characters (ink, foot) side by side, `gap` pixels apart where neighbours are nearest."""
    tall = int(4 * height) + 8
    width = sum(ink.shape[1] for ink, _ in placed) + int((abs(gap) + height) * len(placed)) + 8
    sheet, line = np.zeros((tall, width), np.uint8), 2.6 * height
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
            x = max(0, round(x + gap + rng.normal(0, 0.05) * height))
        x = min(x, width - wide)
        there = sheet[y : y + high, x : x + wide]
        np.maximum(there, ink, out=there)
        last = x + wide - 1 - mask[:, ::-1].argmax(axis=1)
        lines = right[y : y + high]
        np.maximum(lines, np.where(mask.any(axis=1), last, -1), out=lines)
    return _cropped(sheet)


def _cropped(ink: np.ndarray) -> np.ndarray:
    x, y, width, height = cv2.boundingRect((ink > 32).astype(np.uint8))
    return ink[y : y + height, x : x + width] if width else ink[:1, :1]


def _scribble(source: Sources, height: float, rng: Generator) -> np.ndarray:
    """Ink that is no number: a word's letters, a dash across the cell, or nothing."""
    if rng.random() < 0.5:
        return np.zeros((round(height), round(height * rng.uniform(0.5, 3))), np.uint8)
    pen = _pen(height, rng)
    some = [source.others[i] for i in rng.integers(len(source.others), size=rng.integers(1, 6))]
    some = [g for g in some if not set(g.label) & LOOKALIKES]
    placed = [(hands.draw(g, height, pen), 0.0) for g in some]
    return _beside(placed, 0.1 * height, height, 0.0, rng) if placed else np.zeros((9, 9), np.uint8)


# What stands around it.


def _placed(ink: np.ndarray, rng: Generator) -> tuple[np.ndarray, tuple[int, int, int, int]]:
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
        if rng.random() > 0.4:
            continue
        other = rng.uniform(0.5, 1.2) * height
        ink = _written(
            _digits(int(rng.integers(1, 5)), rng), _writer(source, rng), source, other, rng
        )
        if rng.random() < 0.3 and source.others:
            ink = hands.draw(
                source.others[rng.integers(len(source.others))], other, _pen(other, rng)
            )
        h, w = ink.shape
        if side in ("left", "right"):
            room = (x if side == "left" else total - x - width) - int(0.12 * FINE)
            shown = min(int(rng.uniform(0.05, 0.4) * other), room, w)
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
        cv2.polylines(clutter, [lower], False, 255, max(1, round(_pen(height, rng))), cv2.LINE_AA)


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
        ink = _cropped(ink)
    else:
        letters = [g for g in (source.others[i] for i in rng.integers(len(source.others), size=2))
                   if not set(g.label) & LOOKALIKES]  # fmt: skip
        if not letters:
            return
        pen, size = _pen(height, rng), rng.uniform(0.4, 0.9) * height
        ink = _beside(
            [(hands.draw(g, size, pen), 0.0) for g in letters], 0.1 * size, size, 0.0, rng
        )
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
    pen = max(1, round(_pen(height, rng)))
    for dy in (-apart, apart):
        tilt = int(rng.integers(-4, 5))
        cv2.line(
            clutter, (left, middle + dy), (left + long, middle + dy + tilt), 255, pen, cv2.LINE_AA
        )


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
    (0.12, _specks),
)  # fmt: skip


def _walls(shape: tuple[int, ...], box: tuple[int, int, int, int], rng: Generator) -> np.ndarray:
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


# How it was photographed.


def _darkness(rng: Generator) -> float:
    """How much of the paper's light ink takes: pencil little, a pen most of it."""
    return float(rng.uniform(0.35, 0.92) if rng.random() < 0.75 else rng.uniform(0.1, 0.35))


def _photographed(layers: list[tuple[np.ndarray, float]], rng: Generator) -> np.ndarray:
    """The grey crop (h, w) uint8 of layers of ink, each with its darkness, at some resolution."""
    full = layers[0][0].shape
    scale = rng.uniform(0.3, 0.75) if rng.random() < 0.7 else rng.uniform(0.75, 1.0)
    size = (max(8, round(full[1] * scale)), max(8, round(full[0] * scale)))
    height, width = size[1], size[0]
    light = rng.uniform(90, 245)
    grey = np.full((height, width), light, np.float32)
    if rng.random() < 0.35:
        grey += _pattern(height, width, scale, rng) * rng.uniform(0.2, 1.0)
    across, down = np.linspace(-0.5, 0.5, width), np.linspace(-0.5, 0.5, height)[:, None]
    grey *= 1 + rng.normal(0, 0.12) * across + rng.normal(0, 0.08) * down
    if rng.random() < 0.1:  # the edge of a shadow or of a table
        edge = rng.uniform(0.6, 0.95) if rng.random() < 0.5 else rng.uniform(0.05, 0.3)
        grey[:, int(edge * width) :] *= rng.uniform(0.5, 1.2)
    for ink, dark in layers:
        grey *= 1 - dark * cv2.resize(ink, size, interpolation=cv2.INTER_AREA) / np.float32(255)
    if rng.random() < 0.8:
        grey = cv2.GaussianBlur(grey, (0, 0), np.exp(rng.uniform(np.log(0.3), np.log(1.3))))
    grain = np.exp(rng.uniform(np.log(0.5), np.log(7)))
    grey += np.asarray(rng.normal(0, grain, grey.shape), np.float32)
    grey = np.clip(grey, 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 95))]
        grey = np.asarray(
            cv2.imdecode(cv2.imencode(".jpg", grey, quality)[1], cv2.IMREAD_GRAYSCALE)
        )
    return grey


def _pattern(height: int, width: int, scale: float, rng: Generator) -> np.ndarray:
    """Wavy lines, hatching or dots of safety paper: (height, width) grey levels below 0."""
    y, x = np.mgrid[:height, :width].astype(np.float32) / np.float32(scale)
    drawn = np.zeros((height, width), np.float32)
    for _ in range(int(rng.integers(1, 4))):
        angle, period = rng.uniform(0, np.pi), rng.uniform(5, 16)
        c, s = np.cos(angle), np.sin(angle)
        wave = rng.uniform(0, 6) * np.sin((x * s - y * c) / rng.uniform(8, 50))
        phase = (x * c + y * s + wave) * (2 * np.pi / period)
        drawn -= (np.sin(phase) > rng.uniform(0.2, 0.8)) * rng.uniform(8, 45)
    if rng.random() < 0.25:
        drawn -= (rng.random((height, width)) < 0.15) * rng.uniform(10, 40)
    return drawn
