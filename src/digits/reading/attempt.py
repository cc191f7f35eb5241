"""What a picture may be, tried in order: a tile, a digit, a row, a page of lines, ink by rules."""

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

import cv2
import numpy as np

from digits.reading import judge
from digits.reading.answer import Answer
from digits.reading.beside import has_a_digit_more, has_more, has_rows
from digits.reading.finder import find_lines
from digits.reading.recognizer import Recognizer
from digits.reading.rows import looks_at
from digits.reading.turned import read_turned
from digits.tile import as_tile
from digits.vision.components import components, is_one_digit, stands_alone
from digits.vision.forms import in_forms
from digits.vision.ink import EVEN, Ink, find, is_tight, is_wide, polarities, variants
from digits.vision.lines import Line
from digits.vision.rows import RowInk
from digits.vision.sheet import on_a_sheet

FORMS = "form boxes or rings: only what stands in them is read"
LEFT_OUT = "rows that look like numbers and could not be read: {}"
TEXT_LEFT_OUT = "something that looks like text is left out"
AS_IT_LIES = np.eye(2, 3)


@dataclass(frozen=True)
class Limits:
    """What is tried on a picture."""

    most_parts: int = 150  # of ink: more are a texture, or a page of numbers, and come last
    most_crop_height_px: int = 400  # of a crop of one row: what is higher is a page
    most_crop_aspect: float = 16.0  # width by height of a crop of one row


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
        """The first answer that is plain; else the one that says most, or is supported best.

        A tile in MNIST's frame is one digit: who made it has cut it out.
        """
        if self.recognizer.kind != "number":
            cut_out = self.of_tile() or (self.of_tight_digit() if is_tight(self.grey) else None)
            if cut_out:
                return cut_out
        row = self.of_row() if self._may_be_a_row else None
        if row and row.status == "read":
            return row
        page = self.of_page() if self._may_be_many else None
        if page and (page.status == "read" or judge.is_a_page(page.rows, len(self._lines))):
            return self._or_turned(page) if judge.is_of_single_digits(page.rows) else page
        best = self.of_ink(crowded_last=page is None)
        if page and judge.is_clearly_more(page.rows, best.rows):
            best = page
        if row and row.probability > best.probability:
            best = row
        return self._or_turned(best) if self._may_be_many else best

    def of_tile(self) -> Answer | None:
        """The answer to a tile in MNIST's frame; None where the picture is none."""
        tile = as_tile(self.grey)
        if tile is None:
            return None
        seen = Ink(tile, tile > 127, 1.0, inverted=tile is self.grey)
        x, y, width, height = cv2.boundingRect(tile)
        rows = [self.recognizer.digit(tile, (x, y, width, height))]
        return replace(self.recognizer, kind="digit").concluded(rows, seen, [], "tile")

    def of_tight_digit(self) -> Answer | None:
        """The answer to one digit without paper around it; None where there is no plain one."""
        answers = []
        for inverted in polarities(self.grey):
            seen = find(self.grey, inverted, EVEN)
            rows = self.recognizer.one_digit(seen) if seen and is_one_digit(seen) else []
            if seen and self.recognizer.status(rows) == "read":
                answers.append(self.recognizer.concluded(rows, seen, [], "digit"))
        return max(answers, key=_support_of, default=None)

    def of_row(self) -> Answer | None:
        """The answer to the whole picture as the crop of one row; None where nothing is in it."""
        answers = []
        for inverted in polarities(self.grey):
            seen = find(self.grey, inverted)
            if seen is None or in_forms(seen).in_forms:
                continue
            row = self.recognizer.row(RowInk(seen.level, AS_IT_LIES), looks_at(self.grey, inverted))
            if row and not has_rows(seen):
                words = [TEXT_LEFT_OUT] * has_more(seen, [row])
                answers.append(self.recognizer.concluded([row], seen, words, "row"))
        return max(answers, key=_support_of, default=None)

    def of_page(self) -> Answer | None:
        """The answer to the lines that the finder sees; None where it sees no number."""
        if self._first_seen is None:
            return None
        read = [self.recognizer.line(line) for line in self._lines]
        rows = judge.written_once([row for row in read if row])
        numbers = judge.likely_lines(rows)
        single = sum(len(row.text) for row in numbers) < 2
        if not numbers or (single and stands_alone(self._first_seen)):
            return None
        kept = [any(row is number for number in numbers) for row in read]
        pairs = list(zip(self._lines, kept, strict=True))
        lost = sum(judge.is_missed(line, numbers) for line, is_kept in pairs if not is_kept)
        words = [LEFT_OUT.format(lost)] * (lost > 0)
        words += [TEXT_LEFT_OUT] * has_more(self._first_seen, numbers)
        answer = self.recognizer.concluded(numbers, self._first_seen, words, "page")
        in_doubt = lost > 0 or has_a_digit_more(self._first_seen, numbers)
        in_doubt |= not all(judge.is_plain(line) for line, is_kept in pairs if is_kept)
        return replace(answer, status="unsure") if in_doubt and answer.status == "read" else answer

    def of_ink(self, crowded_last: bool) -> Answer:
        """The answer to the ink, grouped by rules. Where polarity or light are in doubt, other ways
        to see it are tried until one is well supported; else the best supported one is given.

        What looks like a texture is left out, or tried last, once.
        """
        best, crowded = Answer("", "no_digit"), None
        for seen in chain(on_a_sheet(self.grey), variants(self.grey)):
            if len(components(seen.mask)) > LIMITS.most_parts:
                crowded = crowded or seen
                continue
            if not self.recognizer.budget.left():
                break
            best = max(best, self._of_ink(seen), key=_support_of)
            if judge.is_likely(best.rows):
                break
        wanted = crowded_last and not judge.is_likely(best.rows)
        if crowded and wanted and self.recognizer.budget.left():
            best = max(best, self._of_ink(crowded), key=_support_of)
        return best

    def _of_ink(self, seen: Ink) -> Answer:
        """The answer to ink: as what stands in form boxes, unless it is likelier otherwise."""
        ink = in_forms(seen)
        rows, left_out = self.recognizer.rows(ink)
        other = ink
        if ink is seen and self.recognizer.status(rows) != "read" and self.recognizer.budget.left():
            other = in_forms(seen, attached=True)
        elif not judge.is_likely(rows) and self.recognizer.budget.left():
            other = seen
        if other is not ink:
            others, text = self.recognizer.rows(other)
            if judge.better(rows, others, attached=other is not seen):
                ink, rows, left_out = other, others, text
        words = [FORMS] * (ink is not seen) + [TEXT_LEFT_OUT] * left_out
        return self.recognizer.concluded(rows, ink, words, "ink")

    def _or_turned(self, answer: Answer) -> Answer:
        """An answer that is in doubt, or that to the picture turned, if it is worth more."""
        if answer.status == "read" or not self.recognizer.budget.left():
            return answer
        turned = read_turned(self.grey, lambda grey: self._of(grey).of_page())
        return max(answer, turned or answer, key=lambda one: judge.worth(one.rows))

    def _of(self, grey: np.ndarray) -> "Attempt":
        """An attempt at another picture (H, W) uint8, within the same budget."""
        return Attempt(replace(self.recognizer, grey=grey))

    @cached_property
    def _lines(self) -> list[Line]:
        """What the finder sees."""
        return find_lines(self.grey)

    @cached_property
    def _first_seen(self) -> Ink | None:
        """The ink, seen in the likeliest way; None where there is none."""
        return next(variants(self.grey), None)

    @property
    def _may_be_a_row(self) -> bool:
        """Whether the whole picture may be the crop of one row."""
        height, width = self.grey.shape
        wide = is_wide(self.grey) or self.recognizer.kind == "number"
        return (
            self.recognizer.kind != "digit"
            and wide
            and height <= LIMITS.most_crop_height_px
            and width < LIMITS.most_crop_aspect * height
        )

    @cached_property
    def _may_be_many(self) -> bool:
        """Whether there may be more than one digit: what stands alone, is drawn like one and reads
        as one is one. The walls of a table stand alone too, and are an 8 to the classifier."""
        seen = self._first_seen
        if seen is None or self.recognizer.kind == "digit":
            return False
        if self.recognizer.kind != "auto" or not (stands_alone(seen) and is_one_digit(seen)):
            return True
        return not judge.is_one(self.recognizer.one_digit(seen))


def _support_of(answer: Answer) -> float:
    return judge.support(answer.rows)
