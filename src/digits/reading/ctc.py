"""Texts from a network that reads rows whole and was trained with CTC (Graves et al. 2006).

For every column of a row such a network gives probabilities of the characters and of a blank; a
text's probability is the sum over all ways to spread it over the columns.
Throughout: log_probs (T, K) float, columns by classes; the last class is the blank.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from digits.reading.formats import Format


@dataclass(frozen=True)
class Limits:
    """Of the search for likely texts.

    To measure: `benchmarks/sweep.py reading.ctc.NAME VALUES`.
    """

    min_probability: float = 1e-4  # what is less likely at a column begins nothing there
    beams: tuple[int, ...] = (8, 64)  # texts kept; the second where a format fits none of the first


LIMITS = Limits()


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Log probabilities over the last axis."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def only(log_probs: np.ndarray, kept: Sequence[int]) -> np.ndarray:
    """Columns (T, len(kept) + 1) of some classes: what any other may be counts as blank."""
    blank = np.logaddexp.reduce(np.delete(log_probs, kept, axis=1), axis=1)
    return np.column_stack([log_probs[:, kept], blank])


def best_path(log_probs: np.ndarray) -> list[int]:
    """The labels of the likeliest path (Graves et al. 2006, equation 4): nearly always of the
    likeliest text where a network is sure."""
    path = log_probs.argmax(axis=1)
    begun = path[np.diff(path, prepend=-1) != 0]
    return [int(k) for k in begun if k != log_probs.shape[1] - 1]


def log_probabilities(log_probs: np.ndarray, texts: Sequence[Sequence[int]]) -> np.ndarray:
    """log P of each text (N,), labels in a row, by the forward pass of CTC; -inf where there are
    too few columns. All go through the columns together: one by one took four times as long."""
    ends = np.array([2 * len(text) for text in texts])
    paths = np.full((len(texts), ends.max(initial=0) + 1), log_probs.shape[1] - 1)
    skips = np.full(paths.shape, -np.inf)  # what skipping the blank before a place adds
    for n, text in enumerate(texts):
        path, may_skip = _path(log_probs, text)
        paths[n, : len(path)] = path
        skips[n, : len(path)][may_skip] = 0.0
    emitted = log_probs[:, paths]  # (T, N, L)
    alpha = np.full(paths.shape, -np.inf)
    alpha[:, :2] = emitted[0, :, :2]
    with np.errstate(invalid="ignore"):  # of -inf less -inf, which logaddexp answers rightly
        for column in emitted[1:]:
            longer = alpha.copy()
            longer[:, 1:] = np.logaddexp(longer[:, 1:], alpha[:, :-1])
            longer[:, 2:] = np.logaddexp(longer[:, 2:], alpha[:, :-2] + skips[:, 2:])
            alpha = longer + column
    every = np.arange(len(texts))
    in_label = np.where(ends > 0, alpha[every, ends - 1], -np.inf)
    return np.logaddexp(alpha[every, ends], in_label)


def align(log_probs: np.ndarray, labels: Sequence[int]) -> np.ndarray:
    """The column (len(labels),) at which each label is surest, on the likeliest path (Viterbi)."""
    path, skips = _path(log_probs, labels)
    score = np.full(len(path), -np.inf)
    score[:2] = log_probs[0, path[:2]]
    came = np.zeros((len(log_probs), len(path)), np.int64)
    for t in range(1, len(log_probs)):
        steps = np.full((3, len(path)), -np.inf)
        steps[0], steps[1, 1:] = score, score[:-1]
        steps[2, 2:] = np.where(skips[2:], score[:-2], -np.inf)
        came[t] = steps.argmax(axis=0)
        score = steps.max(axis=0) + log_probs[t, path]
    at = len(path) - 1 - int(score[-1] < score[-2])
    visited = np.zeros(len(log_probs), np.int64)
    for t in range(len(log_probs) - 1, -1, -1):
        visited[t] = at
        at -= came[t, at]
    columns = np.arange(len(log_probs))
    surest = [
        max(columns[visited == 2 * k + 1], key=lambda t: log_probs[t, label], default=0)
        for k, label in enumerate(labels)
    ]
    return np.array(surest, np.int64)


def _path(log_probs: np.ndarray, labels: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """The labels with blanks between them, and which of these may follow the one two before."""
    path = np.full(2 * len(labels) + 1, log_probs.shape[1] - 1)
    path[1::2] = labels
    skips = np.zeros(len(path), bool)
    skips[3::2] = path[3::2] != path[1:-2:2]  # past a blank, unless a character repeats
    return path, skips


def likely_texts(
    looks: Sequence[np.ndarray], labels: Sequence[str], wanted: Format, count: int
) -> set[str]:
    """The `count` likeliest texts that a format allows of each look, (T, K) each.

    Where a narrow search finds none in any look, a wide one is made in the first and the last: of
    what is no text of the format none will be found, and that took most of the time.
    """
    for width, some in zip(LIMITS.beams, (looks, [looks[0], looks[-1]]), strict=True):
        found = {text for look in some for text in search(look, labels, wanted, width)[:count]}
        if found:
            break
    return found


def search(log_probs: np.ndarray, labels: Sequence[str], wanted: Format, width: int) -> list[str]:
    """Texts that a format allows, the likeliest first, by prefix beam search (Hannun et al. 2014).

    It keeps a text's probabilities of ending in a blank, and in a character, as shares of the
    likeliest text's, so that none becomes too small for a float.
    """
    blank = log_probs.shape[1] - 1
    column_of = {label: k for k, label in enumerate(labels)}
    states: dict[str, Any] = {"": wanted.start}
    beam = {"": (1.0, 0.0)}
    for column in np.exp(log_probs).tolist():
        likely = [k for k in range(blank) if column[k] > LIMITS.min_probability]
        if not likely:  # most columns are a sure blank, which ends what was begun
            beam = {text: (in_blank + in_label, 0.0) for text, (in_blank, in_label) in beam.items()}
            continue
        after: dict[str, list[float]] = {}
        for text, (in_blank, in_label) in beam.items():
            either = in_blank + in_label
            same = after.setdefault(text, [0.0, 0.0])
            same[0] += either * column[blank]
            if text:
                same[1] += in_label * column[column_of[text[-1]]]
            for k in likely:
                longer = text + labels[k]
                if longer not in states:
                    state = states[text]
                    states[longer] = None if state is None else wanted.step(state, labels[k])
                if states[longer] is None:
                    continue
                begin = in_blank if text and text[-1] == labels[k] else either
                after.setdefault(longer, [0.0, 0.0])[1] += begin * column[k]
        best = sorted(after.items(), key=lambda item: -item[1][0] - item[1][1])[:width]
        most = sum(best[0][1]) or 1e-300
        beam = {text: (a / most, b / most) for text, (a, b) in best}
    return [
        text
        for text, ends in beam.items()
        if (state := states[text]) is not None and wanted.accepts(state) and any(ends)
    ]
