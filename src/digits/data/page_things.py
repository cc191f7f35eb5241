"""A page's ink: its numbers, and what stands beside them."""

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.random import Generator

from digits.data import hands, row_clutter, row_ink, row_text
from digits.data.page_print import WORD_PX, typeface, words
from digits.data.row_ink import Number, Sources

Box = tuple[float, float, float, float]  # x, y, width, height
TICKS = "xxXvV+-y"  # signs as people tick or strike a cell with; a tick is rather like a v or y
INTO = 0.12  # of a number's height: so far above and below other ink may stand beside its strokes
AT_ONCE = 0.6  # the share of words by hand that one writer wrote at once


@dataclass
class Sheet:
    """What is written and printed on a page: two layers of ink (S, S) uint8, and of each number
    the corners (4, 2) and the text."""

    pen: np.ndarray
    print: np.ndarray
    rows: list[np.ndarray] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    @staticmethod
    def blank(side: int) -> "Sheet":
        return Sheet(np.zeros((side, side), np.uint8), np.zeros((side, side), np.uint8))

    @property
    def side(self) -> int:
        return len(self.pen)

    def write(self, number: Number, x: int, y: int, rng: Generator) -> bool:
        """A number with its top left at (x, y), unless it leaves the page or meets other ink; its
        strokes may reach a little between those of another."""
        high, wide = number.ink.shape
        if x < 0 or y < 0 or x + wide > self.side or y + high > self.side:
            return False
        if not number.text or not number.ink.any():
            return False
        there, away = self.pen[y : y + high, x : x + wide], round(INTO * high)
        if there[away : high - away].any() or there[number.ink > 0].any():
            return False
        np.maximum(there, number.ink, out=there)
        self.rows.append(number.corners + np.array((x, y)))
        self.texts.append(number.text)
        if len(number.walls):
            comb = row_clutter.comb(self.print.shape, (x, y, wide, high), number.walls, rng)
            np.maximum(self.print, comb, out=self.print)
        return True

    def write_anywhere(self, number: Number, rng: Generator) -> bool:
        high, wide = number.ink.shape
        if high >= self.side or wide >= self.side:
            return False
        for _ in range(8):
            x, y = (int(rng.integers(0, self.side - size)) for size in (wide, high))
            if self.write(number, x, y, rng):
                return True
        return False

    def write_in(self, number: Number, box: Box, rng: Generator) -> bool:
        """A number in a box, flush with a side or amid it."""
        x, y, width, height = box
        high, wide = number.ink.shape
        across = rng.choice([0.08, 0.5, 0.92]) + rng.normal(0, 0.05)
        left = x + across * max(width - wide, 0)
        top = y + np.clip(rng.normal(0.5, 0.15), -0.05, 1.05) * (height - high)
        return self.write(number, int(left), int(top), rng)

    def rule(
        self, start: tuple[float, float], end: tuple[float, float], rng: Generator,
        thick: int | None = None,
    ) -> None:  # fmt: skip
        """A printed line, of any thickness or of so many pixels."""
        first, last = (tuple(round(v) for v in point) for point in (start, end))
        thick = thick or int(rng.choice([1, 1, 2, 3]))
        cv2.line(self.print, first, last, int(rng.integers(100, 256)), thick, cv2.LINE_AA)

    def frame(self, box: Box, rng: Generator) -> None:
        x, y, width, height = (round(v) for v in box)
        thick = int(rng.choice([1, 1, 2, 3]))
        cv2.rectangle(self.print, (x, y), (x + width, y + height), 255, thick, cv2.LINE_AA)

    def print_at(self, x: float, y: float, size: float, rng: Generator, most: int = 3) -> int:
        """Printed words, so many at the `most`, with their top left at (x, y); answers how wide
        they are."""
        ink = words(size, rng, most)
        place(self.print, ink, x, y)
        return ink.shape[1]

    def print_in(self, box: Box, rng: Generator) -> None:
        x, y, width, height = box
        ink = words(height * rng.uniform(0.3, 0.7), rng)
        place(self.print, ink[:, : int(width)], x + 2, y + 0.2 * height)

    def print_off(self, ink: np.ndarray, x: float, y: float, away: int = 0) -> None:
        """Print with its top left at (x, y), if there is no pen within so many pixels."""
        (high, wide), left, top = ink.shape, int(x) - away, int(y) - away
        bottom, right = max(int(y) + high + away, 0), max(int(x) + wide + away, 0)
        if not self.pen[max(top, 0) : bottom, max(left, 0) : right].any():
            place(self.print, ink, x, y)

    def scrawl(
        self, source: Sources, x: float, y: float, height: float, rng: Generator,
        most: float = np.inf,
    ) -> int:  # fmt: skip
        """A word by hand, so many pixels wide at the `most`; answers how wide it is. It keeps off
        the numbers."""
        ink = word(source, height, rng)
        ink = Number("", ink, row_ink.NO_WALLS).no_larger_than(most, np.inf).ink
        high, wide = ink.shape
        top, left = int(y), int(x)
        there = self.pen[max(top, 0) : top + high, max(left, 0) : left + wide]
        if not there.any():
            place(self.pen, ink, left, top)
        return wide

    def lettered(self, source: Sources, row: np.ndarray, rng: Generator) -> bool:
        """A letter or two before, behind or around what is written at a row (4, 2), which is a code
        then and no number; whether there was room for them."""
        (left, y), (right, y_at_end), high = row[0], row[1], row[3, 1] - row[0, 1]
        pen, _ = row_ink.pen_and_slant(source, high, rng)
        where, letters = rng.random(), []
        for at_end in (False,) * (where < 0.8) + (True,) * (where > 0.65):
            for _ in range(int(rng.integers(1, 3))):
                glyph = source.others[rng.integers(len(source.others))]
                ink = hands.draw(glyph, high, pen, 0.1)
                step = ink.shape[1] + rng.uniform(0.05, 0.2) * high
                left, right = left - step * (not at_end), right + step * at_end
                x, top = (right - ink.shape[1], y_at_end) if at_end else (left, y)
                letters.append((ink, int(x), int(top + high - ink.shape[0])))
        for ink, x, y in letters:
            there = self.pen[max(y, 0) : max(y + len(ink), 0), max(x, 0) : max(x + ink.shape[1], 0)]
            if there.shape != ink.shape or there[ink > 0].any():
                return False
        for ink, x, y in letters:
            place(self.pen, ink, x, y)
        return True

    def noted(self, source: Sources, row: np.ndarray, end: float, rng: Generator) -> None:
        """A word behind the number at a row (4, 2), no further than the place `end`."""
        (x, y), high = row[1], row[3, 1] - row[0, 1]
        x += rng.uniform(0.25, 0.9) * high
        if end - x > high:
            self.scrawl(source, x, y + 0.1 * high, 0.65 * high, rng, end - x)

    def times(self, source: Sources, row: np.ndarray, rng: Generator) -> None:
        """A cross behind the number at a row (4, 2), and another number behind that."""
        (x, y), high = row[1], row[3, 1] - row[0, 1]
        room = rng.uniform(0.7, 1.2) * high
        self.tick_in(source, "x", 0.6 * high, (x, y, room, high), rng)
        text = row_text.digits(int(rng.integers(1, 4)), rng)
        number = row_ink.of(text, source, high * rng.uniform(0.9, 1.1), rng)
        self.write(number, int(x + room), int(y), rng)

    def tick_in(self, source: Sources, label: str, size: float, box: Box, rng: Generator) -> None:
        """A cross, tick or dash by hand amid a box. It keeps off the numbers."""
        x, y, width, height = box
        some = source.signs.get(label) or [g for g in source.others if g.label == label]
        pen, slant = row_ink.pen_and_slant(source, size, rng)
        ink = hands.draw(some[rng.integers(len(some))], size * rng.uniform(0.6, 1.1), pen, slant)
        left = x + (width - ink.shape[1]) / 2 + rng.normal(0, 0.1) * height
        top = y + (height - ink.shape[0]) / 2 + rng.normal(0, 0.1) * height
        there = self.pen[int(max(top, 0)) : int(top) + len(ink), int(max(left, 0)) :]
        if not there[:, : ink.shape[1]].any():
            place(self.pen, ink, left, top)

    def scrawl_in(self, source: Sources, box: Box, rng: Generator, full: bool = False) -> None:
        """A word in a box, or from its left on if the box is not to be `full`."""
        x, y, wide, height = box
        most = wide * rng.uniform(0.8, 1) if full else np.inf
        self.scrawl(source, x + (0 if full else 3), y + 0.2 * height, 0.55 * height, rng, most)


