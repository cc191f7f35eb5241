"""Corruptions: tiles in, tiles out, worse level by level, and each does what its name says."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from digits import data
from digits.classifier import Classifier
from digits.data import Split
from digits.evaluation import measure, robustness
from digits.evaluation.corruptions import CORRUPTIONS, rotate, shift, shrink
from digits.evaluation.measure import Measurement
from digits.evaluation.robustness import at_level


@pytest.fixture(scope="module")
def tiles() -> np.ndarray:
    """UCI's test tiles (20, 1, 28, 28) uint8."""
    return data.load("uci").test.images[:20].numpy()


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_each_keeps_the_contract_of_tiles_and_repeats_itself(name: str, tiles: np.ndarray) -> None:
    for level in range(5):
        before = tiles.copy()
        worse = at_level(CORRUPTIONS[name], tiles, level)
        assert worse.shape == tiles.shape and worse.dtype == np.uint8
        assert (tiles == before).all() and (
            worse == at_level(CORRUPTIONS[name], tiles, level)
        ).all()


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_each_level_is_farther_from_the_clean_tile(name: str, tiles: np.ndarray) -> None:
    distance = [
        np.abs(at_level(CORRUPTIONS[name], tiles, level).astype(float) - tiles).mean()
        for level in range(5)
    ]
    assert distance[0] > 0 and distance == sorted(distance)


@pytest.mark.parametrize("name, sign", [
    ("thicker", 1), ("thinner", -1), ("faint ink", -1), ("smaller", -1),
])  # fmt: skip
def test_ink_grows_or_goes(name: str, sign: int, tiles: np.ndarray) -> None:
    ink = [at_level(CORRUPTIONS[name], tiles, level).mean() for level in range(5)]
    assert [sign * value for value in ink] == sorted(sign * value for value in ink)
    assert sign * (ink[0] - tiles.mean()) > 0


def test_warps_are_those_of_opencv(tiles: np.ndarray) -> None:
    """About the tile's centre: a rotation and a scale against OpenCV's own matrix."""
    rng = np.random.default_rng(0)
    turned = rotate(tiles[:, 0], 30, rng)
    signs = np.random.default_rng(0).choice([-1.0, 1.0], len(tiles))
    for tile, sign, result in zip(tiles[:, 0], signs, turned, strict=True):
        matrix = cv2.getRotationMatrix2D((13.5, 13.5), 30 * sign, 1)
        assert np.abs(cv2.warpAffine(tile, matrix, (28, 28)).astype(int) - result).max() <= 1
    matrix = cv2.getRotationMatrix2D((13.5, 13.5), 0, 0.5)
    assert (
        cv2.warpAffine(tiles[0, 0], matrix, (28, 28)) == shrink(tiles[:1, 0], 0.5, rng)[0]
    ).all()


def test_a_shift_moves_every_pixel(tiles: np.ndarray) -> None:
    for tile, moved in zip(
        tiles[:, 0], shift(tiles[:, 0], 3, np.random.default_rng(1)), strict=True
    ):
        whole = np.pad(tile, 3)
        ways = [whole[y : y + 28, x : x + 28] for y, x in ((3, 6), (3, 0), (6, 3), (0, 3))]
        assert sum((way == moved).all() for way in ways) == 1


CARD = {"arch": "tiny", "metrics": {}, "config": {}, "versions": {}}


def measured(forward: Callable[[np.ndarray], np.ndarray], tiles: np.ndarray) -> Measurement:
    """A model that answers class 1 or not, on tiles that all are a 1."""
    labels = torch.ones(len(tiles), dtype=torch.int64)
    model = Classifier(forward, Path("x.onnx"), card=CARD)
    return measure(model, Split(torch.from_numpy(tiles), labels))


def test_curves_measure_what_they_say(tiles: np.ndarray) -> None:
    """A model that calls everything with little ink a 1: right on faint tiles only."""

    def forward(images: np.ndarray) -> np.ndarray:
        faint = images.mean(axis=(1, 2, 3)) < 0.5 * tiles.mean(axis=(1, 2, 3))[: len(images)]
        return np.eye(10, dtype=np.float32)[faint.astype(int)]

    curves = robustness.sweep(["x"], [measured(forward, tiles)])["curves"]
    assert curves["count"] == 20
    assert curves["by"]["faint ink"]["accuracy"]["x"] == [0, 0, 0, 1, 1, 1]
    assert curves["by"]["thicker"]["accuracy"]["x"] == [0] * 6


def test_the_mean_error_is_held_against_the_clean_one(tiles: np.ndarray) -> None:
    """A model that is right on all but the first tile, and on none with much ink: of MNIST-C's
    corruptions these are brightness, stripe and fog."""

    def forward(images: np.ndarray) -> np.ndarray:
        right = images.mean(axis=(1, 2, 3)) < 100
        right[0] = False
        return np.eye(10, dtype=np.float32)[right.astype(int)]

    found = robustness.sweep(["x"], [measured(forward, tiles)])
    assert found["clean"]["x"] == 19 / 20 and found["count"] == 20
    by = {name: row["x"] for name, row in found["corruptions"].items()}
    assert by["brightness"] == by["stripe"] == 0 and by["shear"] == by["zigzag"] == 19 / 20
    assert found["mean_error"]["x"] == pytest.approx(1 - np.mean(list(by.values())))
    assert found["relative_error"]["x"] == pytest.approx(20 * found["mean_error"]["x"])
    assert by[found["worst"]["x"]] == 0
    assert "x clean" in robustness.table(found)


def test_without_an_error_there_is_nothing_to_hold_against(tiles: np.ndarray) -> None:
    def forward(images: np.ndarray) -> np.ndarray:
        return np.eye(10, dtype=np.float32)[np.ones(len(images), int)]

    found = robustness.sweep(["x"], [measured(forward, tiles)])
    assert found["mean_error"]["x"] == 0 and found["relative_error"]["x"] is None
    assert robustness.table(found).count("-") >= 1
