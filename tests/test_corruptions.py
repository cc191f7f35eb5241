"""Corruptions: tiles in, tiles out, worse level by level, and each does what its name says."""

import cv2
import numpy as np
import pytest

from digits import data
from digits.evaluation import robustness
from digits.evaluation.corruptions import CORRUPTIONS, rotate, shift, shrink
from digits.evaluation.robustness import corrupted


@pytest.fixture(scope="module")
def tiles() -> np.ndarray:
    """UCI's test tiles (20, 1, 28, 28) uint8."""
    return data.load("uci").test.images[:20].numpy()


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_each_keeps_the_contract_of_tiles_and_repeats_itself(name: str, tiles: np.ndarray) -> None:
    for level in range(5):
        before = tiles.copy()
        worse = corrupted(CORRUPTIONS[name], tiles, level)
        assert worse.shape == tiles.shape and worse.dtype == np.uint8
        assert (tiles == before).all() and (
            worse == corrupted(CORRUPTIONS[name], tiles, level)
        ).all()


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_each_level_is_farther_from_the_clean_tile(name: str, tiles: np.ndarray) -> None:
    distance = [
        np.abs(corrupted(CORRUPTIONS[name], tiles, level).astype(float) - tiles).mean()
        for level in range(5)
    ]
    assert distance[0] > 0 and distance == sorted(distance)


@pytest.mark.parametrize("name, sign", [
    ("thicker", 1), ("line across", 1), ("grey paper", 1),
    ("thinner", -1), ("gap", -1), ("faint ink", -1), ("smaller", -1),
])  # fmt: skip
def test_ink_grows_or_goes(name: str, sign: int, tiles: np.ndarray) -> None:
    ink = [corrupted(CORRUPTIONS[name], tiles, level).mean() for level in range(5)]
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


def test_a_sweep_measures_what_it_says(tiles: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that calls everything with little ink a 1: right on faint tiles only."""
    from pathlib import Path

    import torch

    from digits.classifier import Classifier
    from digits.data import Split
    from digits.evaluation import measure

    def forward(images: np.ndarray) -> np.ndarray:
        faint = images.mean(axis=(1, 2, 3)) < 0.5 * tiles.mean(axis=(1, 2, 3))[: len(images)]
        return np.eye(10, dtype=np.float32)[faint.astype(int)]

    card = {"arch": "tiny", "metrics": {}, "config": {}, "versions": {}}
    labels = torch.ones(20, dtype=torch.int64)
    test = measure(
        Classifier(forward, Path("x.onnx"), card=card), Split(torch.from_numpy(tiles), labels)
    )
    found = robustness.sweep(["x"], [test])
    assert found["clean"] == {"x": 0.0} and found["count"] == 20
    assert found["corruptions"]["faint ink"]["accuracy"]["x"] == [0, 0, 1, 1, 1]
    assert found["corruptions"]["thicker"]["accuracy"]["x"] == [0] * 5
    every = [row["accuracy"]["x"] for row in found["corruptions"].values()]
    assert found["mean"]["x"] == pytest.approx(np.mean(every))
