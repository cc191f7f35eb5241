"""A user's own pictures in a report: read by each model, their figures and their failures drawn."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from digits.classifier import Classifier
from digits.evaluation import plots
from digits.evaluation.judged import Answered, differences, judge
from digits.evaluation.labelled import Labels

SHOWN = 48  # failures shown as pictures, of all models together: 35 kB each


class Reads(Protocol):
    """How pictures are read: a command brings it, for evaluation knows nothing of reading."""

    @property
    def expect(self) -> str: ...

    def check(self, model: Classifier) -> None: ...

    def answers(self, model: Classifier, paths: Sequence[str]) -> list[dict[str, Any]]: ...

    def drawn(self, model: Classifier, path: str) -> np.ndarray | None: ...


def read(labels: Labels, model: Classifier, reads: Reads) -> Answered:
    """What a model answers to the first page of each picture."""
    answers = reads.answers(model, [item.path for item in labels.items])
    return Answered(labels.items, answers, model.classes)


def measure(
    labels: Labels, names: Sequence[str], answered: Sequence[Answered], expect: str
) -> dict[str, Any]:
    """How well each model read the pictures, as plain data."""
    return {
        "source": labels.source,
        "expect": expect,
        "count": len(labels.items),
        "left_out": {
            "empty_labels": list(labels.empty),
            "other_files": labels.other_files,
            "further_pages": sum(answer["pages"] - 1 for answer in answered[0].answers),
        },
        "models": dict(zip(names, map(judge, answered), strict=True)),
        "differences": differences(names, answered),
    }


def draw(folder: Path, found: dict[str, Any], answered: Sequence[Answered]) -> list[Path]:
    """The figures of all models, as PNG and SVG; those that the page shows, without a suffix."""
    models = found["models"]
    for i, one in enumerate(models.values(), 1):
        plots.draw_confusion(
            folder / f"pictures_confusion_{i}", np.array(one["confusion"]), one["label_names"],
            one["answer_names"], "labels of one class, and what was answered",
        )  # fmt: skip
    shares = [(name, one["all"]["share"], one["all"]["interval_95"])
              for name, one in models.items() if one["all"]]  # fmt: skip
    paths = [plots.draw_accuracies(folder / "pictures_accuracy", shares)] if shares else []
    all_given = [each.given for each in answered]
    if all(len(right) for _, right in all_given):
        marks = [{**one["read"], "label": f"read by {name}"} for name, one in models.items()]
        paths += [
            plots.draw_reliability(
                folder / "pictures_reliability", list(models), {"": all_given}, "answers"
            ),
            plots.draw_risk(
                folder / "pictures_risk", list(models), all_given, marks, found["count"], "pictures"
            ),
        ]
    return paths


def drawn(
    model: Classifier, reads: Reads, failures: Sequence[dict[str, Any]]
) -> list[np.ndarray | None]:
    """How the answers to failures came about, as `predict --explain` draws them: (H, W, 3) uint8
    RGB; None for a file that is no picture."""
    return [
        None if failure["status"] == "error" else reads.drawn(model, failure["path"])
        for failure in failures
    ]
