"""The best readings of a row: every way to join its pieces into digits, scored, searched at once.

An edge of the lattice joins neighbouring pieces into one candidate digit, or leaves one piece out
(a dot, a letter). A reading is a path; its score is the sum of its edges' log probabilities.
"""

import math
from dataclasses import dataclass

import numpy as np

from digits.classifier import Classifier
from digits.reading.formats import Anything, Format, State
from digits.reading.scores import Scores, score
from digits.tile import Box, frame
from digits.vision.rows import ROW_HEIGHT
from digits.vision.segmentation import Piece, join

MAX_JOINED = 6  # pieces of one digit: seams lie at least a seventh of its height apart
MAX_ASPECT = 1.5  # width by height of the row: a wide 2 with its tail has 1.2
MAX_GAP = 0.3  # of the row's height, between pieces of one digit
LOW, SLOPE = 0.3, 0.04  # half of what is so high (share of the row's height) is no digit but a dot
LEFT_OUT = 0.05  # what is as high as a digit and yet is none is rare
DOT = -0.1  # log probability that a dot-like piece is part of a digit: a 5's bar is now and then
LEAST = 1e-4  # probability that is left to a label, and to an edge that leaves a piece out
BEAM = 12  # readings kept at each place and state
STATES = 200  # states of a format kept at each place: a list of 100,000 numbers has as many


@dataclass(frozen=True)
class Candidate:
    """Pieces `begin` to `end` (not included) joined: tile (28, 28) uint8 and box in the row.

    `dots` is how many of them stand alone and look like dots, as a sum of likelihoods.
    """

    begin: int
    end: int
    tile: np.ndarray
    box: Box
    dots: float = 0.0


@dataclass(frozen=True)
class Reading:
    """One path: its text, log score, and the indices of its candidates."""

    text: str
    score: float
    chosen: tuple[int, ...] = ()


def candidates(found: list[Piece]) -> list[Candidate]:
    """All joins of neighbouring pieces that are no wider than a digit."""
    made = []
    for begin in range(len(found)):
        reach = found[begin].box[0] + found[begin].box[2]
        for end in range(begin + 1, min(begin + MAX_JOINED, len(found)) + 1):
            piece = found[end - 1]
            if piece.box[0] - reach > MAX_GAP * ROW_HEIGHT:
                break
            reach = max(reach, piece.box[0] + piece.box[2])
            joined = found[begin:end]
            level, box = join(joined)
            if end - begin > 1 and box[2] > MAX_ASPECT * ROW_HEIGHT:
                break
            dots = sum(1 - _looks_like_a_digit(p.box) for p in joined if not p.cut)
            made.append(Candidate(begin, end, frame(level), box, dots))
    return made


def search(
    made: list[Candidate], scores: Scores, size: int, wanted: Format | None = None
) -> list[Reading]:
    """The best readings of `size` pieces, the likeliest first, of those that the format allows."""
    free = wanted is None  # then the unlikeliest labels need no step
    wanted = wanted or Anything()
    arriving: list[dict[State, list[Reading]]] = [{} for _ in range(size + 1)]
    arriving[0] = {wanted.start: [Reading("", 0.0)]}
    starting: list[list[int]] = [[] for _ in range(size)]
    for k, candidate in enumerate(made):
        starting[candidate.begin].append(k)
    shapes = np.array([_looks_like_a_digit(c.box) for c in made])
    for place in range(size):
        for state, kept in _pruned(arriving[place]).items():
            for k in starting[place]:
                there = arriving[made[k].end]
                if made[k].end == place + 1:
                    out = math.log(
                        max(scores.none[k] * LEFT_OUT * shapes[k] + 1 - shapes[k], LEAST)
                    )
                    there.setdefault(state, []).extend(
                        Reading(r.text, r.score + min(out, 0.0), r.chosen) for r in kept
                    )
                for label, p in zip(scores.labels, scores.digit[k] * shapes[k], strict=True):
                    after = wanted.step(state, label) if p > LEAST or not free else None
                    if after is not None:
                        log_p = math.log(max(p, LEAST)) + DOT * made[k].dots
                        there.setdefault(after, []).extend(
                            Reading(r.text + label, r.score + log_p, (*r.chosen, k)) for r in kept
                        )
    ends = [r for s, some in arriving[size].items() if wanted.accepts(s) for r in some]
    return _best(ends)


def read_pieces(
    found: list[Piece], classifier: Classifier, wanted: Format | None = None
) -> tuple[list[Candidate], Scores, list[Reading]]:
    """The readings of a row's pieces, with the candidates that they name and their scores."""
    made = candidates(found)
    tiles = np.array([c.tile for c in made], np.uint8).reshape(-1, 1, 28, 28)
    scores = score(classifier, tiles)
    return made, scores, search(made, scores, len(found), wanted)


def _looks_like_a_digit(box: Box) -> float:
    """How likely ink of this height is a digit rather than a dot, comma or dash, 0..1."""
    return 1 / (1 + math.exp(-(box[3] / ROW_HEIGHT - LOW) / SLOPE))


def _pruned(arriving: dict[State, list[Reading]]) -> dict[State, list[Reading]]:
    """The best readings of the best states."""
    best = {state: _best(readings) for state, readings in arriving.items()}
    order = sorted(best, key=lambda state: -best[state][0].score)
    return {state: best[state] for state in order[:STATES]}


def _best(readings: list[Reading]) -> list[Reading]:
    """The likeliest reading of each text, BEAM of them, the likeliest first."""
    best: dict[str, Reading] = {}
    for reading in sorted(readings, key=lambda r: -r.score):
        best.setdefault(reading.text, reading)
        if len(best) == BEAM:
            break
    return list(best.values())
