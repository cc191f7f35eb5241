"""Whole rows at once, without cutting: texts from a network that was trained with CTC.

For every column of a row such a network gives probabilities of the digits and of a blank; a text's
probability is the sum over all ways to spread it over the columns (Graves et al. 2006).
Throughout: log_probs (T, K) float, columns by classes; the last class is the blank.
"""

import math
from collections import defaultdict

import numpy as np

LIKELY = 0.003  # less probable classes open no new text: 11 classes would open 11 at each column
Prefixes = dict[str, tuple[float, float]]  # text -> log probability: ending in a blank, in a digit


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Log probabilities over the last axis."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def log_probability(log_probs: np.ndarray, labels: list[int]) -> float:
    """log P(labels), by the forward pass of CTC; -inf where there are too few columns."""
    blank = log_probs.shape[1] - 1
    path = np.full(2 * len(labels) + 1, blank)
    path[1::2] = labels
    skips = np.zeros(
        len(path), bool
    )  # from two places before, past a blank, unless a digit repeats
    skips[3::2] = path[3::2] != path[1:-2:2]
    alpha = np.full(len(path), -np.inf)
    alpha[0] = 0.0
    for t, column in enumerate(log_probs):
        before = alpha
        alpha = before.copy()
        alpha[1:] = np.logaddexp(alpha[1:], before[:-1])
        alpha[2:] = np.where(skips[2:], np.logaddexp(alpha[2:], before[:-2]), alpha[2:])
        if t == 0:
            alpha[2:] = -np.inf
        alpha += column[path]
    return float(np.logaddexp(alpha[-1], alpha[-2]) if len(labels) else alpha[-1])


def likely_texts(
    log_probs: np.ndarray, labels: tuple[str, ...], width: int = 8
) -> list[tuple[str, float]]:
    """The likeliest texts with log probabilities, best first, by prefix beam search."""
    blank = log_probs.shape[1] - 1
    beam: Prefixes = {"": (0.0, -math.inf)}
    for column in log_probs.tolist():
        after: dict[str, list[float]] = defaultdict(lambda: [-math.inf, -math.inf])
        likely = [k for k in range(blank) if column[k] > math.log(LIKELY)]
        for text, (in_blank, in_digit) in beam.items():
            either = _add(in_blank, in_digit)
            same = after[text]
            same[0] = _add(same[0], either + column[blank])
            if text:
                same[1] = _add(same[1], in_digit + column[labels.index(text[-1])])
            for k in likely:
                longer = after[text + labels[k]]
                begin = in_blank if text.endswith(labels[k]) else either
                longer[1] = _add(longer[1], begin + column[k])
        best = sorted(after.items(), key=lambda item: -_add(*item[1]))[:width]
        beam = {text: (a, b) for text, (a, b) in best}
    return [(text, _add(*ends)) for text, ends in beam.items()]


def _add(a: float, b: float) -> float:
    """log(exp(a) + exp(b))."""
    if a < b:
        a, b = b, a
    return a if b == -math.inf else a + math.log1p(math.exp(b - a))
