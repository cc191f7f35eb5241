"""What is measured of classifiers that answer what a test wants."""

from pathlib import Path

import numpy as np
import torch

from digits.classifier import Classifier
from digits.data import Split
from digits.evaluation import measure
from digits.evaluation.measure import Measurement


def stand_in(logits: np.ndarray, name: str = "stand_in.onnx", **more: object) -> Classifier:
    """A classifier that answers these logits whatever it is shown."""
    card = {"arch": "tiny", "metrics": {}, "config": {}, "versions": {}}
    return Classifier(lambda tiles: logits[: len(tiles)], Path(name), card=card, **more)  # type: ignore[arg-type]


def measured(predicted: list[int], labels: list[int], **more: object) -> Measurement:
    """One whose answers are as given, each a little less sure than the one before."""
    logits = np.zeros((len(labels), 10), np.float32)
    logits[np.arange(len(labels)), predicted] = 9 - 0.1 * np.arange(len(labels))
    split = Split(torch.zeros(len(labels), 1, 28, 28, dtype=torch.uint8), torch.tensor(labels))
    return measure(stand_in(logits, **more), split)
