"""Maps of what a model looked at: against known models, and changed by other weights."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from torch import nn

from digits import checkpoint, classifier
from digits.classifier import Classifier
from digits.data import Dataset
from digits.errors import DigitsError
from digits.evaluation import explain, measure
from digits.evaluation.explain import grad_cam, integrated_gradients, occlusion

TINY = classifier.shipped()["tiny"]


def network() -> nn.Module:
    return checkpoint.build(checkpoint.load(TINY.with_suffix(".pth")))


def randomised() -> nn.Module:
    torch.manual_seed(0)
    other = network()
    for layer in other.modules():
        if hasattr(layer, "reset_parameters"):
            layer.reset_parameters()
    return other


def as_classifier(model: nn.Module) -> Classifier:
    def forward(tiles: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return model(torch.from_numpy(tiles)).numpy()

    return Classifier(forward, TINY)


@pytest.fixture(scope="module")
def tiles(uci: Dataset) -> np.ndarray:
    return uci.test.images[:12, 0].numpy()


def test_occlusion_finds_the_one_place_that_counts() -> None:
    """A model that is sure of a 3 as long as the pixel (8, 20) is ink."""

    def forward(images: np.ndarray) -> np.ndarray:
        logits = np.zeros((len(images), 10), np.float32)
        logits[:, 3] = images[:, 0, 8, 20] / 20
        return logits

    tile = np.full((28, 28), 200, np.uint8)
    found = occlusion(Classifier(forward, TINY), tile, 3)
    marked = np.argwhere(found > 0.1)
    assert found.shape == (28, 28) and (abs(found[:6]) < 1e-9).all()
    assert abs(marked.mean(axis=0) - [8.5, 20.5]).max() <= 1
    assert (occlusion(Classifier(forward, TINY), tile, 5) <= 0).all()


def test_integrated_gradients_sum_to_the_difference_in_logits(tiles: np.ndarray) -> None:
    pytest.importorskip("captum")
    model = network()
    for tile in tiles[:3]:
        images = torch.from_numpy(np.stack([tile, np.zeros_like(tile)])[:, None])
        with torch.inference_mode():
            logits = model(images)
        target = int(logits[0].argmax())
        difference = float(logits[0, target] - logits[1, target])
        assert integrated_gradients(model, tile, target).sum() == pytest.approx(
            difference, rel=0.05
        )


@pytest.mark.slow
def test_maps_change_when_the_weights_are_random(tiles: np.ndarray) -> None:
    """The sanity check of Adebayo et al. 2018: a map that stays shows the picture, not the model.

    Ranks are compared where there is ink: elsewhere maps are alike because nothing is there.
    """
    pytest.importorskip("captum")
    trained, random = network(), randomised()
    methods = {
        "occlusion": lambda model, *pair: occlusion(as_classifier(model), *pair),
        "Grad-CAM": grad_cam,
        "integrated gradients": integrated_gradients,
    }
    for name, method in methods.items():
        alike = []
        for tile in tiles:
            target = int(as_classifier(trained)(tile[None, None]).argmax())
            ink = tile > 64
            pair = [method(model, tile, target)[ink] for model in (trained, random)]
            assert np.ptp(pair[0]) > 0, name
            alike.append(abs(spearmanr(*pair).statistic) if np.ptp(pair[1]) > 0 else 0.0)
        assert np.mean(alike) < 0.5, (name, np.mean(alike))


def test_a_network_without_convolutions_has_no_grad_cam(tiles: np.ndarray) -> None:
    assert grad_cam(nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), tiles[0], 3) is None


def test_an_artefact_needs_no_captum_and_a_checkpoint_says_so(
    uci: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "captum", None)
    explain.draw(tmp_path / "maps.png", measure(classifier.load(TINY), uci.test[:40]))
    assert (tmp_path / "maps.png").stat().st_size > 5000
    test = measure(classifier.load(TINY.with_suffix(".pth")), uci.test[:40])
    with pytest.raises(DigitsError, match=r"pip install '.*\[explain\]'"):
        explain.draw(tmp_path / "more.png", test)


def test_errors_come_first_the_surest_of_them(uci: Dataset) -> None:
    test = measure(classifier.load(TINY), uci.test)
    chosen, found = explain.maps(test)
    wrong = chosen[: explain.SHOWN]
    assert not test.right[wrong].any() and test.right[chosen[explain.SHOWN :]].all()
    assert test.confidence[wrong[0]] == test.confidence[~test.right].max()
    assert set(found) == {"occlusion"} and len(found["occlusion"]) == len(chosen)
