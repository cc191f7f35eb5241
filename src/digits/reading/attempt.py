"""What a picture may be, tried in order: a tile, a tight digit, a row, a page of lines, a digit."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from digits.finder import checked, find_lines, may_be_a_number
from digits.reading import judge, opinions
from digits.reading.answer import Answer, Row
from digits.reading.beside import are_several, has_more, has_print, may_be_several
from digits.reading.page_of_lines import TEXT_LEFT_OUT, PageOfLines
from digits.reading.recognizer import Recognizer
from digits.reading.rows import looks_at
from digits.reading.turned import UPSIDE_DOWN, read_turned
from digits.spec import NONE
from digits.vision import rows
from digits.vision.components import is_crossed, is_one_digit, stands_alone
from digits.vision.ink import (
    EVEN,
    Ink,
    fills,
    find,
    is_tight,
    is_wide,
    polarities,
    seen_first,
)
from digits.vision.lines import Line
from digits.vision.rows import RowInk, ink_alone

CROSSED = "a 0 with something in it, or another digit in a ring"
# Why an answer is in doubt, however likely it is.
A_PIECE = "a piece of the row that the whole picture may be"
NO_ROW_FOUND = "all ink of the picture as one row, where the finder sees none"
MAY_BE_PRINT = "it may be print, in whole or at one end"
NOT_ALIKE = "the row model takes it for something else"
NOT_ALONE = "other ink is beside the digit, or around it"
NOTHING = Answer("", "no_digit", why=judge.NOTHING)


@dataclass(frozen=True)
class Limits:
    """What is tried on a picture.

    To measure: `benchmarks/sweep.py reading.attempt.NAME VALUES`.
    """

    most_crop_height_px: int = 400  # of a crop of one row: what is higher is a page
    most_crop_aspect: float = 16.0  # width by height of a crop of one row
    # Of a strip, which is as long as a line and has no digit in it: those of screens are 5 high.
    # Without it a line of 6,000 dots, one pixel high, took 16 s.
    most_strip_px: int = 4


LIMITS = Limits()


@dataclass(frozen=True)
class Attempt:
    """An attempt at the picture that a recognizer looks at."""

    recognizer: Recognizer

    @property
    def grey(self) -> np.ndarray:
        """The picture (H, W) uint8."""
        return self.recognizer.grey

    def answer(self) -> Answer:
        """What the picture says; if that is in doubt and it says more turned, that."""
        if self._is_a_strip:
            return NOTHING
        answer = self._upright()
        if answer.status == "read" or not self._may_be_turned(answer):
            return answer
        turned = self._turned_upside_down() if self._crop else self._turned()
        return max(answer, turned or answer, key=lambda one: judge.worth(one.rows))

    def _upright(self) -> Answer:
        """The first answer that is plain; else the one that says most.

        A tile in MNIST's frame is one digit: who made it has cut it out. What stands alone and is
        `read` as one digit is one: so it was on 236 of 236 made-up crops and rows of validation
        digits.
        """
        expects_number = self.recognizer.kind == "number"
        if not expects_number:
            cut_out = self.of_tile() or (self.of_tight_digit() if is_tight(self.grey) else None)
            if cut_out:
                return cut_out
        if self._is_one:  # before the row models: they take four times as long
            return self.digit
        crop = self._crop
        if crop and crop.status == "read":
            return crop
        page = self.of_page()
        if page and crop and judge.value(crop) > judge.value(page):
            page = judge.doubted(page, A_PIECE)
        if page and (page.status == "read" or judge.is_a_page(page.rows, len(self._lines))):
            return page
        best = page or (NOTHING if expects_number else self.digit)
        row = crop
        if not self._may_be_a_row and (all_of_it := self.of_row()):
            row = judge.doubted(all_of_it, NO_ROW_FOUND)
        if row and row.rows and not page and not self._stands_alone:
            return row  # from grey: on patterned paper the ink of a digit is cut out of the pattern
        return max(best, row or NOTHING, key=judge.value)

    def of_tile(self) -> Answer | None:
        """The answer to a tile in MNIST's frame; None where the picture is none."""
        (answer,) = self.recognizer.tiles([self.grey])
        return answer

    def of_tight_digit(self) -> Answer | None:
        """The answer to one digit without paper around it; None where there is no plain one."""
        answers = []
        for inverted in polarities(self.grey):
            seen = find(self.grey, inverted, EVEN) if self.recognizer.budget.left() else None
            if seen and is_one_digit(seen):
                row = self.recognizer.one_digit(seen)
                if fills(row.box, self.grey):
                    answers.append(self.recognizer.concluded([row], seen, [], "digit"))
        plain = (one for one in answers if one.status == "read" and self._is_alike(one.rows[0]))
        return max(plain, key=judge.value, default=None)

    def of_row(self) -> Answer | None:
        """The answer to the picture as one row: the crop of one, or all of its ink; None where
        nothing is in it, or several numbers are."""
        answers = []
        for inverted in polarities(self.grey):
            seen = find(self.grey, inverted) if self.recognizer.budget.left() else None
            if seen is None or (may_be_several(seen) and self._are_several):
                continue
            row = None
            if self._may_be_a_crop:
                crop = RowInk(seen.level, np.eye(2, 3))
                row = self.recognizer.row(crop, looks_at(self.grey, inverted))
            row = self.recognizer.surer(row, ink_alone(seen))
            if row:
                words = [TEXT_LEFT_OUT] * has_more(seen, [row])
                answer = self.recognizer.concluded([row], seen, words, "row")
                is_read = answer.status == "read"
                if is_read and self.recognizer.budget.left() and has_print(row, self.grey):
                    is_read, answer = False, judge.doubted(answer, MAY_BE_PRINT)
                answers.append(answer)
                if is_read:
                    break
        return max(answers, key=judge.value, default=None)

    def of_page(self, plainly: bool = False) -> Answer | None:
        """The answer to the lines that the finder sees; None where it sees no number, or, if it is
        to be `plainly` seen, as soon as one of them is in doubt."""
        if not self.recognizer.budget.left():
            return None
        return PageOfLines(self.recognizer, self._lines).answer(plainly)

    @cached_property
    def digit(self) -> Answer:
        """The answer to the picture as one digit. With other ink beside the digit, none expected,
        or a stroke within a 0, it is `unsure`."""
        ink = self._ink
        if ink is None or not self.recognizer.budget.left():
            return NOTHING
        row = self.recognizer.one_digit(ink)
        is_all = self.recognizer.kind == "digit" or self._stands_alone
        crossed = row.text == "0" and is_crossed(row.digits[0].tile)
        words = [TEXT_LEFT_OUT] * (not is_all) + [CROSSED] * crossed
        answer = self.recognizer.concluded([row], ink, words, "digit")
        doubts = [NOT_ALONE] * (not is_all) + [CROSSED] * crossed
        if answer.status == "read" and not doubts:
            doubts = [NOT_ALIKE] * (not self._is_alike(row))
        return judge.doubted(answer, doubts[0]) if doubts else answer

    def _is_alike(self, row: Row) -> bool:
        """Whether a digit alone is one to our row model as well, or known to be one. It is asked
        beside a classifier that has not learned what is none."""
        if self.recognizer.kind == "digit" or NONE in self.recognizer.classifier.classes:
            return True
        return opinions.likeness(row.digits[0].tile, row.text) >= judge.LIMITS.likeness

    def _may_be_turned(self, answer: Answer) -> bool:
        """Whether a picture with this answer may lie on a side, or upside down. A tile does not, a
        crop that says few digits is not asked, as it would say few turned as well, and a page of
        lines lies as it is, but for one of single digits."""
        if answer.seen_as == "tile" or self._is_one:
            return False
        if self._crop and 0 < judge.digits_of(answer) < judge.LIMITS.turned_digits:
            return False
        if not self.recognizer.budget.left():
            return False
        is_a_page = judge.is_a_page(answer.rows, len(self._lines))
        if is_a_page and not judge.is_of_single_digits(answer.rows):
            return False
        return self._ink is not None

    def _turned(self) -> Answer | None:
        """The answer to the lines of the picture turned; None where no turn makes them plain."""
        return read_turned(self.grey, lambda grey: self._of(grey).of_page(plainly=True))

    def _turned_upside_down(self) -> Answer | None:
        """The answer to the crop of a row upside down; None where that is not plain. Of 600 crops
        and whole numbers by held-out writers that were upside down 88 were turned, 87 of them
        rightly; of the same upright none."""

        def read(grey: np.ndarray) -> Answer | None:
            row = self._of(grey).of_row()
            return row if row and row.status == "read" else None

        return read_turned(self.grey, read, [UPSIDE_DOWN])

    def _of(self, grey: np.ndarray) -> "Attempt":
        """An attempt at another picture (H, W) uint8, in the same time."""
        return Attempt(replace(self.recognizer, grey=grey))

    @cached_property
    def _crop(self) -> Answer | None:
        """The answer to the whole picture as the crop of one row, if it may be one."""
        return self.of_row() if self._may_be_a_row else None

    @cached_property
    def _lines(self) -> list[Line]:
        """What the finder sees."""
        return find_lines(self.grey)

    @cached_property
    def _ink(self) -> Ink | None:
        """The ink; None where there is none."""
        return seen_first(self.grey)

    @property
    def _is_a_strip(self) -> bool:
        """Whether the picture is too thin for a digit."""
        thin, long = sorted(self.grey.shape)
        return thin <= LIMITS.most_strip_px and long >= rows.LIMITS.most_aspect * thin

    @property
    def _may_be_a_crop(self) -> bool:
        """Whether the whole picture may be cut out of one, with nothing but a row in it."""
        height, width = self.grey.shape
        return (
            self.recognizer.kind != "digit"
            and height <= LIMITS.most_crop_height_px
            and width < LIMITS.most_crop_aspect * height
        )

    @property
    def _may_be_a_row(self) -> bool:
        """Whether it has the shape of a row as well, or is told to be one."""
        wide = is_wide(self.grey) or self.recognizer.kind == "number"
        return wide and self._may_be_a_crop

    @cached_property
    def _stands_alone(self) -> bool:
        """Whether the ink is drawn as one digit is, and nothing is beside it."""
        ink = self._ink
        if ink is None or not stands_alone(ink):
            return False
        return not (may_be_several(ink) and self._are_several)

    @cached_property
    def _are_several(self) -> bool:
        """Whether the picture holds several numbers to the finder and, while there is time, to the
        line model."""
        likely = (
            line.box
            for line in self._lines
            if self.recognizer.budget.left() and may_be_a_number(checked(line, self.grey))
        )
        return are_several(list(likely), self.grey.shape)

    @cached_property
    def _is_one(self) -> bool:
        """Whether the picture is one digit: one is expected, or it stands alone and reads as one,
        if with a stroke in it, or as another thing to the row model."""
        if self.recognizer.kind != "auto":
            return self.recognizer.kind == "digit"
        if not self._stands_alone:
            return False
        return self.digit.status == "read" or self.digit.why in (CROSSED, NOT_ALIKE)
