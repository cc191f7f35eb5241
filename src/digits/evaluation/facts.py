"""What metrics.json holds: all numbers of a report as plain data; docs/report.md is its schema."""

import csv
import os
import platform
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path
from typing import Any

from digits import metrics
from digits.errors import DigitsError
from digits.evaluation.cost import describe
from digits.evaluation.measure import Measurement, at_threshold, confused_pairs, differences
from digits.spec import RUNS_DIR, version
from digits.speed import race

SCHEMA = 1
LIBRARIES = (
    "torch",
    "numpy",
    "onnxruntime",
    "scikit-learn",
    "matplotlib",
    "opencv-python-headless",
)


def facts(
    names: Sequence[str], tests: Sequence[Measurement], dataset: str, command: str
) -> dict[str, Any]:
    """All that was measured on the test tiles of a data set, and how it came about."""
    speeds = race([test.model for test in tests], tests[0].images)
    return {
        "schema": SCHEMA,
        "made": made(command),
        "data": {"name": dataset, "part": "test", "count": len(tests[0].labels)},
        "models": [
            {
                "name": name,
                "path": _within(test.model.path),
                "arch": test.model.card["arch"],
                "class_names": list(test.model.classes),
                "temperature": test.model.temperature,
                "train_seconds": stated(test, "train_seconds"),
                **test.summary,
                "read": at_threshold(test),
                "confused": confused_pairs(test),
                "suspected_labels": metrics.suspected_labels(
                    test.probabilities, test.labels
                ).tolist(),
                **describe(test.model, speed),
            }
            for name, test, speed in zip(names, tests, speeds, strict=True)
        ],
        "differences": differences(names, tests),
    }


def names_of(paths: Sequence[Path]) -> list[str]:
    """What models are called side by side: the shortest of stem, name and path that tells them
    apart."""
    stems, names = Counter(p.stem for p in paths), Counter(p.name for p in paths)
    return [
        path.stem if stems[path.stem] == 1 else path.name if names[path.name] == 1 else str(path)
        for path in paths
    ]


def _within(path: Path) -> str:
    """A path as seen from the working directory, if it lies in it."""
    whole, here = path.resolve(), Path.cwd()
    return str(whole.relative_to(here) if whole.is_relative_to(here) else path)


def made(command: str) -> dict[str, Any]:
    """When, by what, on what."""
    return {
        "at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "command": command,
        "digits": version(),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "libraries": {name: metadata.version(name) for name in LIBRARIES},
    }


def stated(test: Measurement, name: str) -> float | None:
    """A number that the model's card gives for itself, or the first of a list; None if none."""
    value = test.model.card["metrics"].get(name)
    value = value[0] if isinstance(value, list) and value else value
    return value if type(value) in (int, float) else None


EPOCH = {"epoch", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy"}


def history(path: Path) -> list[dict[str, float]]:
    """The table of epochs of the run that made a checkpoint; empty where it is not at hand.

    It lies beside the model of a run; models/best_model.pth is a copy of one of them.

    Raises:
        DigitsError: it is there and is no such table.
    """
    content = path.read_bytes()
    tables = [
        model.with_name("history.csv")
        for model in (path, *sorted(RUNS_DIR.glob("*/model.pth")))
        if model.with_name("history.csv").is_file()
        and model.stat().st_size == len(content)
        and model.read_bytes() == content
    ]
    if not tables:
        return []
    try:
        with tables[0].open(newline="", encoding="utf-8") as file:
            rows = [{key: float(row[key]) for key in EPOCH} for row in csv.DictReader(file)]
    except (OSError, ValueError, KeyError, TypeError, csv.Error):
        raise DigitsError(f"{tables[0]}: no table of epochs; remove it or train again") from None
    return rows
