"""The reader: a classifier and what is expected, from a picture to its answer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from digits.classifier import Classifier
from digits.data.look import Look
from digits.data.pictures import whole
from digits.errors import DigitsError
from digits.pictures.load import Picture
from digits.reading.answer import Answer, in_file
from digits.reading.attempt import Attempt
from digits.reading.budget import SPENT, Budget
from digits.reading.formats import NAMED, Format, fitting
from digits.reading.formats import parse as parse_format
from digits.reading.recognizer import Recognizer
from digits.spec import CLASSES, INPUT_SHAPE, SEEN_LITTLE, SMALL_SET

NOTHING_FITS = "nothing in it fits what --expect asks for"


@dataclass(frozen=True)
class Reader:
    """A classifier and what is expected in the pictures; `Reader.expecting` makes one."""

    classifier: Classifier
    kind: str = "auto"  # auto, digit, or number
    wanted: Format | None = None  # of a number; None takes any
    allowed: frozenset[str] | None = None  # labels of one character; None allows all
    look: Look | None = None  # of a model of whole pictures; None shows it the ink in them
    seconds: float | None = None  # of CPU time for a picture; None allows the usual
    expect: str = "auto"  # as it was asked for

    @staticmethod
    def expecting(
        classifier: Classifier, expect: str = "auto", seconds: float | None = None
    ) -> "Reader":
        """A reader for `--expect`, which may take so many `seconds` for a picture. With a model
        that does not know all digits, of letters for instance, or of whole pictures (`--frame
        none`), a picture is of one character.

        Raises:
            DigitsError: it is not known, or its pattern or list is wrong, or not for this model.
        """
        labels, look = classifier.labels, _look_of(classifier)
        reads_numbers = look is None and set(CLASSES) <= set(labels)
        of_digits = reads_numbers and (set(CLASSES) == set(labels) or expect in NAMED)
        allowed = frozenset() if of_digits else fitting(expect, labels)
        if reads_numbers and not allowed:
            kind = expect if expect in ("auto", "digit") else "number"
            return Reader(classifier, kind, parse_format(expect), None, None, seconds, expect)
        if not allowed:
            known = ", ".join(labels)
            raise DigitsError(
                f"--expect {expect}: {classifier.name} reads one character, and knows none that "
                f"fits; it knows {known:.60}"
            )
        kind = "auto" if reads_numbers and expect == "auto" else "digit"
        return Reader(classifier, kind, None, allowed, look, seconds, expect)

    @property
    def in_colour(self) -> bool:
        """Whether pictures have to be loaded with their colours."""
        return self.look is not None and self.look.colour

    def read(self, picture: Picture, image: str = "") -> Answer:
        """Read a picture, called `image` in the answer.

        When the time for one picture is over, what was found so far is `unsure`, and nothing an
        `error`.
        """
        budget = Budget() if self.seconds is None else Budget(self.seconds)
        budget.seconds -= picture.seconds  # what its decoding took
        recognizer = self._recognizer(picture, budget)
        if self.look:
            answer = _of_whole(recognizer, picture, self.look)
        else:
            answer = Attempt(recognizer).answer()
        answer = self._told(in_file(answer, picture.scale, picture.grey.shape), image)
        return _in_part(answer) if budget.spent else answer

    def read_tiles(self, pictures: Sequence[Picture]) -> list[Answer | None]:
        """The answers to those of many pictures that are tiles in MNIST's frame, as one batch, and
        None to the others: what `read` says of each alone."""
        if self.look or self.kind == "number" or not pictures:
            return [None] * len(pictures)
        recognizer = self._recognizer(pictures[0], Budget())
        answers = recognizer.tiles([picture.grey for picture in pictures])
        return [answer and self._told(answer, "") for answer in answers]

    def _recognizer(self, picture: Picture, budget: Budget) -> Recognizer:
        return Recognizer(
            self.classifier, self.kind, self.wanted, picture.grey, budget, self.allowed
        )

    def _told(self, answer: Answer, image: str) -> Answer:
        """An answer that says who read which picture, and what is unusual about that."""
        model, learned_from = self.classifier.name, self.classifier.trained_on
        words = answer.warnings + [SEEN_LITTLE] * (learned_from == SMALL_SET)
        if answer.status == "no_digit" and self.expect != "auto":
            words, answer = [*words, NOTHING_FITS], replace(answer, why=NOTHING_FITS)
        return replace(
            answer, image=image, model=model, expect=self.expect, trained_on=learned_from,
            warnings=words,
        )  # fmt: skip


def _look_of(classifier: Classifier) -> Look | None:
    """How a model of whole pictures sees them; None for one of the ink in them."""
    channels, height, _ = classifier.shape
    if classifier.card.get("config", {}).get("frame") != "none" and classifier.shape == INPUT_SHAPE:
        return None
    assert height, "a classifier's tiles have a size"
    return Look("none", height, colour=channels != 1)


def _of_whole(recognizer: Recognizer, picture: Picture, look: Look) -> Answer:
    """The answer to a picture as the model of whole pictures was trained: one row, of one label."""
    tile = whole(picture, look)  # (C, H, W)
    height, width = picture.grey.shape
    shown = tile.transpose(1, 2, 0) if look.colour else tile[0]
    row = recognizer.digit(shown, (0, 0, width, height))
    return recognizer.answered([row], [], "whole")


def _in_part(answer: Answer) -> Answer:
    """The answer to a picture that was not looked at to the end."""
    if answer.status == "no_digit":
        return replace(answer, status="error", error=f"{answer.image}: {SPENT}")
    return replace(answer, status="unsure", why=SPENT, warnings=[*answer.warnings, SPENT])
