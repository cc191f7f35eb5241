"""What is accepted: how well rows fit digits, which of two opinions counts, an answer's status."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from digits.classifier import Classifier
from digits.reading.answer import Answer, Row
from digits.reading.beside import has_gap
from digits.tile import Box
from digits.vision.lines import Line


@dataclass(frozen=True)
class Limits:
    """From which probability and support on an answer is what; `support` is 0..1 a digit.

    To measure: `benchmarks/sweep.py reading.judge.NAME VALUES`.
    """

    read_probability: float = 0.9  # for a model that keeps no threshold of its own
    # Of a digit alone: less is no digit; of a row, which the row model sees in the grey as well,
    # less is not `read`. Where such a row was no digit either 1,473 of 1,500 digits by held-out
    # writers were right, and 1,486 now.
    digit_support: float = 0.4
    expected_support: float = 0.1  # the same where a digit or a number is expected
    read_support: float = 0.7  # of a digit alone that is `read`: nine of ten have more
    # That a digit alone is one to the row model as well, asked beside classifiers that have not
    # learned what is none: of 300 letters and signs by held-out writers `tiny` had 94 `read` and
    # `best` 76 without it, 13 and 14 with it, of 300 digits 267 and 271, 262 and 265.
    likeness: float = 0.5
    # That a row is right: less is something else, or cannot be read. Of rows of 70 made-up pages by
    # held-out writers and 17 of validation digits 50 had 0.1 to 0.3; 47 stood at a number, and 11
    # were right. Of 59 with less 46 stood at one, and one was right.
    line_probability: float = 0.1
    # That a second look at a row is right where the first one says another text. Of made-up crops
    # and whole numbers by held-out writers 62 were `read` so, and 34 of these wrongly; of 58 that
    # were at least 80% likely 30 were right.
    disputed_probability: float = 0.5
    # Of its highest digit's height: digits of a row that are further apart may be several numbers.
    # Of 460 right rows of crops, notes and whole numbers by held-out writers 0.7% have gaps of 1.5
    # heights, none of 2.
    most_gap_of_height: float = 2.0
    # On its side a 1 is a dash: so many digits are needed of a picture that was turned.
    turned_digits: int = 4
    # So many lines are a page; where less than half of what the finder sees can be read, it is
    # none, or lies on its side.
    page_rows: int = 4


LIMITS = Limits()
NOTHING = "no ink looks like a digit"
APART = "its digits are so far apart that they may be several numbers"
UPRIGHT_ALONE = frozenset("347")  # digits that are none upside down
PLACES = range(1, 15)  # decimal places of percent: a float has no more


def support(rows: Sequence[Row]) -> float:
    """Support of several rows, a digit of each counting alike (a geometric mean)."""
    count = sum(len(row.text) for row in rows)
    logs = sum(len(row.text) * math.log(max(row.support, 1e-9)) for row in rows)
    return math.exp(logs / count) if count else 0.0


def probability(rows: Sequence[Row]) -> float:
    """That all rows are right."""
    return math.prod(row.probability for row in rows) if rows else 0.0


def worth(rows: Sequence[Row]) -> float:
    """How many digits are right, as far as the probabilities of their rows tell."""
    return sum(len(row.text) * row.probability for row in rows)


def value(answer: Answer) -> float:
    """How many digits are right if all of them are, by how likely that is: of one picture's ink a
    few sure digits say less than many that are nearly as sure."""
    return probability(answer.rows) * sum(len(row.text) for row in answer.rows)


def is_a_page(lines: Sequence[Row], seen: int) -> bool:
    """Whether these of `seen` lines of the finder count as they are: nothing else is tried."""
    return len(lines) >= max(LIMITS.page_rows, seen / 2)


def is_of_single_digits(rows: Sequence[Row]) -> bool:
    """Whether a page's rows may be digits of rows that lie on their side: most are of one digit."""
    return 2 * sum(len(row.text) == 1 for row in rows) > len(rows)


def digits_of(answer: Answer) -> int:
    """How many digits an answer has, its signs left out."""
    return sum(len(row.digits) for row in answer.rows)


def tells_its_side(answer: Answer) -> bool:
    """Whether what a turned picture says tells that it is upright now: it is long enough, and not
    all of it may be read upside down. Of 600 upright crops and whole numbers by held-out writers
    and some hundred rows of validation digits two were `read` upside down without that: 95608 as
    80996, and 51158 as 89115."""
    stands = not UPRIGHT_ALONE.isdisjoint("".join(row.text for row in answer.rows))
    return stands and digits_of(answer) >= LIMITS.turned_digits


