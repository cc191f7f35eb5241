"""How sure a trained model may be: its temperature, and the thresholds of what counts as read."""

import numpy as np
import torch
from torch import nn

from digits import metrics
from digits.data import Split, extras
from digits.data.augment import augment
from digits.data.extras import Extras
from digits.spec import NONE
from digits.training.config import TrainConfig
from digits.training.step import logits_of

SHARE = 0.2  # of drawn digits and of non-digits, against validation tiles, in what is rehearsed
REHEARSED = 2000  # tiles at least: with errors of 0.5% ten of them may be wrong
TOGETHER = 8192  # tiles that are distorted at a time: each takes up to 24 kB on the way
SEED = 2**31  # not one that a run draws its training tiles with


def calibrate(
    model: nn.Module, validation: Split, config: TrainConfig
) -> tuple[float, dict[str, float]]:
    """Temperature, and thresholds for `reading`.

    The temperature is fitted on validation as it is. A threshold from there would be far too low:
    handwriting out in the world is harder. So it is set on a rehearsal: validation tiles as
    distorted as those trained on, elastically at least, and with them digits drawn in other styles
    than MNIST's if the tiles are framed digits, and non-digits where the model was trained to meet
    them; no hands, of whose labels one in a hundred is wrong, and whose letters may be digits.
    `read` is the least probability above which at most `max_error` of the answers are wrong; a few
    tiles are distorted many times, as one wrong among them would be too many for any threshold.
    """
    device = next(model.parameters()).device
    clean = validation.to(device)
    labels = validation.labels.cpu().numpy()
    temperature = metrics.fit_temperature(logits_of(model, clean.images).cpu().numpy(), labels)

    cpu = validation.to(torch.device("cpu"))
    more = Extras(SHARE * config.adds_digits, SHARE * bool(config.nondigits))
    rehearsal = extras.extend(cpu, more, SEED)
    policy = "elastic" if config.augment in ("none", "light", "elastic") else "strong"
    generator = torch.Generator().manual_seed(SEED)
    often = -(-REHEARSED // len(rehearsal))
    logits = np.concatenate([
        logits_of(model, augment(some, policy, generator).to(device)).cpu().numpy()
        for _ in range(often)
        for some in rehearsal.images.split(TOGETHER)
    ])  # fmt: skip
    truth = np.tile(rehearsal.labels.numpy(), often)
    known = np.array([i for i, name in enumerate(config.classes) if name != NONE])
    probabilities = metrics.softmax(logits, temperature)[:, known]
    right = known[probabilities.argmax(axis=1)] == truth
    read = threshold(probabilities.max(axis=1), right, config.max_error)
    return temperature, {"read": read}


def threshold(confidence: np.ndarray, right: np.ndarray, max_error: float) -> float:
    """The least confidence from which on at most `max_error` of the answers are wrong; both (N,).

    1.0 where no confidence is enough. (A risk-coverage curve: El-Yaniv & Wiener 2010.)
    """
    order = np.argsort(-confidence, kind="stable")
    errors = np.cumsum(~right[order]) / np.arange(1, len(right) + 1)
    ranked = confidence[order]
    is_last = np.append(ranked[1:] != ranked[:-1], True)  # of those that are equally sure
    good = np.flatnonzero((errors <= max_error) & is_last)
    return float(ranked[good[-1]]) if len(good) else 1.0
