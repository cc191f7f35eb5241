"""Made-up pages with numbers by hand among all that pages hold, and where each number stands.

Plain rows, columns, tables, forms, envelopes, single digits, small numbers beside large ones, and
pages without any number; printed text, words by hand, rules, rings and stamps around; on sheets
that lie askew, in any light. Only numbers by hand are wanted: print is there to be left out. Seeded
throughout.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.random import Generator

from digits.data import page_light, page_table, page_things, row_ink, row_photo, row_text
from digits.data.many import many
from digits.data.page_things import Sheet
from digits.data.row_ink import Sources
from digits.page_image import ENDS, MOST_ENDS, PIXEL, UP

SIDE = 512  # pixels of a page
HEIGHTS = (11, 170)  # of digits, in pixels
LARGE = (30, 400)  # likewise of the one number of a page
LONE = (20, 220)  # and of a digit by itself
NOTHING = 0.32  # the share of pages without a number
SCENES, PRINTED = 0.15, 0.3  # of these without a sheet; and of the rest with a printed table
SEEN = 0.25  # the least share of a number's box in the picture: what is less is no number there
SCANNED = 0.25  # the share of pages that a scanner took, not a camera
SCREENS = 0.06  # the share of pages that were drawn on a screen
BY_ONE = 0.75  # the share of pages that one person wrote with one pen
EVEN = 0.12  # of these, in a hand whose digits look the same every time
BARE = 0.25  # the share of pages with numbers that hold nothing else
# The share of pages by a marker, and how much thicker it is, by the height of digits; and of those
# whose strokes have holes.
MARKER, THICKER, BROKEN = 0.12, (0.04, 0.16), 0.08
# Of a number's height: that of a smaller one beside it, and how far off that is.
SMALLER, NEARBY = (0.2, 0.6), (0.08, 1.2)
ONES = 0.2  # of digits by themselves: more than a tenth, as they look like strokes of a pen
# From one row of a column to the next, in heights; the share of columns whose rows are close.
LEADS, CLOSE, CLOSE_LEADS = (1.15, 2.6), 0.35, (1.02, 1.4)
LENGTHS = (0.25, (1, 2)), (0.35, (10, 21))  # of a column's numbers: single digits, long ones, any


@dataclass
class Page:
    """A grey picture (S, S) uint8, and the corners (4, 2) of each number's ink in it, in the
    order of the writing: its first digit's top, its last one's top, and the feet backwards; and
    their texts."""

    grey: np.ndarray
    rows: list[np.ndarray] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


def samples(count: int, source: Sources, seed: int, processes: int = 1) -> list[Page]:
    """`count` pages, the same for a seed."""
    return many(page, count, source, seed, processes)


def page(source: Sources, rng: Generator, side: int = SIDE) -> Page:
    """A page of some layout, `side` pixels wide and high, photographed; or a photograph of none."""
    nothing = rng.random() < NOTHING
    if nothing and rng.random() < SCENES:
        scene = page_light.scenery(side, rng) * page_light.light(side, rng)
        return Page(page_light.seen(scene, rng))
    sheet = Sheet.blank(side)
    if rng.random() < BY_ONE:
        is_even = rng.random() < EVEN
        hand = row_ink.even_hand(rng) if is_even else row_ink.writer(source, rng)
        source = row_ink.by_one(source, hand, rng)
    if not nothing:
        layouts = list(LAYOUTS)
        layout = layouts[rng.choice(len(layouts), p=list(LAYOUTS.values()))]
        layout(sheet, source, rng)
    elif rng.random() < PRINTED:
        page_table.table(sheet, source, rng, printed=True)
    if nothing or rng.random() >= BARE:
        page_things.around(sheet, source, rng)
    _pens(sheet, rng)
    return _photographed(sheet, rng)


def _pens(sheet: Sheet, rng: Generator) -> None:
    """Some pages are written with a marker, some with chalk or a dry pen."""
    heights = [float(np.linalg.norm(row[3] - row[0])) for row in sheet.rows]
    height, drawn = float(np.median(heights or [sheet.side / 16])), rng.random()
    if drawn < MARKER:
        size = 1 + round(height * rng.uniform(*THICKER))
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
        sheet.pen = np.asarray(cv2.dilate(sheet.pen, kernel))
    elif drawn < MARKER + BROKEN:
        sheet.pen = row_ink.broken(sheet.pen, height, rng)


def _height(rng: Generator, most: float = HEIGHTS[1]) -> float:
    return float(np.exp(rng.uniform(np.log(HEIGHTS[0]), np.log(most))))


def _digits(count: int, source: Sources, height: float, rng: Generator) -> row_ink.Number:
    """So many digits in one hand, about `height` pixels high."""
    text = row_text.digits(count, rng)
    if count == 1 and rng.random() < ONES:
        text = "1"
    return row_ink.of(text, source, height, rng)


def _scattered(sheet: Sheet, source: Sources, rng: Generator) -> None:
    for _ in range(int(rng.integers(1, 7))):
        number = row_ink.number(source, _height(rng, 90), rng)
        sheet.write_anywhere(number, rng)


def _one(sheet: Sheet, source: Sources, rng: Generator) -> None:
    """A number that fills much of the page, or all of it."""
    height = float(np.exp(rng.uniform(*np.log(LARGE))))
    number = row_ink.number(source, height, rng)
    sheet.write_anywhere(number.no_larger_than(0.96 * sheet.side, 0.96 * sheet.side), rng)


def _short(sheet: Sheet, source: Sources, high: float, rng: Generator) -> row_ink.Number:
    """A digit, or a short number, no higher than this share of the page."""
    height = float(np.exp(rng.uniform(*np.log(LONE))))
    count = 1 if rng.random() < 0.6 else int(rng.integers(2, 7))
    number = _digits(count, source, height, rng)
    return number.no_larger_than(0.7 * sheet.side, high * sheet.side)


def _lone(sheet: Sheet, source: Sources, rng: Generator) -> None:
    """A digit by itself, or a short number, mostly with a mark at it."""
    number = _short(sheet, source, 0.7, rng)
    if sheet.write_anywhere(number, rng) and rng.random() < 0.7:
        page_things.mark(sheet, sheet.rows[-1], rng)


def _of_two_sizes(sheet: Sheet, source: Sources, rng: Generator) -> None:
    """A number, and smaller ones beside or below it: an index, a sum, a date."""
    number = _short(sheet, source, 0.5, rng)
    if not sheet.write_anywhere(number, rng):
        return
    (left, top), (right, bottom) = sheet.rows[-1].min(axis=0), sheet.rows[-1].max(axis=0)
    height = bottom - top
    for _ in range(int(rng.integers(1, 4))):
        small = height * rng.uniform(*SMALLER)
        if small < HEIGHTS[0]:
            continue
        number, away = _digits(int(rng.integers(1, 5)), source, small, rng), rng.uniform(*NEARBY)
        if rng.random() < 0.6:
            x, y = right + away * height, rng.uniform(top - small, bottom)
        else:
            x, y = rng.uniform(left - small, right), bottom + away * height
        sheet.write(number, int(x), int(y), rng)


def _column(sheet: Sheet, source: Sources, rng: Generator) -> None:
    """Rows one below the other, flush left or right or as it comes, ruled or not."""
    height = _height(rng, 60)
    lead = height * rng.uniform(*(CLOSE_LEADS if rng.random() < CLOSE else LEADS))
    length = rng.random()
    counts = next((counts for share, counts in LENGTHS if length < share), None)
    left, right = sorted(rng.uniform(0.02, 0.98, 2) * sheet.side)
    flush, ruled = rng.random(), rng.random() < 0.35
    y = rng.uniform(0, 0.4) * sheet.side
    if rng.random() < 0.25:
        for x in (left - 0.3 * height, right + 0.3 * height)[: int(rng.integers(1, 3))]:
            sheet.rule((x, 0), (x, sheet.side), rng)
    for _ in range(int(rng.integers(2, 25))):
        if y + lead > sheet.side:
            break
        size = height * rng.uniform(0.85, 1.15)
        if counts:
            number = _digits(int(rng.integers(*counts)), source, size, rng)
        else:
            number = row_ink.number(source, size, rng)
        number = number.no_larger_than(0.96 * sheet.side, sheet.side)
        wide = number.ink.shape[1]
        x = left if flush < 0.4 else right - wide if flush < 0.75 else rng.uniform(left, right)
        x = min(max(x, 0), sheet.side - wide)
        sheet.write(number, int(x), int(y + rng.normal(0, 0.05) * height), rng)
        y += lead
        if ruled:
            sheet.rule((0, y - 0.1 * lead), (sheet.side, y - 0.1 * lead), rng)


def _form(sheet: Sheet, source: Sources, rng: Generator) -> None:
    """Printed labels, and behind or below each a line, a box or cells, filled or not."""
    height = _height(rng, 40)
    y = rng.uniform(0.01, 0.2) * sheet.side
    while y + 2 * height < sheet.side:
        x = rng.uniform(0.02, 0.3) * sheet.side
        while x < 0.85 * sheet.side:
            wide = sheet.print_at(x, y + 0.3 * height, 0.6 * height, rng)
            x += wide + rng.uniform(0.2, 1) * height
            room = rng.uniform(2, 12) * height
            style, filled = rng.random(), rng.random() < 0.65
            box = (x, y - 0.2 * height, room, 1.5 * height)
            number = row_ink.number(source, height * rng.uniform(0.7, 1.1), rng)
            if filled and len(number.walls):
                style = 1.0  # it brings its cells
            if style < 0.4:
                sheet.rule((x, y + 1.2 * height), (x + room, y + 1.2 * height), rng)
            elif style < 0.75:
                sheet.frame(box, rng)
            if filled:
                if number.ink.shape[1] < room:
                    sheet.write_in(number, box, rng)
            elif rng.random() < 0.4:
                sheet.scrawl_in(source, box, rng)
            x += room + rng.uniform(0.5, 3) * height
        y += rng.uniform(1.6, 3.5) * height


def _comb_fields(sheet: Sheet, source: Sources, rng: Generator) -> None:
    """Fields of a cell a digit, printed labels above or before them."""
    height, labelled = _height(rng, 60), rng.random()
    x0, y = rng.uniform(0.02, 0.3) * sheet.side, rng.uniform(0.02, 0.3) * sheet.side
    while y + 1.5 * height < sheet.side:
        x = x0
        while x < 0.9 * sheet.side:
            if labelled < 0.4:
                sheet.print_at(x, y - 1.1 * height, 0.5 * height, rng)
            elif labelled < 0.8:
                x += sheet.print_at(x, y + 0.3 * height, 0.6 * height, rng) + 0.7 * height
            number = row_ink.in_cells(source, height, rng)
            sheet.write(number, int(x), int(y), rng)
            x += number.ink.shape[1] + rng.uniform(2.5, 6) * height
        y += rng.uniform(2.0, 4.0) * height


def _envelope(sheet: Sheet, source: Sources, rng: Generator) -> None:
    """Lines of words by hand with a number before or behind some of them, or anywhere."""
    height = _height(rng, 50)
    y, x0 = rng.uniform(0, 0.4) * sheet.side, rng.uniform(0.02, 0.35) * sheet.side
    notes = rng.random() < 0.4
    lead = height * rng.uniform(1.3, 2.2)
    for _ in range(int(rng.integers(4, 25) if notes else rng.integers(2, 7))):
        x = x0 + rng.uniform(0, 1) * height
        numbered = rng.random()
        for k in range(int(rng.integers(1, 7 if notes else 4))):
            here = (numbered < 0.4 and k == 0) or (numbered > 0.75 and k == 1)
            if rng.random() < 0.35 if notes else here:
                number = row_ink.number(source, height * rng.uniform(0.85, 1.1), rng)
                sheet.write(number, int(x), int(y), rng)
                x += number.ink.shape[1] + rng.uniform(0.4, 0.9) * height
            x += sheet.scrawl(source, x, y, height, rng) + rng.uniform(0.4, 1.0) * height
        y += lead * rng.uniform(0.95, 1.05)


Layout = Callable[[Sheet, Sources, Generator], None]
LAYOUTS: dict[Layout, float] = {
    _scattered: 0.1, _one: 0.1, _lone: 0.14, _of_two_sizes: 0.06, _column: 0.12,
    page_table.table: 0.21, _form: 0.13, _comb_fields: 0.07, _envelope: 0.07,
}  # fmt: skip


def _photographed(sheet: Sheet, rng: Generator) -> Page:
    """The sheet in front of a camera: askew, on a table or filling the picture, in some light. Or
    scanned: level, all of the picture, bright and even. Or on a screen: without any grain."""
    side, on_screen = sheet.side, rng.random() < SCREENS
    scanned = on_screen or rng.random() < SCANNED
    zoom = 1.0 if scanned else rng.uniform(*((0.6, 0.95) if rng.random() < 0.3 else (0.95, 1.3)))
    turn = np.radians(rng.normal(0, 0.5 if scanned or rng.random() < 0.3 else 4))
    c, s = zoom * np.cos(turn), zoom * np.sin(turn)
    middle = side / 2 + rng.normal(0, 0.01 if scanned else 0.05, 2) * side
    away = 0.0 if scanned else 0.08 / side
    move = np.array([[c, -s, 0], [s, c, 0], [*rng.normal(0, away, 2), 1.0]])
    to_middle = np.array([[1, 0, -side / 2], [0, 1, -side / 2], [0, 0, 1]])
    back = np.array([[1, 0, middle[0]], [0, 1, middle[1]], [0, 0, 1]])
    whole = back @ move @ to_middle

    def warped(layer: np.ndarray, outside: int = 0) -> np.ndarray:
        return cv2.warpPerspective(layer, whole, (side, side), borderValue=outside)

    if scanned:
        grey = np.full((side, side), 255 if on_screen else rng.uniform(225, 255), np.float32)
    else:
        grey = np.asarray(page_light.paper(side, rng) * page_light.light(side, rng))
    if not scanned and rng.random() < 0.6:
        on_sheet = warped(np.full((side, side), 255, np.uint8)) / np.float32(255)
        grey = grey * on_sheet + page_light.table(side, rng) * (1 - on_sheet)
    for layer, dark in ((sheet.print, rng.uniform(0.3, 0.9)), (sheet.pen, row_photo.darkness(rng))):
        grey *= 1 - dark * warped(layer) / np.float32(255)
    grey = (page_light.on_screen if on_screen else page_light.seen)(grey, rng)
    rows = [cv2.perspectiveTransform(row[None], whole)[0] for row in sheet.rows]
    seen = [k for k, row in enumerate(rows) if _is_in(row, side)]
    texts = [sheet.texts[k] for k in seen]
    return Page(grey, [rows[k].astype(np.float32) for k in seen], texts)


def _is_in(row: np.ndarray, side: int) -> bool:
    """Whether enough of a row (4, 2) is in a picture so wide and high to be seen as a number."""
    page = np.array([(0, 0), (side, 0), (side, side), (0, side)], np.float32)
    box = row.astype(np.float32)
    return bool(cv2.intersectConvexConvex(box, page)[0] > SEEN * cv2.contourArea(box))


def maps(rows: list[np.ndarray], side: int = SIDE) -> np.ndarray:
    """What the finder shall say of a page: (2, side / 2, side / 2) uint8, 255 where a number's row
    is, and where its core is: the middle of its height, and of its width all but the ends."""
    made = np.zeros((2, side // PIXEL, side // PIXEL), np.uint8)
    for corners in rows:
        first, second, third, fourth = corners.astype(np.float64)
        height = np.linalg.norm(fourth - first) + np.linalg.norm(third - second)
        width = np.linalg.norm(second - first) + np.linalg.norm(third - fourth)
        end = min(float(ENDS * height / max(float(width), 1.0)), MOST_ENDS)

        def at(x: float, y: float) -> np.ndarray:
            top, foot = first + (second - first) * x, fourth + (third - fourth) * x  # noqa: B023
            return np.asarray(top + (foot - top) * y)

        core = [at(end, UP), at(1 - end, UP), at(1 - end, 1 - UP), at(end, 1 - UP)]
        for layer, polygon in zip(made, (corners, np.array(core)), strict=True):
            points = np.round(polygon / PIXEL * 16).astype(np.int32)
            cv2.fillConvexPoly(layer, points, 255, cv2.LINE_AA, 4)
    return made
