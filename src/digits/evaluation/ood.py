"""How well things that a model does not know are turned away (out-of-distribution detection)."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from digits.data import Dataset, nondigits
from digits.errors import DigitsError
from digits.evaluation.measure import Measurement
from digits.evaluation.style import BLUE, INK, ORANGE, figure
from digits.metrics import false_positives_at_recall, softmax
from digits.spec import INPUT_SHAPE, NONE

MADE_UP = "made-up"  # what --ood means without a name
COUNT = 2000  # made-up tiles
SEED = 17
RECALL = 0.95
LOG_ODDS = np.linspace(-7, 10, 18)  # edges of the bins: log(p / (1 - p)), whole nats
SHOWN = (0.01, 0.1, 0.5, 0.9, 0.99, 0.999)  # of confidence, at the axis


def made_up() -> np.ndarray:
    """Non-digits (N, 1, 28, 28) uint8 of kinds that are never trained on; always the same."""
    return nondigits.make(COUNT, np.zeros((1, *INPUT_SHAPE), np.uint8), SEED, held_out=True)


def unknown(
    dataset: Dataset, known: Collection[str], shapes: Collection[tuple[int | None, ...]]
) -> np.ndarray:
    """The tiles (N, C, H, W) uint8 of classes that are not `known` to models that take tiles of
    these shapes: of a data set's test part, or all of one's own pictures.

    Raises:
        DigitsError: there are none, or they have another shape.
    """
    if set(shapes) != {dataset.shape}:
        raise DigitsError(f"--ood {dataset.name}: its tiles have another shape than a model's")
    parts = [dataset.test]
    if Path(dataset.name).exists():
        parts += [dataset.train, dataset.validation]
    strange = [k for k, name in enumerate(dataset.classes) if name not in known or name == NONE]
    images = np.concatenate([
        part.images.cpu().numpy()[np.isin(part.labels.cpu().numpy(), strange)] for part in parts
    ])  # fmt: skip
    if not len(images):
        raise DigitsError(f"--ood {dataset.name}: the models know all its classes; name another")
    return images


def measure(
    names: Sequence[str], tests: Sequence[Measurement], strange: np.ndarray, source: str
) -> dict[str, Any]:
    """How far the confidence tells the test tiles from strange ones, as plain data."""
    rows = [_row(test, strange) for test in tests]
    return {
        "source": source,
        "bins": (1 / (1 + np.exp(-LOG_ODDS))).tolist(),
        "count": len(strange),
        "known_count": len(tests[0].labels),
        "models": dict(zip(names, rows, strict=True)),
    }


def _row(test: Measurement, strange: np.ndarray) -> dict[str, Any]:
    from sklearn.metrics import roc_auc_score

    known = [name != NONE for name in test.model.classes]
    taken = softmax(test.model(strange), test.model.temperature)[:, known].max(axis=1)
    read = test.model.thresholds.get("read")
    truth = np.repeat([1, 0], [len(test.confidence), len(taken)])
    return {
        "auroc": float(roc_auc_score(truth, np.concatenate([test.confidence, taken]))),
        "false_positives_at_95_recall": false_positives_at_recall(test.confidence, taken, RECALL),
        "threshold": read,
        "taken_for_read": None if read is None else float((taken >= read).mean()),
        "histogram": [_histogram(confidence) for confidence in (test.confidence, taken)],
    }


def log_odds(confidence: Any) -> np.ndarray:
    """Confidence in nats: 0 for 50%, 4.6 for 99%, no less and no more than the bins hold."""
    tiny = np.finfo(float).eps
    inside = np.clip(np.asarray(confidence, float), tiny, 1 - tiny)
    return np.clip(np.log(inside / (1 - inside)), LOG_ODDS[0], LOG_ODDS[-1])


def _histogram(confidence: np.ndarray) -> list[int]:
    """How many in each bin; the first and the last hold what is beyond them too."""
    return np.histogram(log_odds(confidence), LOG_ODDS)[0].tolist()


def table(found: dict[str, Any]) -> str:
    """A line a model, for a terminal."""
    wide = max(5, *map(len, found["models"]))
    lines = [
        f"{found['count']:,} tiles of nothing that the models know ({found['source']})",
        f"{'model':{wide}}  {'AUROC':>7}  at 95% recall  read",
    ]
    for who, row in found["models"].items():
        taken = row["false_positives_at_95_recall"]
        read = "-" if row["taken_for_read"] is None else f"{row['taken_for_read']:.2%}"
        lines.append(f"{who:{wide}}  {row['auroc']:7.4f}  {taken:13.2%}  {read}")
    return "\n".join(lines)


def draw(path: Path, found: dict[str, Any]) -> Path:
    """A histogram of confidence a model, as log-odds: of the known tiles and the strange
    ones; the threshold is a line."""
    models, least = found["models"], 1e-4
    with figure(path, 1, len(models), (max(6, 4.6 * len(models)), 3.6)) as axes:
        for axis, (who, row) in zip(axes[0], models.items(), strict=True):
            for counts, colour, what in zip(
                row["histogram"], (BLUE, ORANGE), ("known", "strange"), strict=True
            ):
                share = np.maximum(np.array(counts) / sum(counts), least)
                axis.stairs(share, LOG_ODDS, baseline=least, color=colour, linewidth=2, label=what)
            if row["threshold"] is not None:
                axis.axvline(
                    log_odds(row["threshold"]), color=INK, linestyle=":", label="read from"
                )
            axis.set(title=f"{who}: AUROC {row['auroc']:.4f}", xlabel="confidence", yscale="log")
            axis.set(xlim=LOG_ODDS[[0, -1]], ylim=(least, 1))
            axis.set_xticks(log_odds(SHOWN), [f"{100 * p:g}%" for p in SHOWN])
            axis.yaxis.set_major_formatter(lambda share, _: f"{100 * share:g}%")
        axes[0][0].set_ylabel("share of the tiles")
        axes[0][0].legend(loc="upper left")
    return path
