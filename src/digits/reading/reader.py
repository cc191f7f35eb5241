"""Read a picture: ink, rows, tiles, classifier, answer."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import chain

import cv2
import numpy as np

from digits.classifier import Classifier
from digits.errors import DigitsError
from digits.reading import judge
from digits.reading.answer import Answer, Digit, Row, scaled
from digits.reading.beside import has_a_digit_more, has_more, has_rows
from digits.reading.budget import SPENT, Budget
from digits.reading.finder import find_lines
from digits.reading.formats import Anything, Format
from digits.reading.formats import parse as parse_format
from digits.reading.pages import read_pages
from digits.reading.rows import looks_at, read_row, row_model
from digits.reading.scores import score
from digits.reading.turned import read_turned
from digits.row_image import row_image
from digits.spec import CLASSES, INPUT_SHAPE
from digits.tile import Box, as_tile, frame
from digits.vision.components import (
    Component,
    components,
    cut_out,
    enclosing,
    is_one_digit,
    of_one_digit,
    stands_alone,
    without_underline,
)
from digits.vision.forms import in_forms
from digits.vision.ink import EVEN, Ink, find, is_tight, is_wide, polarities, variants
from digits.vision.lines import Line
from digits.vision.load import Picture
from digits.vision.rows import RowInk, find_rows
from digits.vision.ruled_lines import without_rules
from digits.vision.sheet import on_a_sheet
from digits.vision.warnings import warnings

FORMS = "form boxes or rings: only what stands in them is read"
LEFT_OUT = "rows that look like numbers and could not be read: {}"
TEXT_LEFT_OUT = "something that looks like text is left out"
AS_IT_LIES = np.eye(2, 3)


@dataclass(frozen=True)
class Limits:
    """What is seen of a picture, and when."""

    most_parts: int = 150  # of ink: more are a texture, or a page of numbers, and come last
    most_words: int = 12  # of a row that are looked at one by one
    # Columns of paper left and right of a row ROW_HEIGHT high: ink that a crop's border cuts is
    # a neighbour's to the row model, which left out first and last digits.
    room_px: int = 20
    most_crop_height_px: int = 400  # of a crop of one row: what is higher is a page
    most_crop_aspect: float = 16.0  # width by height of a crop of one row


LIMITS = Limits()


@dataclass(frozen=True)
class Reader:
    """A classifier and what is expected in the pictures; `Reader.expecting` makes one."""

    classifier: Classifier
    kind: str = "auto"  # auto, digit, or number
    wanted: Format | None = None  # of a number; None takes any
    budget: Budget = field(default_factory=Budget)  # of the picture that is being read
    grey: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.uint8))  # of it, (H, W)

    @staticmethod
    def expecting(classifier: Classifier, expect: str = "auto") -> "Reader":
        """A reader for `--expect`. With a model that does not know all digits, of letters for
        instance, a picture is of one character.

        Raises:
            DigitsError: it is not known, or its pattern or list is wrong, or not for this model.
        """
        whole = classifier.card.get("config", {}).get("frame") == "none"
        if whole or classifier.shape != INPUT_SHAPE:
            raise DigitsError(
                f"{classifier.name}: learned whole pictures, and reading shows it the ink in them; "
                "train it with --frame digit"
            )
        kind = expect if expect in ("auto", "digit") else "number"
        if not set(CLASSES) <= set(classifier.classes):
            if kind == "number":
                raise DigitsError(f"--expect {expect}: {classifier.name} does not know all digits")
            kind = "digit"
        return Reader(classifier, kind, parse_format(expect))

    def read_file(self, name: str, then: Callable[[Picture, Answer], None] | None = None) -> Answer:
        """The answer to the first page of a file; `read_pages` says more."""
        return read_pages(self, name, then)[0]

    def read(self, picture: Picture, image: str = "") -> Answer:
        """Read a picture, called `image` in the answer.

        Where polarity or light are in doubt, other ways to see the ink are tried until one is
        well supported; else the best supported answer is given. What looks like a texture is tried
        last, once. A tile in MNIST's frame is one digit: who made it has cut it out. When the time
        for one picture is over, what was found so far is `unsure`, and nothing an `error`.
        """
        reader = replace(self, budget=Budget(), grey=picture.grey)
        answer = reader._read(picture, image)
        return _in_part(answer) if reader.budget.spent else answer

    def _read(self, picture: Picture, image: str) -> Answer:
        tile = as_tile(picture.grey) if self.kind != "number" else None
        if tile is not None:
            ink = Ink(tile, tile > 127, 1.0, inverted=tile is picture.grey)
            x, y, width, height = cv2.boundingRect(tile)
            rows = [self._digit(tile, (x, y, width, height))]
            return replace(self, kind="digit")._concluded(rows, ink, [], image, "tile")
        if self.kind != "number" and is_tight(picture.grey):
            cropped = self._cropped(picture.grey, image)
            if cropped:
                return scaled(cropped, picture.scale)
        whole = self._whole(image) if self._may_be_a_row() else None
        if whole and whole.status == "read":
            return scaled(whole, picture.scale)
        first = next(variants(picture.grey), None)
        may_be_many = first is not None and self._may_be_many(first)
        found = self._found(first, image) if first and may_be_many else None
        if found and found.status == "read":
            return scaled(found, picture.scale)
        best, crowded = Answer(image, "no_digit"), None
        for ink in chain(on_a_sheet(picture.grey), variants(picture.grey)):
            if len(components(ink.mask)) > LIMITS.most_parts:
                crowded = crowded or ink
                continue
            if not self.budget.left():
                break
            best = max(best, self._answer(ink, image), key=_support_of)
            if judge.is_likely(best.rows):
                break
        if crowded and not found and not judge.is_likely(best.rows) and self.budget.left():
            best = max(best, self._answer(crowded, image), key=_support_of)
        if found and judge.is_clearly_more(found.rows, best.rows):
            best = found
        if whole and whole.probability > best.probability:
            best = whole
        if may_be_many and best.status != "read" and self.budget.left():
            turned = read_turned(self.grey, lambda grey: self._page(grey, image))
            best = max(best, turned or best, key=lambda answer: judge.worth(answer.rows))
        return scaled(best, picture.scale)

    def _may_be_a_row(self) -> bool:
        """Whether the whole picture may be the crop of one row."""
        height, width = self.grey.shape
        wide = is_wide(self.grey) or self.kind == "number"
        return (
            self.kind != "digit"
            and wide
            and height <= LIMITS.most_crop_height_px
            and width < LIMITS.most_crop_aspect * height
        )

    def _may_be_many(self, ink: Ink) -> bool:
        """Whether there may be more than one digit: what stands alone and looks like one is one."""
        if self.kind != "auto" or not stands_alone(ink):
            return self.kind != "digit"
        return not judge.is_one(self._one_digit(ink))

    def _whole(self, image: str) -> Answer | None:
        """The answer to the whole picture as the crop of one row; None where nothing is in it."""
        answers = []
        for inverted in polarities(self.grey):
            ink = find(self.grey, inverted)
            if ink is None or in_forms(ink).in_forms:
                continue
            row = self._row(RowInk(ink.level, AS_IT_LIES), looks_at(self.grey, inverted))
            if row and not has_rows(ink):
                words = [TEXT_LEFT_OUT] * has_more(ink, [row])
                answers.append(self._concluded([row], ink, words, image, "row"))
        return max(answers, key=_support_of, default=None)

    def _page(self, grey: np.ndarray, image: str) -> Answer | None:
        """The answer to the lines that the finder sees in a grey picture (H, W) uint8."""
        seen = next(variants(grey), None)
        return replace(self, grey=grey)._found(seen, image) if seen else None

    def _found(self, seen: Ink, image: str) -> Answer | None:
        """The answer to the lines that the finder sees; None where it sees no number."""
        rows, lost = [], 0
        for line in find_lines(self.grey):
            row = self._line(line)
            if row:
                rows.append(row)
            else:
                lost += 1
        rows = judge.written_once(rows)
        numbers = judge.numbers(rows)
        single = sum(len(row.text) for row in numbers) < 2
        if not numbers or (single and stands_alone(seen)):
            return None
        lost += len(rows) - len(numbers)
        words = [LEFT_OUT.format(lost)] * (lost > 0)
        words += [TEXT_LEFT_OUT] * has_more(seen, numbers)
        answer = self._concluded(numbers, seen, words, image, "page")
        in_doubt = lost > 0 or has_a_digit_more(seen, numbers)
        return replace(answer, status="unsure") if in_doubt and answer.status == "read" else answer

    def _line(self, line: Line) -> Row | None:
        """What stands in a line; None where it is no number, or time is over."""
        row = line.row()
        under = row.of_picture(self.grey)
        inverted = polarities(under)[0]
        ink = find(under, inverted)
        if ink is None:
            return None
        looks = [row_image(ink.level, inverted=True), row_image(under, inverted)]
        return self._row(replace(row, level=ink.level), looks)

    def _cropped(self, grey: np.ndarray, image: str) -> Answer | None:
        """The answer to one digit without paper around it; None where there is no plain one."""
        answers = []
        for inverted in polarities(grey):
            ink = find(grey, inverted, EVEN)
            rows = self._one_digit(ink) if ink and is_one_digit(ink) else []
            if ink and self._status(rows) == "read":
                answers.append(self._concluded(rows, ink, [], image, "digit"))
        return max(answers, key=_support_of, default=None)

    def _rows(self, ink: Ink) -> tuple[list[Row], bool]:
        """The rows that are numbers, and whether other ones or words were left out as text."""
        if self.kind == "digit":
            return self._one_digit(ink), False
        one = self._one_digit(ink) if self.kind == "auto" else []
        alone = bool(one) and stands_alone(ink)
        if alone and self._status(one) == "read":
            return one, False
        rows = find_rows(without_rules(ink))
        found = [row.with_room(LIMITS.room_px) for row in rows if not row.is_crowded()]
        numbers = [self._without_text(row) for row in found]
        looked = [(row, self._looks(row, ink)) for row in numbers]
        many = [row for row in (self._row(*pair) for pair in looked) if row]
        count = len(many) + len(rows) - len(found)
        many = judge.numbers(many)
        left_out = len(many) < count or any(a is not b for a, b in zip(found, numbers, strict=True))
        chosen = judge.one_or_many(one, many, alone)
        return chosen, left_out and chosen is not one

    def _one_digit(self, ink: Ink) -> list[Row]:
        """The picture as one digit, if there is ink in it; underlined, if that is likelier."""
        chosen = of_one_digit(ink)
        if not chosen:
            return []
        whole = self._digit_of(ink, chosen)
        plain = without_underline(chosen)
        if plain is chosen or self._status([whole]) == "read":
            return [whole]
        return [max(whole, self._digit_of(ink, plain), key=lambda row: row.support)]

    def _digit_of(self, ink: Ink, chosen: list[Component]) -> Row:
        level, box = cut_out(ink, chosen)
        return self._digit(frame(level), box)

    def _digit(self, tile: np.ndarray, box: Box) -> Row:
        """What a tile says if it is one digit."""
        ranking = score(self.classifier, tile[None, None]).ranking(0)
        label, probability = ranking[0]
        digit = Digit(label, probability, box, ranking, tile)
        return Row(label, probability, box, ranking, [digit], probability, alone=True)

    def _looks(self, row: RowInk, ink: Ink) -> list[np.ndarray]:
        """A row's images: its ink alone, and the picture under it. The sides of form boxes between
        digits look like digits there, so that the ink of forms is looked at alone."""
        if ink.in_forms:
            return looks_at(row.level, inverted=True)
        alone = row_image(row.level, inverted=True)
        return [alone, row_image(row.of_picture(self.grey), ink.inverted)]

    def _row(self, row: RowInk, looks: list[np.ndarray]) -> Row | None:
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
            one = self._digit(part.tile, digits[0].box)
            if one.text == read.text:
                return replace(one, support=math.sqrt(one.support * read.support))
        _, probability = read.ranking[0]
        around = _around(digits)
        return Row(read.text, probability, around, read.ranking, digits, read.support)

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

    def _status(self, rows: list[Row]) -> str:
        expected = self.kind == "digit" or self.wanted is not None
        model = self.classifier if all(row.alone for row in rows) else row_model()
        return judge.status(rows, model, expected)

    def _answer(self, seen: Ink, image: str) -> Answer:
        """The answer to ink: as what stands in form boxes, unless it is likelier otherwise."""
        ink = in_forms(seen)
        rows, left_out = self._rows(ink)
        other = ink
        if ink is seen and self._status(rows) != "read" and self.budget.left():
            other = in_forms(seen, attached=True)
        elif not judge.is_likely(rows) and self.budget.left():
            other = seen
        if other is not ink:
            others, text = self._rows(other)
            if judge.better(rows, others, attached=other is not seen):
                ink, rows, left_out = other, others, text
        words = [FORMS] * (ink is not seen) + [TEXT_LEFT_OUT] * left_out
        return self._concluded(rows, ink, words, image, "ink")

    def _concluded(
        self, rows: list[Row], ink: Ink, words: list[str], image: str, seen_as: str
    ) -> Answer:
        """The answer that rows make: its status, and warnings of the ink before these `words`."""
        status, probability = self._status(rows), judge.probability(rows)
        height = max((digit.box[3] for row in rows for digit in row.digits), default=0)
        words = warnings(ink, height) + words
        if status == "no_digit":
            return Answer(image, status, "", probability, [], words, seen_as=seen_as)
        text = "\n".join(row.text for row in rows)
        return Answer(image, status, text, probability, rows, words, seen_as=seen_as)


def _in_part(answer: Answer) -> Answer:
    """The answer to a picture that was not looked at to the end."""
    if answer.status == "no_digit":
        return replace(answer, status="error", error=f"{answer.image}: {SPENT}")
    return replace(answer, status="unsure", warnings=[*answer.warnings, SPENT])


def _around(digits: list[Digit]) -> Box:
    return enclosing([digit.box for digit in digits])


def _support_of(answer: Answer) -> float:
    return judge.support(answer.rows)
