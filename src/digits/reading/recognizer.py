"""What ink says: one digit, tiles, a row, a line of a page; and the status of an answer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from digits.classifier import Classifier
from digits.reading import judge, row_models
from digits.reading.answer import Answer, Digit, Row
from digits.reading.budget import Budget
from digits.reading.formats import ANYTHING, Format
from digits.reading.rows import looks_at, read_row
from digits.reading.scores import score
from digits.row_image import row_image
from digits.tile import Box, as_tile, frame
from digits.vision.components import (
    cut_out,
    enclosing,
    of_one_digit,
    without_underline,
)
from digits.vision.ink import Ink, find, is_inverted
from digits.vision.lines import Line
from digits.vision.parts import Component
from digits.vision.rows import RowInk
from digits.vision.warnings import of_tiles, warnings

SIGNS_LEFT_OUT = "signs are left out ({}): to read them, expect decimal, date, time or phone"


@dataclass(frozen=True)
class Recognizer:
    """Says what ink in a grey picture (H, W) uint8 is, as long as its budget lasts.

    `kind` is auto, digit, or number; `wanted` is the format of a number, None takes any; `allowed`
    are the labels that one character may have, None allows all.
    """

    classifier: Classifier
    kind: str
    wanted: Format | None
    grey: np.ndarray = field(repr=False)
    budget: Budget
    allowed: frozenset[str] | None = None

    def one_digit(self, ink: Ink) -> Row:
        """The picture as one digit; underlined, if that is likelier."""
        chosen = of_one_digit(ink)
        whole = self._digit_of(ink, chosen)
        plain = without_underline(chosen)
        if plain is chosen or self.is_read([whole]):
            return whole
        return max(whole, self._digit_of(ink, plain), key=lambda row: row.support)

    def digit(self, tile: np.ndarray, box: Box) -> Row:
        """What a tile (H, W) or (H, W, 3) says if it is one digit."""
        (row,) = self.digits([tile], [box])
        return row

    def digits(self, tiles: Sequence[np.ndarray], boxes: Sequence[Box]) -> list[Row]:
        """What each tile, (H, W) or (H, W, 3), says if it is one digit; a row for each."""
        channels = [tile[None] if tile.ndim == 2 else tile.transpose(2, 0, 1) for tile in tiles]
        scores = score(self.classifier, np.stack(channels))
        rankings = scores.rankings(self.allowed)
        # what is expected makes no ink fit better
        supports = scores.support([ranking[0][0] for ranking in rankings])
        return [
            Row(*ranking[0], box, ranking, [Digit(*ranking[0], box, ranking, tile)], support, True)
            for tile, box, ranking, support in zip(tiles, boxes, rankings, supports, strict=True)
        ]

    def tiles(self, greys: Sequence[np.ndarray]) -> list[Answer | None]:
        """The answers to pictures (H, W) uint8 that are tiles in MNIST's frame, each a digit as who
        made it has cut it out; None to those that are none. As one batch, which costs the model and
        NumPy less than tile after tile: 100,000 files take half as long."""
        framed = {k: tile for k, grey in enumerate(greys) if (tile := as_tile(grey)) is not None}
        if not framed:
            return [None] * len(greys)
        alone, tiles = replace(self, kind="digit"), list(framed.values())
        boxes = [(x, y, w, h) for x, y, w, h in map(cv2.boundingRect, tiles)]
        rows = alone.digits(tiles, boxes)
        bright = [tile is greys[k] for k, tile in framed.items()]
        words = of_tiles(np.stack(tiles), [height for *_, height in boxes], bright)
        answers = {
            k: alone.answered([row], said, "tile")
            for k, row, said in zip(framed, rows, words, strict=True)
        }
        return [answers.get(k) for k in range(len(greys))]

    def row(self, row: RowInk, looks: Iterable[np.ndarray]) -> Row | None:
        """What a row says; None if nothing in it is a digit, or time is over."""
        if not self.budget.left():
            return None
        read = read_row(
            row.level, looks, self.classifier, self.wanted or ANYTHING, self.budget.left
        )
        digits = [replace(one, box=row.box_in_picture(one.box)) for one in read.digits]
        if not digits:
            return None
        around = enclosing([digit.box for digit in digits])
        row_read = Row(
            *read.ranking[0], around, read.ranking, digits, read.support, signs=read.signs
        )
        # A digit by itself is what the classifier knows best.
        if len(read.text) == 1 and self.budget.left():
            one = self.digit(digits[0].tile, digits[0].box)
            if one.text == read.text:
                return judge.seen_twice(one, row_read, row_models.judging())
        return row_read

    def line(self, line: Line) -> tuple[Row | None, bool]:
        """What stands in a line, None where it is no number; and whether anything may stand there:
        there is ink, or time is over. What is in doubt, and much lower than the line, is looked at
        more closely, and that counts if it is likelier."""
        row, has_ink = self._line(line)
        if row and not self.is_read([row], expected=True):
            closer = line.closer([digit.box for digit in row.digits])
            again, has_ink_again = self._line(closer) if closer else (None, True)
            if again and again.probability > row.probability:
                return judge.likelier(row, again), has_ink_again
        return row, has_ink

    def _line(self, line: Line) -> tuple[Row | None, bool]:
        if not self.budget.left():
            return None, True
        under = line.under(self.grey)
        inverted = is_inverted(under)
        ink = find(under, inverted)
        if ink is None:
            return None, False
        row = replace(line.row(), level=line.alone(ink))
        return self.row(row, looks_at(under, inverted)), bool(row.level.any())

    def surer(self, row: Row | None, ink: RowInk | None) -> Row | None:
        """What a crop says; if that is not `read`, what its ink says by itself at one look, if it
        is likelier. It is less likely by the share of the row's characters that it leaves out."""
        if not ink or (row and self.is_read([row])):
            return row
        alone = self.row(ink, [row_image(ink.level, inverted=True)])
        if not row or not alone:
            return row or alone
        share = min(1.0, len(alone.text) / len(row.text))
        return judge.likelier(row, alone.as_likely_as(share * alone.probability))

    def is_read(self, rows: list[Row], expected: bool = False) -> bool:
        """Whether an answer that is these rows is `read`, where digits are `expected` or asked
        for."""
        return self._verdict(rows, expected)[0] == "read"

    def concluded(self, rows: list[Row], ink: Ink, words: list[str], seen_as: str) -> Answer:
        """The answer that rows make: its status, and warnings of the ink before these `words`."""
        height = max((digit.box[3] for row in rows for digit in row.digits), default=0)
        return self.answered(rows, warnings(ink, height) + words, seen_as)

    def answered(self, rows: list[Row], words: list[str], seen_as: str) -> Answer:
        """The answer that rows make, with these warnings. The finder's lines of a page are where
        numbers are expected."""
        expected = seen_as == "page"
        status, why = self._verdict(rows, expected)
        kept = []
        if status != "no_digit":
            kept = [
                replace(row, status="read" if self.is_read([row], expected) else "unsure")
                for row in rows
            ]
        if self.kind == "auto" and (signs := {sign for row in kept for sign in row.signs}):
            words = [*words, SIGNS_LEFT_OUT.format(" ".join(sorted(signs)))]
        text, likely = "\n".join(row.text for row in kept), judge.probability(rows)
        return Answer("", status, text, likely, kept, words, seen_as=seen_as, why=why)

    def _verdict(self, rows: list[Row], expected: bool) -> tuple[str, str]:
        expected |= self.kind != "auto"
        model = self.classifier if all(row.alone for row in rows) else row_models.judging()
        return judge.verdict(rows, model, expected)

    def _digit_of(self, ink: Ink, chosen: list[Component]) -> Row:
        level, box = cut_out(ink, chosen)
        return self.digit(frame(level), box)
