"""What `--expect` says may stand in a picture, as automata that read a number digit by digit.

Digits and the signs of numbers (. , - / :) are read off paper. Whatever else a pattern asks for, a
space or a letter, is taken as there, and stands in no text. A sign that a format does not know is
not read: `number` answers 139 to 13.9, and `decimal` 13.9. A model of single characters has an
alphabet of its own, and nothing beside it is taken as there.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from digits.errors import DigitsError, UsageError, told
from digits.reading.patterns import NUMBERS, Alphabet, Pattern
from digits.spec import CLASSES

_DAY, _MONTH, _YEAR = "(0?[1-9]|[12][0-9]|3[01])", "(0?[1-9]|1[0-2])", "([0-9]{4}|[0-9]{2})"
_WHOLE = "([0-9]+|[0-9]{1,3}([.,][0-9]{3})+)"
NAMED = {
    "number": "[0-9]+",
    "decimal": f"-?{_WHOLE}([.,][0-9]+)?",
    "signed": "-?[0-9]+",
    "money": f"-?{_WHOLE}([.,][0-9]{{2}})?[.,]?-?",
    "amount": "([1-9][0-9]*|0)([.,][0-9]{2})?",
    "date": "|".join(
        f"{first}{sign}{second}({sign}{_YEAR})?|[0-9]{{4}}{sign}{_MONTH}{sign}{_DAY}"
        for first, second in ((_DAY, _MONTH), (_MONTH, _DAY))
        for sign in ("/", "[.]", "-")
    ),
    "time": "([01]?[0-9]|2[0-3])[:.]?[0-5][0-9]",
    "phone": "[0-9]+([-/.][0-9]+)*",
    "zip": "[0-9]{5}(-?[0-9]{4})?",
}
LETTERS = {"letter": "", "letters": "+"}  # one, or how often
CHOICES = ("auto", "digit", *NAMED)
OR_A_FILE = " or @a file of numbers"  # of what may be expected: a server opens none


class OneOf:
    """The texts of a list; a state is what was read up to here."""

    start = ""

    def __init__(self, numbers: Iterable[str], alphabet: Alphabet = NUMBERS) -> None:
        kept = frozenset(alphabet.readable) if alphabet.rest_is_there else None
        texts = ("".join(c for c in one if kept is None or c in kept) for one in numbers)
        self._ends = frozenset(filter(None, texts))
        self._sorted = sorted(self._ends)
        self.signs = frozenset().union(*self._ends) & alphabet.signs

    def __len__(self) -> int:
        return len(self._ends)

    def step(self, state: str, label: str) -> str | None:
        longer = state + label
        at = bisect_left(self._sorted, longer)
        return longer if "".join(self._sorted[at : at + 1]).startswith(longer) else None

    def accepts(self, state: str) -> bool:
        return state in self._ends


# Which texts are valid: `start`, then a `step` a digit or sign, at the end `accepts`; `signs` are
# those that may stand in them, others are not read.
Format = Pattern | OneOf
ANYTHING = Pattern("[0-9]*")  # any digits, or none


def accepts(wanted: Format, text: str) -> bool:
    """Whether a text is valid as a whole."""
    state: Any = wanted.start
    for label in text:
        state = None if state is None else wanted.step(state, label)
    return state is not None and wanted.accepts(state)


def fitting(expect: str, labels: Sequence[str]) -> frozenset[str]:
    """The labels of a model of single characters that `--expect` allows; of 'digit' the digits, if
    it knows any.

    Raises:
        DigitsError: what `parse` raises.
    """
    wanted = parse(expect, Alphabet.of(labels))
    if wanted:
        return frozenset(label for label in labels if accepts(wanted, label))
    digits = frozenset(labels) & set(CLASSES) if expect == "digit" else frozenset()
    return digits or frozenset(labels)


def parse(expect: str, alphabet: Alphabet = NUMBERS) -> Format | None:
    """The format that `--expect` means; None for 'auto' and 'digit', which have none.

    Raises:
        UsageError: an unknown word, a wrong pattern.
        DigitsError: a list that cannot be read or is empty.
    """
    if expect in ("auto", "digit"):
        return None
    if expect in NAMED:
        return Pattern(NAMED[expect], alphabet)
    if expect in LETTERS:
        letters = "".join(sorted(filter(str.isalpha, alphabet.plain)))
        if not letters:
            raise DigitsError(
                f"--expect {expect}: the model reads no letters; give --model letters"
            )
        return Pattern(f"[{letters}]{LETTERS[expect]}", alphabet)
    if len(expect) > 2 and expect.startswith("/") and expect.endswith("/"):
        pattern = Pattern(expect[1:-1], alphabet)
        if alphabet is NUMBERS and not pattern.fits_any():
            raise UsageError(f"--expect {expect}: no digits fit it; write digits, \\d or [sets]")
        return pattern
    if expect.startswith("@"):
        return _listed(Path(expect[1:]), alphabet)
    raise UsageError(
        f"--expect {expect}: not known; it takes {', '.join((*CHOICES, *LETTERS))}, /a regular "
        f"expression/{OR_A_FILE}"
    )


def _listed(path: Path, alphabet: Alphabet) -> OneOf:
    with told(f"--expect @{path}: cannot be read", ValueError):
        numbers = OneOf(path.read_text("utf-8-sig").splitlines(), alphabet)
    if not len(numbers):
        raise DigitsError(f"--expect @{path}: holds no numbers; write one a line")
    return numbers
