"""The parts of an evaluation: what each needs, what it measures, its table for a terminal."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from digits.classifier import Classifier
from digits.data import Dataset, Split
from digits.errors import DigitsError
from digits.evaluation import (
    baselines,
    explain,
    facts,
    labelled,
    numbers,
    ood,
    pictures,
    printed,
    robustness,
)
from digits.evaluation.judged import Answered
from digits.evaluation.labelled import Labels
from digits.evaluation.measure import Measurement, measure
from digits.evaluation.pictures import Reads
from digits.extras import required
from digits.spec import INPUT_SHAPE

NO_LABELS = Labels("", [])


@dataclass(frozen=True)
class Material:
    """What is measured: `models` called `names`, on a data set, on a user's own pictures, or both;
    `strange` are tiles (N, C, H, W) uint8 of what they do not know, from `ood_source`."""

    names: list[str]
    models: list[Classifier]
    data_dir: Path
    dataset: Dataset | None = None
    labels: Labels = NO_LABELS
    reads: Reads | None = None
    strange: np.ndarray | None = None
    ood_source: str = ""

    @property
    def tiles(self) -> Dataset:
        """The data set, which is there."""
        assert self.dataset
        return self.dataset

    @property
    def reading(self) -> Reads:
        """How pictures are read, which is there."""
        assert self.reads
        return self.reads

    @property
    def unknown(self) -> np.ndarray:
        """The tiles of what the models do not know, which are there."""
        assert self.strange is not None
        return self.strange

    @cached_property
    def splits(self) -> list[Split]:
        """The test tiles, with labels as each model's classes go."""
        return [self.tiles.known_to(m.classes, m.shape).test for m in self.models]

    @cached_property
    def tests(self) -> list[Measurement]:
        return [measure(*pair) for pair in zip(self.models, self.splits, strict=True)]

    @cached_property
    def answered(self) -> list[Answered]:
        """What each model answers to the user's pictures."""
        return [pictures.read(self.labels, model, self.reading) for model in self.models]


@dataclass(frozen=True)
class Part:
    """`check` raises what is wrong with the material before anything is measured; `measure` gives
    plain data for metrics.json, and `table` what of it all is printed."""

    check: Callable[[Material], object]
    measure: Callable[[Material], dict[str, Any]]
    table: Callable[[dict[str, Any]], str]


def _check_pictures(it: Material) -> None:
    labelled.check(it.labels.items, it.models)
    for model in it.models:
        it.reading.check(model)
    for name in it.labels.empty:
        print(f"warning: {it.labels.source}: no pictures labelled {name}", file=sys.stderr)


def _check_tiles(it: Material) -> list[Split]:
    it.tiles.require("test")
    return it.splits


def _check_baselines(it: Material) -> None:
    required("sklearn", "--baselines")
    it.tiles.require("train")


def _check_grey(it: Material, flag: str) -> None:
    if it.tiles.shape != INPUT_SHAPE:
        raise DigitsError(f"{flag} is for grey tiles of 28x28 pixels alone")


def _check_robustness(it: Material) -> None:
    _check_grey(it, "--robustness")
    required("scipy", "--robustness")


def check_explain(it: Material) -> None:
    """Whether `--explain` can draw what these models looked at.

    Raises:
        DigitsError: the tiles are of another shape, or Captum is missing.
    """
    _check_grey(it, "--explain")
    for model in it.models:
        explain.check(model)


PARTS = {  # by the flag that asks for it
    "folder": Part(
        _check_pictures,
        lambda it: {
            "pictures": pictures.measure(it.labels, it.names, it.answered, it.reading.expect)
        },
        lambda found: printed.pictures(found["pictures"]),
    ),
    "tiles": Part(
        _check_tiles,
        lambda it: facts.of_tiles(it.names, it.tests, it.tiles.name),
        printed.table,
    ),
    "robustness": Part(
        _check_robustness,
        lambda it: {"robustness": robustness.sweep(it.names, it.tests)},
        lambda found: robustness.table(found["robustness"]),
    ),
    "ood": Part(
        lambda it: required("sklearn", "--ood"),
        lambda it: {"ood": ood.measure(it.names, it.tests, it.unknown, it.ood_source)},
        lambda found: ood.table(found["ood"]),
    ),
    "numbers": Part(
        lambda it: numbers.digits_of(it.models[0], it.splits[0].arrays[1]),
        lambda it: {"numbers": numbers.measure(it.names, it.tests, it.data_dir)},
        lambda found: numbers.table(found["numbers"]),
    ),
    "baselines": Part(
        _check_baselines,
        lambda it: {"baselines": baselines.measure(it.tiles.train, it.tiles.test)},
        lambda found: baselines.table(found["baselines"], found["models"]),
    ),
}
