"""What ink says: one digit, the rows in it, a line of a page; and the status of an answer."""

import math
from dataclasses import dataclass, field, replace

import numpy as np

from digits.classifier import Classifier
from digits.reading import judge
from digits.reading.answer import Answer, Digit, Row
from digits.reading.budget import Budget
from digits.reading.formats import Anything, Format
from digits.reading.rows import looks_at, read_row, row_model
from digits.reading.scores import score
from digits.row_image import row_image
from digits.spec import CLASSES
from digits.tile import Box, frame
from digits.vision.components import (
    Component,
    cut_out,
    enclosing,
    of_one_digit,
    stands_alone,
    without_underline,
)
from digits.vision.ink import Ink, find, polarities
from digits.vision.lines import Line
from digits.vision.rows import RowInk, find_rows
from digits.vision.ruled_lines import without_rules
from digits.vision.warnings import warnings


@dataclass(frozen=True)
class Limits:
    """How rows are looked at."""

    most_words: int = 12  # of a row that are looked at one by one
    # Columns of paper left and right of a row ROW_HEIGHT high: ink that a crop's border cuts is
    # a neighbour's to the row model, which left out first and last digits.
    room_px: int = 20


LIMITS = Limits()


@dataclass(frozen=True)
class Recognizer:
    """Says what ink in a grey picture (H, W) uint8 is, as long as its budget lasts.

    `kind` is auto, digit, or number; `wanted` is the format of a number, None takes any.
    """

    classifier: Classifier
    kind: str
    wanted: Format | None
    grey: np.ndarray = field(repr=False)
    budget: Budget

    def one_digit(self, ink: Ink) -> list[Row]:
        """The picture as one digit, if there is ink in it; underlined, if that is likelier."""
        chosen = of_one_digit(ink)
        if not chosen:
            return []
        whole = self._digit_of(ink, chosen)
        plain = without_underline(chosen)
        if plain is chosen or self.status([whole]) == "read":
            return [whole]
        return [max(whole, self._digit_of(ink, plain), key=lambda row: row.support)]

    def digit(self, tile: np.ndarray, box: Box) -> Row:
        """What a tile says if it is one digit."""
        ranking = score(self.classifier, tile[None, None]).ranking(0)
        label, probability = ranking[0]
        digit = Digit(label, probability, box, ranking, tile)
        return Row(label, probability, box, ranking, [digit], probability, alone=True)

    def rows(self, ink: Ink) -> tuple[list[Row], bool]:
        """The rows that are numbers, and whether other ones or words were left out as text."""
        if self.kind == "digit":
            return self.one_digit(ink), False
        one = self.one_digit(ink) if self.kind == "auto" else []
        alone = bool(one) and stands_alone(ink)
        if alone and self.status(one) == "read":
            return one, False
        rows = find_rows(without_rules(ink))
        found = [row.with_room(LIMITS.room_px) for row in rows if not row.is_crowded()]
        numbers = [self._without_text(row) for row in found]
        looked = [(row, self._looks(row, ink)) for row in numbers]
        many = [row for row in (self.row(*pair) for pair in looked) if row]
        count = len(many) + len(rows) - len(found)
        many = judge.numbers(many)
        left_out = len(many) < count or any(a is not b for a, b in zip(found, numbers, strict=True))
        chosen = judge.one_or_many(one, many, alone)
        return chosen, left_out and chosen is not one

    def row(self, row: RowInk, looks: list[np.ndarray]) -> Row | None:
        """What a row says; None if nothing in it is a digit, or time is over."""
        if not self.budget.left():
            return None
        read = read_row(row.level, looks, self.classifier, self.wanted or Anything())
        digits = []
        for character in read.characters:
            if character.label in CLASSES:
                x, y, width, height = box = character.part.box
                there = row.box_in_picture(row.level[y : y + height, x : x + width], box)
                ranking = character.ranking
                probability = dict(ranking)[character.label]
                digits.append(
                    Digit(character.label, probability, there, ranking, character.part.tile)
                )
        if not digits:
            return None
        if len(read.text) == 1:  # a digit by itself is what the classifier knows best
            (part,) = (character.part for character in read.characters)
            one = self.digit(part.tile, digits[0].box)
            if one.text == read.text:
                return replace(one, support=math.sqrt(one.support * read.support))
        _, probability = read.ranking[0]
        around = enclosing([digit.box for digit in digits])
        return Row(read.text, probability, around, read.ranking, digits, read.support)

    def line(self, line: Line) -> Row | None:
        """What stands in a line; None where it is no number, or time is over."""
        row = line.row()
        under = row.of_picture(self.grey)
        inverted = polarities(under)[0]
        ink = find(under, inverted)
        if ink is None:
            return None
        return self.row(replace(row, level=ink.level), looks_at(under, inverted))

    def status(self, rows: list[Row]) -> str:
        """The status of an answer that is these rows."""
        expected = self.kind == "digit" or self.wanted is not None
        model = self.classifier if all(row.alone for row in rows) else row_model()
        return judge.status(rows, model, expected)

    def concluded(self, rows: list[Row], ink: Ink, words: list[str], seen_as: str) -> Answer:
        """The answer that rows make: its status, and warnings of the ink before these `words`."""
        status, probability = self.status(rows), judge.probability(rows)
        height = max((digit.box[3] for row in rows for digit in row.digits), default=0)
        words = warnings(ink, height) + words
        if status == "no_digit":
            return Answer("", status, "", probability, [], words, seen_as=seen_as)
        text = "\n".join(row.text for row in rows)
        return Answer("", status, text, probability, rows, words, seen_as=seen_as)

    def _digit_of(self, ink: Ink, chosen: list[Component]) -> Row:
        level, box = cut_out(ink, chosen)
        return self.digit(frame(level), box)

    def _looks(self, row: RowInk, ink: Ink) -> list[np.ndarray]:
        """A row's images: its ink alone, and the picture under it. The sides of form boxes between
        digits look like digits there, so that the ink of forms is looked at alone."""
        if ink.in_forms:
            return looks_at(row.level, inverted=True)
        alone = row_image(row.level, inverted=True)
        return [alone, row_image(row.of_picture(self.grey), ink.inverted)]

    def _without_text(self, row: RowInk) -> RowInk:
        """A row less its words that are plainly no numbers, if another of its words is one."""
        words = row.words(LIMITS.most_words)
        if len(words) < 2 or not self.budget.left():
            return row
        looks = [[row_image(word.level, inverted=True)] for word in words]
        read = [
            read_row(word.level, look, self.classifier, Anything())
            for word, look in zip(words, looks, strict=True)
        ]
        plain = judge.words_of_text([(word.text, word.support) for word in read])
        if not any(plain):
            return row
        kept = [word.level for word, is_text in zip(words, plain, strict=True) if not is_text]
        return replace(row, level=np.max(kept, axis=0))