def place(layer: np.ndarray, ink: np.ndarray, x: float, y: float) -> None:
    """Ink with its top left at (x, y), as much of it as lies on the layer."""
    left, top = int(x), int(y)
    x0, y0 = max(left, 0), max(top, 0)
    x1 = min(left + ink.shape[1], layer.shape[1])
    y1 = min(top + ink.shape[0], layer.shape[0])
    if x0 < x1 and y0 < y1:
        there = layer[y0:y1, x0:x1]
        np.maximum(there, ink[y0 - top : y1 - top, x0 - left : x1 - left], out=there)


def word(source: Sources, height: float, rng: Generator) -> np.ndarray:
    """A word by hand (h, w) uint8, written at once or of letters side by side."""
    pen, _ = row_ink.pen_and_slant(source, height, rng)
    if rng.random() < AT_ONCE and source.words:
        glyph = source.words[rng.integers(len(source.words))]
        return row_ink.as_high(glyph, height * rng.uniform(0.9, 1.6), pen, rng)
    some = [source.others[i] for i in rng.integers(len(source.others), size=rng.integers(2, 8))]
    placed = [(hands.draw(glyph, height, pen, 0.1), 0.0) for glyph in some]
    return row_ink.beside(placed, rng.uniform(-0.05, 0.15) * height, height, 0.0, rng)


