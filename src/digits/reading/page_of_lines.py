"""A page: the lines that the finder sees, each read by itself, and what puts them in doubt."""

from collections.abc import Iterator
from dataclasses import dataclass

from digits.finder import are_plain, checked, may_be_a_number
from digits.reading import judge
from digits.reading.answer import Answer, Row
from digits.reading.beside import has_more
from digits.reading.recognizer import Recognizer
from digits.vision.ink import Ink, find, is_inverted, seen_first
from digits.vision.lines import Line
from digits.vision.walls import within_cells

LEFT_OUT = "rows that look like numbers and are left out: {}"
TEXT_LEFT_OUT = "something that looks like text is left out"
# Why a row is in doubt, however likely it is.
NOT_PLAIN = "it may be print, or a piece of a number"
STRETCHED = "the finder sees a part of it only"


@dataclass(frozen=True)
class Limits:
    """Of the lines of a page.

    To measure: `benchmarks/sweep.py reading.page_of_lines.NAME VALUES`.
    """

    # Of a line's height: so wide may strokes on its page be. Of 70 made-up pages without a number
    # the ink of the whole picture, in which a dark table hides the text, let 2 be `read`, this 1.
    stroke_of_line: float = 2.0
    # So many lines, the surest, are made so much longer at an end or both where nothing that is
    # expected stands in any. Of 120 made-up pages with a ZIP code by held-out writers among words
    # 84 were right and 30 had no answer; so 12 of these are right and 2 wrong.
    stretched_lines: int = 4
    stretched_by_height: float = 2.0


LIMITS = Limits()


@dataclass(frozen=True)
class Look:
    """A look at a line: what stands in it, None where that is no number, and whether anything may.
    A line may be made longer than the finder sees it."""

    line: Line
    row: Row | None
    has_ink: bool
    is_longer: bool = False


@dataclass(frozen=True)
class PageOfLines:
    """The lines that the finder sees in the picture that a recognizer looks at."""

    recognizer: Recognizer
    lines: list[Line]

    def answer(self, plainly: bool = False) -> Answer | None:
        """The answer to them; None where none is a number, or, if they are to be `plainly` seen, as
        soon as one of them is in doubt."""
        looks: dict[tuple[int, int], Look] = {}
        in_print: list[Line] = []
        for place, line in self._parted():
            if not may_be_a_number(line):
                in_print.append(line)
                continue
            row, has_ink = self.recognizer.line(line)
            if plainly and not (row and self.recognizer.is_read([row], expected=True)):
                return None
            looks[place] = Look(line, row, has_ink)
        in_order = [looks[place] for place in sorted(looks)]
        rows = [row for look in in_order if (row := look.row)]
        numbers = list(filter(judge.is_likely, judge.written_once(rows)))
        if not numbers and self.recognizer.wanted:
            in_order = self._stretched()
            numbers = [row for look in in_order if (row := look.row)]
        return self._concluded(in_order, numbers, in_print)

    def _concluded(
        self, looks: list[Look], numbers: list[Row], in_print: list[Line]
    ) -> Answer | None:
        """The answer that the numbers among the looks make, beside lines taken for print."""
        of_numbers = {id(row) for row in numbers}
        kept = [look for look in looks if id(look.row) in of_numbers]
        others = [look for look in looks if id(look.row) not in of_numbers]
        ink = self._ink_like(kept[0].line) if kept else None
        if ink is None:
            return None
        lost = self._left_out(others, numbers, in_print)
        left_out = [LEFT_OUT.format(lost)] * (lost > 0)
        words = left_out + [TEXT_LEFT_OUT] * has_more(ink, numbers)
        answer = self.recognizer.concluded(numbers, ink, words, "page")
        if left_out:  # the rows that were read are none the worse
            answer = judge.doubted(answer, left_out[0], [])
        if any(look.is_longer for look in kept):
            answer = judge.doubted(answer, STRETCHED)
        plain = are_plain([look.line for look in kept])
        unsure = [place for place, is_sure in enumerate(plain) if not is_sure]
        return judge.doubted(answer, NOT_PLAIN, unsure) if unsure else answer

    def _left_out(self, others: list[Look], numbers: list[Row], in_print: list[Line]) -> int:
        """How many lines beside the numbers may be some as well. Where all numbers are `read`,
        those are looked at that the line model takes for none."""
        lost = sum(look.has_ink and judge.is_missed(look.line, numbers) for look in others)
        if lost or not self.recognizer.is_read(numbers, expected=True):
            return lost
        missed = (line for line in in_print if judge.is_missed(line, numbers))
        rows = (self.recognizer.line(line)[0] for line in missed)
        return sum(row is not None and judge.is_likely(row) for row in rows)

    def _stretched(self) -> list[Look]:
        """The likeliest of the finder's surest lines made longer, in which it saw a part of what is
        expected; nothing where none is likely."""
        found = []
        surest = sorted(self.lines, key=lambda line: -line.probability)
        for line in surest[: LIMITS.stretched_lines]:
            more = LIMITS.stretched_by_height * line.height
            for before, behind in ((0, more), (more, 0), (more, more)):
                longer = line.between(-before, line.width + behind)
                row, has_ink = self.recognizer.line(longer)
                if row and judge.is_likely(row):
                    found.append((row.probability, Look(longer, row, has_ink, is_longer=True)))
        return [look for _, look in sorted(found, key=lambda one: -one[0])[:1]]

    def _parted(self) -> Iterator[tuple[tuple[int, int], Line]]:
        """The lines, parted at the walls of cells and checked by the line model, while there is
        time, and their places in reading order. The likeliest come first: there may be more than
        there is time for."""
        grey = self.recognizer.grey
        for k, line in sorted(enumerate(self.lines), key=lambda item: -item[1].probability):
            has_time = self.recognizer.budget.left()
            for part, of_line in enumerate(within_cells(line, grey) if has_time else [line]):
                yield (k, part), checked(of_line, grey) if has_time else of_line

    def _ink_like(self, line: Line) -> Ink | None:
        """The ink as a line has it: dark or light, and not much wider than the line is high; the
        edges of a sheet and the table under it are none. The picture's where there is none such."""
        grey = self.recognizer.grey
        inverted = is_inverted(line.row().of_picture(grey))
        reach = LIMITS.stroke_of_line * line.height / min(grey.shape)
        return find(grey, inverted, reach) or seen_first(grey)
