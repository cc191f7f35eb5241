"""Thresholds and mixes against worked-out cases."""

import math

import numpy as np
import pytest
import torch

from digits import archs
from digits.data import Dataset, Split, extras
from digits.metrics import negative_log_likelihood
from digits.spec import NONE
from digits.training import calibrate as calibrating
from digits.training.calibrate import SEED, SHARE, calibrate, threshold
from digits.training.config import TrainConfig
from digits.training.step import logits_of


def test_threshold_is_the_least_that_keeps_the_error() -> None:
    confidence = np.array([0.5, 0.9, 0.8, 0.7, 0.6, 0.4])
    right = np.array([True, True, True, False, True, False])
    assert threshold(confidence, right, max_error=0.2) == 0.5  # 1 wrong of 5
    assert threshold(confidence, right, max_error=0.0) == 0.8
    assert threshold(confidence, right, max_error=0.34) == 0.4  # 2 wrong of 6
    assert threshold(confidence, ~right, max_error=0.0) == 1.0
    equal = np.array([0.9] * 10 + [0.95])  # of those that are equally sure all are read, or none
    assert threshold(equal, np.array([True] * 9 + [False, True]), max_error=0.05) == 0.95


def test_the_threshold_is_that_of_the_rehearsal(uci: Dataset) -> None:
    """An untrained model is wrong nine times of ten: what is promised decides what may be read."""
    torch.manual_seed(0)
    model = archs.create("cnn3")
    promises = (0.001, 0.88, 1.0)
    few, more, every = (
        calibrate(model, uci.validation, TrainConfig(arch="cnn3", max_error=promise))[1]["read"]
        for promise in promises
    )
    assert few > more > every and 0.1 < every < 0.2


@pytest.mark.parametrize(("policy", "nondigits", "rehearsed"), [
    ("none", 0.0, "elastic"), ("light", 0.1, "elastic"), ("strong", 0.0, "strong"),
    ("mixed", 0.1, "strong"), ("spoiled", 0.1, "strong"),
])  # fmt: skip
def test_what_is_rehearsed(
    uci: Dataset, monkeypatch: pytest.MonkeyPatch, policy: str, nondigits: float, rehearsed: str
) -> None:
    """Distorted tiles, a fifth as many drawn digits, and non-digits if training had some; few of
    them many times."""
    seen: list[tuple[str, int]] = []

    def augment(images: torch.Tensor, name: str, generator: torch.Generator) -> torch.Tensor:
        seen.append((name, len(images)))
        return images.float()

    monkeypatch.setattr(calibrating, "augment", augment)
    config = TrainConfig(arch="micro", nondigits=nondigits, augment=policy)
    calibrate(archs.create("micro", len(config.classes)), uci.validation, config)
    fifth = round(0.2 * len(uci.validation))
    count = len(uci.validation) + fifth * (2 if nondigits else 1)
    assert seen == [(rehearsed, count)] * math.ceil(2000 / count) and len(seen) > 1


def test_the_threshold_is_one_of_digits_alone(
    uci: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that always holds `none` likeliest, and of the digits the right one."""
    config = TrainConfig(arch="micro", nondigits=0.1, max_error=0.0)
    logits = torch.nn.functional.one_hot(uci.validation.labels, len(config.classes)).float()
    logits[:, config.classes.index(NONE)] = 4.0
    monkeypatch.setattr(extras, "extend", lambda split, *_: split)
    monkeypatch.setattr(calibrating, "logits_of", lambda *_: logits)
    _, thresholds = calibrate(archs.create("micro", 11), uci.validation, config)
    assert thresholds["read"] < 0.5


def test_no_drawn_digits_are_rehearsed_among_whole_pictures(
    uci: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are of another size and look."""
    seen: list[extras.Extras] = []
    monkeypatch.setattr(extras, "extend", lambda split, more, _: seen.append(more) or split)
    for frame in ("digit", "none"):
        calibrate(archs.create("micro"), uci.validation, TrainConfig(arch="micro", frame=frame))
    assert [more.drawn for more in seen] == [SHARE, 0]


def test_no_training_drew_the_digits_that_are_rehearsed(uci: Dataset) -> None:
    def drawn(seed: int) -> Split:
        return extras.extend(uci.validation, extras.Extras(SHARE), seed)[len(uci.validation) :]

    rehearsed = drawn(SEED).images
    assert not any(torch.equal(rehearsed, drawn(seed).images) for seed in range(3))


def test_mix_adds_what_it_says_and_repeats_itself(uci: Dataset) -> None:
    first, same = (extras.extend(uci.train, extras.Extras(0.1, 0.05), seed=1) for _ in range(2))
    assert len(first) == 1317 + 132 + 66
    assert (first.labels[-66:] == extras.NONE_LABEL).all()
    assert first.labels[1317:-66].max() == 9
    assert torch.equal(first.images, same.images) and first.images.dtype == torch.uint8
    assert torch.equal(first.images[:1317], uci.train.images)
    other = extras.extend(uci.train, extras.Extras(0.1, 0.05), seed=2)
    assert not torch.equal(first.images, other.images)


@pytest.mark.parametrize("nondigits", [0.0, 0.1])
def test_calibration_lowers_the_loss_and_keeps_the_promise(uci: Dataset, nondigits: float) -> None:
    config = TrainConfig(arch="cnn3", nondigits=nondigits, augment="light")
    torch.manual_seed(0)
    model = archs.create("cnn3", len(config.classes))  # untrained: far from calibrated
    temperature, thresholds = calibrate(model, uci.validation, config)
    logits, labels = logits_of(model, uci.validation.images).numpy(), uci.validation.labels.numpy()
    calibrated = negative_log_likelihood(logits, labels, temperature)
    assert calibrated < negative_log_likelihood(logits, labels, 1.0)
    assert 0.1 < thresholds["read"] <= 1