def around(sheet: Sheet, source: Sources, rng: Generator) -> None:
    """Things that are no number, some of each kind."""
    for share, add in THINGS:
        while rng.random() < share:
            add(sheet, source, rng)


def _paragraph(sheet: Sheet, source: Sources, rng: Generator) -> None:
    """Lines of print where there is no pen."""
    size = float(np.exp(rng.uniform(*np.log(WORD_PX)))) * 0.7
    x, y = rng.uniform(-0.1, 0.8, 2) * sheet.side
    for _ in range(int(rng.integers(1, 9))):
        sheet.print_off(words(size, rng, 8), x, y)
        y += 1.5 * size


def _scrawled(sheet: Sheet, source: Sources, rng: Generator) -> None:
    height = float(np.exp(rng.uniform(np.log(12), np.log(350))))
    x, y = rng.uniform(-0.1, 0.85, 2) * sheet.side
    sheet.scrawl(source, x, y, height, rng)


def _signature(sheet: Sheet, _: Sources, rng: Generator) -> None:
    step = float(np.exp(rng.uniform(np.log(8), np.log(80))))
    points = np.cumsum(rng.normal((0.4, 0), 1, (int(rng.integers(8, 30)), 2)) * step, axis=0)
    points = points + rng.uniform(0, 0.9, 2) * sheet.side
    layer = np.zeros_like(sheet.pen)
    width = max(1, round(step * rng.uniform(0.05, 0.3)))
    cv2.polylines(layer, [points.round().astype(np.int32)], False, 255, width, cv2.LINE_AA)
    if not (layer & sheet.pen).any():
        np.maximum(sheet.pen, layer, out=sheet.pen)


def _marked(sheet: Sheet, _: Sources, rng: Generator) -> None:
    """A mark at one of the numbers."""
    if sheet.rows:
        mark(sheet, sheet.rows[rng.integers(len(sheet.rows))], rng)


