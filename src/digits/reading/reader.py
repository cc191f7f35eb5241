"""Read a picture: ink, parts, tiles, classifier, answer."""

import sys
import time
from dataclasses import replace
from pathlib import Path

from digits.classifier import Classifier
from digits.errors import DigitsError
from digits.reading.answer import Answer, Digit, Row
from digits.reading.digits import score, status_of
from digits.vision.files import STDIN
from digits.vision.frame import frame
from digits.vision.ink import Ink, variants
from digits.vision.load import MAX_BYTES, Picture, load
from digits.vision.parts import cut_out, of_one_digit

INVERTED = "light ink on dark paper: inverted"


def read(picture: Picture, classifier: Classifier, image: str = "") -> Answer:
    """Read a picture, called `image` in the answer.

    Where polarity or light are in doubt, other ways to see the ink are tried until one is `read`;
    else the likeliest answer is given.
    """
    best = Answer(image, "no_digit")
    for ink in variants(picture.grey):
        answer = _read_digit(ink, picture.scale, classifier, image)
        best = max(best, answer, key=lambda a: a.probability)
        if best.status == "read":
            break
    return best


def _read_digit(ink: Ink, scale: float, classifier: Classifier, image: str) -> Answer:
    chosen = of_one_digit(ink)
    if not chosen:
        return Answer(image, "no_digit")
    level, box = cut_out(ink, chosen)
    tile = frame(level)
    ranking = score(classifier, tile[None, None]).ranking(0)
    label, probability = ranking[0]
    status = status_of(probability, classifier)
    x, y, width, height = (round(v * scale) for v in box)
    digit = Digit(label, probability, (x, y, width, height), ranking, tile)
    row = Row(label, probability, digit.box, ranking, [digit])
    warnings = [INVERTED] if ink.inverted else []
    if status == "no_digit":
        return Answer(image, status, "", probability, [], warnings)
    return Answer(image, status, label, probability, [row], warnings)


def read_file(name: str, classifier: Classifier) -> Answer:
    """Read a picture file, or standard input for '-'; a bad file gives an answer `error`."""
    start = time.perf_counter()
    try:
        source = sys.stdin.buffer.read(MAX_BYTES + 1) if name == STDIN else Path(name)
        answer = read(load(source, name), classifier, name)
    except DigitsError as error:
        answer = Answer(name, "error", error=str(error))
    return replace(answer, seconds=time.perf_counter() - start)
