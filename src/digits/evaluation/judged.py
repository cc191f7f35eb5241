"""How well a user's own pictures were read, as plain data."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from digits import metrics
from digits.evaluation.labelled import Labelled
from digits.evaluation.measure import confused, difference
from digits.spec import NONE, STATUSES

NOTHING, SEVERAL = "nothing", "more"  # columns of the confusion matrix beside the classes


@dataclass(frozen=True)
class Answered:
    """Pictures (N of them) and the answers that a model of these classes gave, each as
    `predict --json` gives the first page's."""

    items: Sequence[Labelled]
    answers: Sequence[dict[str, Any]]
    classes: Sequence[str]

    @cached_property
    def known(self) -> np.ndarray:
        """Whether something that can be read stands in each picture: bool (N,)."""
        return np.array([bool(item.label) for item in self.items], bool)

    @cached_property
    def right(self) -> np.ndarray:
        """Whether each answer's text is what stands there: bool (N,)."""
        pairs = zip(self.items, self.answers, strict=True)
        return np.array([item.label == answer["text"] for item, answer in pairs], bool)

    @cached_property
    def read(self) -> np.ndarray:
        """Whether each answer's status is `read`: bool (N,)."""
        return np.array([answer["status"] == "read" for answer in self.answers], bool)

    @cached_property
    def failed(self) -> np.ndarray:
        """Whether digits are not read rightly, or what is none is `read`: bool (N,)."""
        return np.where(self.known, ~self.right, self.read)

    @cached_property
    def given(self) -> tuple[np.ndarray, np.ndarray]:
        """Of the answers that have a text (M,): their probabilities, and whether they are right."""
        given = np.array([bool(answer["text"]) for answer in self.answers], bool)
        confidence = np.array([answer["probability"] for answer in self.answers], float)
        return confidence[given], self.right[given]

    def at_read(self) -> dict[str, float]:
        """The share of all pictures that are `read`, and the share of errors among these."""
        wrong = ~self.right[self.read]
        risk = float(wrong.mean()) if len(wrong) else 0.0
        return {"coverage": float(self.read.mean()), "risk": risk}


def judge(found: Answered) -> dict[str, Any]:
    """All figures of one model's answers."""
    known, right, read = found.known, found.right, found.read
    pairs = [(i, a) for i, a in zip(found.items, found.answers, strict=True) if i.label]
    edits = sum(metrics.edit_distance(item.label, answer["text"]) for item, answer in pairs)
    characters = sum(len(item.label) for item, _ in pairs)
    whole = np.array([i.label not in ("", *found.classes) for i in found.items], bool)
    seconds = [answer["seconds"] for answer in found.answers]
    return {
        "all": _share(right[known]),
        "answered_read": _share(read[known]),
        "right_of_read": _share(right[known & read]),
        "none_not_read": _share(~read[~known]),
        "whole_strings": _share(right[whole]),
        "edits": edits,
        "characters": characters,
        "character_error_rate": edits / characters if characters else None,
        "statuses": {name: _count(found, name) for name in STATUSES},
        **_calibration(found),
        "read": found.at_read(),
        **_of_classes(found),
        "by_label": _grouped(pairs, lambda item, _: item.label),
        "by_length": _grouped(pairs, lambda item, _: str(len(item.label))),
        "by_status": _grouped(pairs, lambda _, answer: answer["status"]),
        "median_seconds": float(np.median(seconds)),
        "failures": [
            {"path": found.items[i].path, "label": found.items[i].label or NONE}
            | {key: found.answers[i][key] for key in ("text", "status", "probability", "warnings")}
            for i in np.flatnonzero(found.failed).tolist()
        ],
    }


def differences(names: Sequence[str], all_found: Sequence[Answered]) -> list[dict[str, Any]]:
    """Each pair of models: McNemar's exact test on the pictures in which something stands."""
    right = [found.right[found.known] for found in all_found]
    pairs = [(a, b) for b in range(len(names)) for a in range(b)] if right[0].size else []
    return [difference((names[a], names[b]), right[a], right[b]) for a, b in pairs]


def _count(found: Answered, status: str) -> int:
    return sum(answer["status"] == status for answer in found.answers)


def _calibration(found: Answered) -> dict[str, float | None]:
    confidence, right = found.given
    if not len(right):
        return {"expected_calibration_error": None, "brier_score": None}
    return {
        "expected_calibration_error": metrics.calibration_error(metrics.binned(confidence, right)),
        "brier_score": float(((confidence - right) ** 2).mean()),
    }


def _of_classes(found: Answered) -> dict[str, Any]:
    """The confusion matrix of the labels that are one class, and of what is none: rows are labels,
    columns answers."""
    classes = [name for name in found.classes if name != NONE]
    rows, columns = [*classes, NONE], [*classes, NOTHING, SEVERAL]
    place = {name: i for i, name in enumerate(classes)} | {"": len(classes)}
    confusion = np.zeros((len(rows), len(columns)), int)
    for item, answer in zip(found.items, found.answers, strict=True):
        if item.label in place:
            confusion[place[item.label], place.get(answer["text"], len(rows))] += 1
    return {
        "label_names": rows,
        "answer_names": columns,
        "confusion": confusion.tolist(),
        "confused": confused(confusion, rows, columns),
        "classes": metrics.by_class(confusion, classes),
    }


def _share(which: Iterable[Any]) -> dict[str, Any] | None:
    """How many, of how many, their share and its interval; None of nothing."""
    values = [bool(value) for value in which]
    if not values:
        return None
    right, count = sum(values), len(values)
    interval = metrics.wilson_interval(right, count)
    return {"right": right, "count": count, "share": right / count, "interval_95": interval}


Pair = tuple[Labelled, dict[str, Any]]


def _grouped(
    pairs: Sequence[Pair], key: Callable[[Labelled, dict[str, Any]], str]
) -> dict[str, Any]:
    groups = defaultdict(list)
    for item, answer in pairs:
        groups[key(item, answer)].append(item.label == answer["text"])
    return {
        name: _share(groups[name]) for name in sorted(groups, key=lambda name: (len(name), name))
    }