def verdict(rows: Sequence[Row], model: Classifier, expected: bool) -> tuple[str, str]:
    """`read`, `unsure` or `no_digit`, by the thresholds of the model that read the rows, and why.

    Where a digit or a number of some format is `expected`, ink need not look so much like one. The
    probability of a row's text tells whether it is digits at all; that of a digit alone does not.
    """
    fits, likely = support(rows), probability(rows)
    threshold = model.thresholds.get("read", LIMITS.read_probability)
    alone = all(row.alone for row in rows)
    if not rows:
        return "no_digit", NOTHING
    least = LIMITS.expected_support if expected else LIMITS.digit_support
    if alone and fits < least:
        return "no_digit", _fitting(fits, least)
    likeliest = max(row.probability for row in rows)
    if not alone and not expected and likeliest < LIMITS.line_probability:
        return "no_digit", _compared(likeliest, LIMITS.line_probability)
    if likely < threshold:
        return "unsure", _compared(likely, threshold)
    least = LIMITS.read_support if alone else least
    if fits < least:
        return "unsure", _fitting(fits, least)
    if any(has_gap([d.box for d in row.digits], LIMITS.most_gap_of_height) for row in rows):
        return "unsure", APART
    return "read", _compared(likely, threshold)


def _fitting(fits: float, least: float) -> str:
    return f"its ink fits digits by {fits:.2f}, {least:.2f} is needed"


def _compared(likely: float, threshold: float) -> str:
    """Both in percent, with as many decimal places as tell them apart."""
    told = ([f"{share:.{places}%}" for share in (likely, threshold)] for places in PLACES)
    one, other = next((pair for pair in told if pair[0] != pair[1]), [f"{likely:.1%}"] * 2)
    return f"{one} likely, {other} is needed"


def seen_twice(one: Row, row: Row, row_model: Classifier) -> Row:
    """A digit by itself that the row model saw as well, as a `row`. The classifier knows such
    digits best; it has its word where the row model has no doubt. Of what is no digit to it the ink
    was not found: then the row model tells, which looks at the grey.
    """
    if one.support < LIMITS.digit_support:
        return replace(one.as_likely_as(row.probability), alone=False)
    sure = row.probability >= row_model.thresholds.get("read", LIMITS.read_probability)
    likely = one.probability if sure else min(one.probability, row.probability)
    return replace(one.as_likely_as(likely), support=math.sqrt(one.support * row.support))


def likelier(first: Row, second: Row) -> Row:
    """The likelier of what two looks at a row say; the second is in doubt where it says another
    text."""
    if second.probability <= first.probability:
        return first
    if second.text == first.text:
        return second
    return second.as_likely_as(min(second.probability, LIMITS.disputed_probability))


def written_once(rows: list[Row]) -> list[Row]:
    """The rows less those that are pieces of another: most of their digits lie within its digits.

    Of two that say the same ink the longer, higher, likelier one stays.
    """
    kept: list[Row] = []
    boxes: list[Box] = []
    for row in sorted(rows, key=lambda row: -row.box[3] * worth([row])):
        digits = [digit.box for digit in row.digits]
        if 2 * _lie_in(digits, boxes).sum() <= len(digits):
            kept.append(row)
            boxes += digits
    return [row for row in rows if any(row is other for other in kept)]


def is_missed(line: Line, rows: Sequence[Row]) -> bool:
    """Whether a line that is none of the rows is one that should be: no piece of theirs."""
    return not _lie_in([line.box], [row.box for row in rows]).any()


def _lie_in(boxes: Sequence[Box], others: Sequence[Box]) -> np.ndarray:
    """Whether most of each box lies within one of the others: (N,) bool."""
    places, sizes = np.split(np.reshape(boxes, (-1, 1, 4)), 2, axis=-1)
    corners, extents = np.split(np.reshape(others, (-1, 4)), 2, axis=-1)
    ends = np.minimum(places + sizes, corners + extents)
    shared = np.maximum(ends - np.maximum(places, corners), 0)
    return np.asarray((2 * shared.prod(axis=-1) > sizes.prod(axis=-1)).any(axis=1))


def is_likely(row: Row) -> bool:
    """Whether a line of a page is a number."""
    return row.probability >= LIMITS.line_probability


def doubted(answer: Answer, why: str, which: Collection[int] | None = None) -> Answer:
    """An answer that is not `read`, whatever its probability, as `which` of its rows are not, by
    their places: all of them unless told."""
    rows = [
        replace(row, status="unsure") if which is None or place in which else row
        for place, row in enumerate(answer.rows)
    ]
    status, why = ("unsure", why) if answer.status == "read" else (answer.status, answer.why)
    return replace(answer, status=status, why=why, rows=rows)
