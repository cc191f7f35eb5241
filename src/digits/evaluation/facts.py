"""What metrics.json holds: all numbers of a report as plain data; docs/report.md is its schema."""

import csv
import math
import os
import platform
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path
from typing import Any

from digits import card, metrics
from digits.classifier import Classifier
from digits.errors import DigitsError
from digits.evaluation.cost import cost, describe
from digits.evaluation.measure import Measurement, at_threshold, confused_pairs, differences
from digits.spec import RUNS_DIR, version
from digits.speed import race

SCHEMA = 2
LIBRARIES = (
    "torch",
    "numpy",
    "onnxruntime",
    "scikit-learn",
    "matplotlib",
    "opencv-python-headless",
)


def begin(names: Sequence[str], models: Sequence[Classifier], command: str) -> dict[str, Any]:
    """Which models are measured, and how it came about; no data set yet."""
    return {
        "schema": SCHEMA,
        "made": made(command),
        "data": None,
        "models": [
            {**_identity(name, model), **cost(model)}
            for name, model in zip(names, models, strict=True)
        ],
        "differences": [],
    }


def of_tiles(names: Sequence[str], tests: Sequence[Measurement], dataset: str) -> dict[str, Any]:
    """All that was measured on the test tiles of a data set."""
    speeds = race([test.model for test in tests], tests[0].images)
    return {
        "data": {"name": dataset, "part": "test", "count": len(tests[0].labels)},
        "models": [
            {
                **_identity(name, test.model),
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


def _identity(name: str, model: Classifier) -> dict[str, Any]:
    return {
        "name": name,
        "path": _within(model.path),
        "arch": model.card["arch"],
        "class_names": list(model.classes),
        "temperature": model.temperature,
        "train_seconds": stated(model, "train_seconds"),
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
        "libraries": {name: version_of(name) for name in LIBRARIES},
    }


def version_of(name: str) -> str | None:
    """Of a library; None where it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def stated(model: Classifier, name: str) -> float | None:
    """A number that the model's card gives for itself, or the first of a list; None if none."""
    value = model.card["metrics"].get(name)
    value = value[0] if isinstance(value, list) and value else value
    return value if type(value) in (int, float) and math.isfinite(value) else None


def history(model: Classifier) -> list[dict[str, float]]:
    """The table of epochs of the run that made a model: its card keeps it, or, of before, a file of
    the run's folder; empty where it is not at hand.

    Raises:
        DigitsError: the file is there and is no such table.
    """
    return card.history_of(model.card) or _in_runs(model.path)


def _in_runs(path: Path) -> list[dict[str, float]]:
    """From a folder of runs, here or beside the model; it may be a copy of the model of one."""
    content = path.read_bytes()
    runs = sorted((*RUNS_DIR.glob("*/model.pth"), *path.parent.glob("runs/*/model.pth")))
    tables = [
        model.with_name("history.csv")
        for model in (path, *runs)
        if model.with_name("history.csv").is_file()
        and model.stat().st_size == len(content)
        and model.read_bytes() == content
    ]
    if not tables:
        return []
    try:
        with tables[0].open(newline="", encoding="utf-8") as file:
            rows = [{key: float(row[key]) for key in card.EPOCHS} for row in csv.DictReader(file)]
    except (OSError, ValueError, KeyError, TypeError, csv.Error):
        raise DigitsError(f"{tables[0]}: no table of epochs; remove it or train again") from None
    return rows
