"""The reader: a classifier and what is expected, from a picture to its answer."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from digits.classifier import Classifier
from digits.errors import DigitsError
from digits.reading.answer import Answer, scaled
from digits.reading.attempt import Attempt
from digits.reading.budget import SPENT, Budget
from digits.reading.formats import Format
from digits.reading.formats import parse as parse_format
from digits.reading.pages import read_pages
from digits.reading.recognizer import Recognizer
from digits.spec import CLASSES, INPUT_SHAPE, SEEN_LITTLE, SMALL_SET
from digits.vision.load import Picture


@dataclass(frozen=True)
class Reader:
    """A classifier and what is expected in the pictures; `Reader.expecting` makes one."""

    classifier: Classifier
    kind: str = "auto"  # auto, digit, or number
    wanted: Format | None = None  # of a number; None takes any

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

        When the time for one picture is over, what was found so far is `unsure`, and nothing an
        `error`.
        """
        budget = Budget()
        recognizer = Recognizer(self.classifier, self.kind, self.wanted, picture.grey, budget)
        answer = scaled(Attempt(recognizer).answer(), picture.scale)
        model, learned_from = self.classifier.name, self.classifier.trained_on
        words = answer.warnings + [SEEN_LITTLE] * (learned_from == SMALL_SET)
        answer = replace(answer, image=image, model=model, trained_on=learned_from, warnings=words)
        return _in_part(answer) if budget.spent else answer


def _in_part(answer: Answer) -> Answer:
    """The answer to a picture that was not looked at to the end."""
    if answer.status == "no_digit":
        return replace(answer, status="error", error=f"{answer.image}: {SPENT}")
    return replace(answer, status="unsure", warnings=[*answer.warnings, SPENT])