def mark(sheet: Sheet, row: np.ndarray, rng: Generator) -> None:
    """A ring, box, underline, arrow or brackets by hand at a number with `row` for its corners
    (4, 2), a printed box around it or a printed word behind it."""
    (x0, y0), (x1, y1) = row.min(axis=0), row.max(axis=0)
    high = y1 - y0
    width = max(1, round(high * rng.uniform(0.03, 0.1)))
    grow = rng.uniform(-0.05, 0.5 if rng.random() < 0.7 else 1.3, 4) * high
    box = [round(v) for v in (x0 - grow[0], y0 - grow[1], x1 + grow[2], y1 + grow[3])]
    kind, middle = rng.random(), ((box[0] + box[2]) // 2, (box[1] + box[3]) // 2)
    if kind < 0.3:
        axes = (int(0.62 * (box[2] - box[0])), int(0.62 * (box[3] - box[1])))
        cv2.ellipse(sheet.pen, middle, axes, rng.normal(0, 5), 0, 360, 255, width, cv2.LINE_AA)
    elif kind < 0.4:
        cv2.rectangle(sheet.pen, tuple(box[:2]), tuple(box[2:]), 255, width, cv2.LINE_AA)
    elif kind < 0.6:
        tilt = int(rng.normal(0, 0.05) * high)
        cv2.line(sheet.pen, (box[0], box[3]), (box[2], box[3] + tilt), 255, width, cv2.LINE_AA)
    elif kind < 0.68:
        end = (box[0] - int(rng.uniform(0.3, 2) * high), middle[1] + int(rng.normal(0, high)))
        cv2.arrowedLine(sheet.pen, end, (box[0], middle[1]), 255, width, cv2.LINE_AA, 0, 0.2)
    elif kind < 0.78:
        reach = (int(high * rng.uniform(0.1, 0.3)), (box[3] - box[1]) // 2)
        for x, start in ((box[0], 110), (box[2], -70)):
            cv2.ellipse(sheet.pen, (x, middle[1]), reach, 0, start, start + 140, 255, width,
                        cv2.LINE_AA)  # fmt: skip
    elif kind < 0.9:
        sheet.frame((box[0], box[1], box[2] - box[0], box[3] - box[1]), rng)
    else:
        sheet.print_at(x1 + rng.uniform(0.2, 1.2) * high, y0 + 0.2 * high, 0.8 * high, rng)


def _stamp(sheet: Sheet, _: Sources, rng: Generator) -> None:
    """A postmark or a logo: rings, bars, a filled shape."""
    middle = tuple(int(v) for v in rng.integers(0, sheet.side, 2))
    radius = int(np.exp(rng.uniform(np.log(10), np.log(220))))
    kind = rng.random()
    if kind < 0.4:
        for reach in (radius, int(0.7 * radius)):
            cv2.circle(sheet.print, middle, reach, int(rng.integers(80, 256)), 2, cv2.LINE_AA)
    elif kind < 0.7:
        x, y = middle
        for wide in rng.integers(1, 6, 30):
            cv2.rectangle(sheet.print, (x, y), (x + int(wide) // 2, y + radius), 255, -1)
            x += int(wide) + 2
    else:
        points = np.array(middle) + rng.normal(0, radius, (int(rng.integers(3, 7)), 2))
        if rng.random() < 0.5:
            cv2.fillPoly(sheet.print, [points.astype(np.int32)], int(rng.integers(60, 256)))
        else:
            cv2.polylines(sheet.print, [points.astype(np.int32)], True, 200, 2, cv2.LINE_AA)


def _squares(sheet: Sheet, _: Sources, rng: Generator) -> None:
    """Squared, ruled or dotted paper."""
    step, level = rng.uniform(8, 50), int(rng.integers(40, 200))
    kind = rng.random()
    places = np.arange(rng.uniform(0, step), sheet.side, step).astype(int)
    if kind > 0.85:
        sheet.print[np.ix_(places, places)] = level
        return
    for at in places:
        cv2.line(sheet.print, (0, int(at)), (sheet.side, int(at)), level, 1)
        if kind < 0.4:
            cv2.line(sheet.print, (int(at), 0), (int(at), sheet.side), level, 1)


def _numbers(sheet: Sheet, _: Sources, rng: Generator) -> None:
    """Printed numbers without words where there is no pen: a table's, a scale's, a puzzle's."""
    size = float(np.exp(rng.uniform(*np.log(WORD_PX)))) * 0.8
    set_in, filled, longest = typeface(size, rng), rng.uniform(0.3, 1), int(rng.integers(1, 7))
    wide, high = size * rng.uniform(1.4, 2 + 0.7 * longest), size * rng.uniform(1.2, 4)
    across, down = (int(n) for n in rng.integers(1, 10, 2))
    x0, y0 = rng.uniform(-0.1, 0.8, 2) * sheet.side
    if rng.random() < 0.3:
        for k in range(across + 1):
            sheet.rule((x0 + k * wide, y0), (x0 + k * wide, y0 + down * high), rng)
        for k in range(down + 1):
            sheet.rule((x0, y0 + k * high), (x0 + across * wide, y0 + k * high), rng)
    for row in range(down):
        for column in range(across):
            if rng.random() < filled:
                text = "".join(map(str, rng.integers(0, 10, int(rng.integers(1, longest + 1)))))
                ink = set_in(text if rng.random() < 0.8 else f"{text}.{rng.integers(0, 10)}")
                x = x0 + column * wide + max(wide - ink.shape[1], 0) / 2
                sheet.print_off(ink, x, y0 + row * high + (high - size) / 2)


def _small_shapes(sheet: Sheet, _: Sources, rng: Generator) -> None:
    """Small shapes that are all alike: bullets, a plot's points, crosses."""
    size = float(np.exp(rng.uniform(np.log(3), np.log(26))))
    side, kind = 2 * round(size) + 5, rng.random()
    heavy = int(rng.integers(1, 1 + max(1, round(size / 5))))
    ink = np.zeros((side, side), np.uint8)
    middle = (side // 2, side // 2)
    if kind < 0.5:
        cv2.circle(ink, middle, round(size / 2), 255, -1 if kind < 0.25 else heavy, cv2.LINE_AA)
    else:
        cv2.drawMarker(ink, middle, 255, int(rng.integers(0, 7)), round(size), heavy, cv2.LINE_AA)
    places = rng.uniform(0, 1, (int(rng.integers(2, 50)), 2)) * rng.uniform(0.1, 1, 2)
    for x, y in (rng.uniform(-0.2, 0.8, 2) + places) * sheet.side:
        sheet.print_off(row_ink.cropped(ink), x, y, away=side)


Add = Callable[[Sheet, Sources, Generator], None]
THINGS: tuple[tuple[float, Add], ...] = (
    (0.5, _paragraph), (0.3, _scrawled), (0.12, _signature), (0.15, _marked), (0.2, _stamp),
    (0.12, _squares), (0.25, _numbers), (0.1, _small_shapes),
)  # fmt: skip
