"""Thresholds and mixes against worked-out cases."""

from pathlib import Path

import numpy as np
import pytest
import torch

from digits import archs
from digits.data import Dataset, extras
from digits.metrics import negative_log_likelihood
from digits.training.calibrate import calibrate, threshold
from digits.training.config import TrainConfig
from digits.training.step import logits_of


def test_threshold_is_the_least_that_keeps_the_error() -> None:
    confidence = np.array([0.5, 0.9, 0.8, 0.7, 0.6, 0.4])
    right = np.array([True, True, True, False, True, False])
    assert threshold(confidence, right, max_error=0.2) == 0.5  # 1 wrong of 5
    assert threshold(confidence, right, max_error=0.0) == 0.8
    assert threshold(confidence, right, max_error=0.34) == 0.4  # 2 wrong of 6
    assert threshold(confidence, ~right, max_error=0.0) == 1.0


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
    temperature, thresholds = calibrate(model, uci.validation, config, Path())
    logits, labels = logits_of(model, uci.validation.images).numpy(), uci.validation.labels.numpy()
    calibrated = negative_log_likelihood(logits, labels, temperature)
    assert calibrated < negative_log_likelihood(logits, labels, 1.0)
    assert 0.1 < thresholds["read"] <= 1
