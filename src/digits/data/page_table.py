"""A table on a made-up page: columns of numbers, words, ticks and codes by hand, or all printed."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from digits.data import page_things, row_ink, row_text
from digits.data.page_things import Sheet
from digits.data.row_ink import Sources

# The shares of a table's columns that hold something else by hand than numbers alone: codes are
# numbers with letters at their ends, notes are numbers with a word behind, sizes have two numbers.
OTHERS = {"words": 0.14, "ticks": 0.1, "codes": 0.08, "notes": 0.06, "sizes": 0.06}
FIRST = {"notes": 0.45, "sizes": 0.6}  # how much of a cell's width its first number has there
THIN = 0.6  # the share of tables all of whose lines are a pixel thick
UNEQUAL = 0.4  # how much a table's columns differ in width: the deviation of the logarithm
ALIKE = 0.5  # the share of a table's columns whose numbers are alike, as dates or codes are
SHORT = 0.35  # of these the share of numbers of one to three digits
BETWEEN = 0.07  # the share of a table's columns written between the rows of the others
IN_CORNERS = 0.1  # the share of tables with something printed in each cell's corner
LEAST = 7  # the least height of a number's ink in a table, in pixels
FULL = 0.55, (1.7, 4.5)  # the share of tables whose numbers fill their cells; how wide, in heights


@dataclass
class Cells:
    """What the cells of a table's column hold by hand: one of OTHERS, the same tick, numbers of the
    form of the one before, or any numbers."""

    kind: str = ""
    tick: str = ""
    alike: str = ""
    lower: float = 0.0  # so much of a row's height below the other columns

    @staticmethod
    def some(rng: Generator) -> "Cells":
        kinds, shares = zip(*OTHERS.items(), strict=True)
        kind = str(rng.choice(["", *kinds], p=[1 - sum(shares), *shares]))
        tick = page_things.TICKS[rng.integers(len(page_things.TICKS))]
        short = row_text.digits(int(rng.integers(1, 4)), rng)
        alike = ""
        if rng.random() <= ALIKE:
            alike = short if rng.random() < SHORT else row_text.text_of(rng)
        lower = 0.5 if rng.random() < BETWEEN else float(rng.normal(0, 0.1))
        return Cells(kind, tick, alike, lower)

    def fill(
        self, sheet: Sheet, source: Sources, box: page_things.Box, height: float, full: bool,
        rng: Generator,
    ) -> None:  # fmt: skip
        """The next cell, its digits about `height` pixels high, if they are not too low to be any;
        a number fits into it, if numbers are to be as wide as their cells or are all alike."""
        if height < LEAST:
            return
        x, y, wide, tall = box
        end = x + wide
        box = (x, y + self.lower * tall, wide, tall)
        if self.kind == "words":
            sheet.scrawl_in(source, box, rng, full)
            return
        if self.kind == "ticks":
            sheet.tick_in(source, self.tick, height, box, rng)
            return
        differ = 0.07 if source.style else 0.2
        height *= rng.uniform(1 - differ, 1 + differ)
        if self.alike:
            self.alike = row_text.like(self.alike, rng)
            number = row_ink.of(self.alike, source, height, rng)
        else:
            number = row_ink.number(source, height, rng)
        box = (x, box[1], FIRST.get(self.kind, 1) * wide, tall)
        if full or self.alike:
            number = number.no_larger_than(rng.uniform(0.8, 1) * box[2], 1.05 * box[3])
        high, wide = number.ink.shape
        fits = high > LEAST and wide < 1.1 * box[2] and not len(number.walls)
        if fits and sheet.write_in(number, box, rng):
            if self.kind == "codes":
                if sheet.lettered(source, sheet.rows[-1], rng):
                    del sheet.rows[-1], sheet.texts[-1]
            elif self.kind == "notes":
                sheet.noted(source, sheet.rows[-1], end, rng)
            elif self.kind == "sizes":
                sheet.times(source, sheet.rows[-1], rng)


def table(sheet: Sheet, source: Sources, rng: Generator, printed: bool = False) -> None:
    """Cells filled or empty between lines of every kind or none; all of them `printed`, or by
    hand."""
    across, down = int(rng.integers(1, 10)), int(rng.integers(2, 28))
    widths = np.exp(rng.normal(0, UNEQUAL, across)) * rng.uniform(0.5, 0.98) * sheet.side / across
    high = min(rng.uniform(0.3, 0.98) * sheet.side / down, 2.5 * widths.mean())
    share, narrow = FULL
    full = rng.random() < share
    if full:
        widths = np.minimum(widths, high * rng.uniform(*narrow))
    widths *= min(1, 0.98 * sheet.side / widths.sum())
    x0 = rng.uniform(0, sheet.side - widths.sum())
    y0 = rng.uniform(0, sheet.side - down * high)
    lefts, tops = x0 + np.cumsum([0, *widths]), y0 + high * np.arange(down + 1)
    filled, walls, lines = rng.uniform(0.15, 1), rng.random() < 0.8, rng.random() < 0.8
    thick = 1 if rng.random() < THIN else None
    for left in lefts if walls else []:
        sheet.rule((left, y0), (left, tops[-1]), rng, thick)
    for top in tops if lines else []:
        sheet.rule((x0, top), (lefts[-1], top), rng, thick)
    height = high * rng.uniform(0.55 if full else 0.35, 1.05 if rng.random() < 0.3 else 0.85)
    corners = rng.random() < IN_CORNERS
    labels, head = rng.random() < 0.4, rng.random() < 0.5
    cells = [Cells.some(rng) if across > 1 else Cells() for _ in range(across)]
    for row, top in enumerate(tops[:-1]):
        for column, (left, wide) in enumerate(zip(lefts, widths, strict=False)):
            box = (left, top, wide, high)
            if corners:
                sheet.print_at(left + 2, top + 1, 0.22 * high, rng, 1)
            has_label = (head and row == 0) or (labels and column == 0)
            if (has_label and not printed) or rng.random() < filled:
                if has_label or printed:
                    sheet.print_in(box, rng)
                else:
                    cells[column].fill(sheet, source, box, height, full, rng)
