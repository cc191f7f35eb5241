"""From logits and labels to figures: accuracy, loss, calibration, confusion, intervals.

Throughout: logits (N, K) float32, labels (N,) integers, probabilities (N, K) that sum to 1.
All ratios are fractions.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

TEMPERATURE_SPREAD = 0.5  # of its logarithm, before anything is measured: 0.6 to 1.6


def softmax(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Probabilities (N, K); a temperature above 1 makes them less sure."""
    scaled = logits.astype(np.float64) / temperature
    exponents = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return exponents / exponents.sum(axis=-1, keepdims=True)


def accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Share of rows whose largest logit is the label's."""
    return float((logits.argmax(axis=1) == labels).mean())


def wilson_interval(right: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """The 95% interval of a proportion (Wilson 1927), sound near 1 where the normal one is not."""
    share = right / total
    centre = share + z * z / (2 * total)
    spread = z * np.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    low, high = float((centre - spread) / scale), float((centre + spread) / scale)
    return max(0.0, low), min(1.0, high)  # rounding goes beyond


def negative_log_likelihood(
    logits: np.ndarray, labels: np.ndarray, temperature: float = 1.0
) -> float:
    """Mean of -log p(label), in nats."""
    probabilities = softmax(logits, temperature)[np.arange(len(labels)), labels]
    return max(0.0, float(-np.log(np.maximum(probabilities, 1e-12)).mean()))  # of 1 it is -0.0


def reliability(probabilities: np.ndarray, labels: np.ndarray) -> list[dict[str, float]]:
    """`binned` of the likeliest class of each row."""
    return binned(probabilities.max(axis=1), probabilities.argmax(axis=1) == labels)


def binned(confidence: np.ndarray, right: np.ndarray) -> list[dict[str, float]]:
    """The 15 equal bins of confidence (N,) that hold something: mean confidence, accuracy and
    count; `right` is bool (N,)."""
    bins = np.minimum((confidence * 15).astype(int), 14)
    return [
        {
            "confidence": float(confidence[bins == b].mean()),
            "accuracy": float(right[bins == b].mean()),
            "count": int((bins == b).sum()),
        }
        for b in np.unique(bins)
    ]


def expected_calibration_error(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean distance between confidence and accuracy over 15 bins (Guo et al. 2017, eq. 3)."""
    return calibration_error(reliability(probabilities, labels))


def calibration_error(bins: list[dict[str, float]]) -> float:
    """The same of bins as `binned` gives them; 0 of none."""
    gaps = [row["count"] * abs(row["confidence"] - row["accuracy"]) for row in bins]
    return float(sum(gaps) / max(1, sum(row["count"] for row in bins)))


def brier_score(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean squared distance between probabilities and the truth, summed over classes, 0..2
    (Brier 1950)."""
    truth = np.eye(probabilities.shape[1])[labels]
    return float(((probabilities - truth) ** 2).sum(axis=1).mean())


def risk_coverage(confidence: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coverage and risk (N,) as the threshold falls from answer to answer, both inputs (N,).

    Risk is the share of errors among the answers given, coverage the share of answers given
    (El-Yaniv & Wiener 2010).
    """
    order = np.argsort(-confidence, kind="stable")
    given = np.arange(1, len(right) + 1)
    return given / len(right), np.cumsum(~right[order]) / given


def mcnemar(right: np.ndarray, other_right: np.ndarray) -> tuple[int, int, float]:
    """How often only the one, and only the other, is right, and the exact two-sided p-value that
    they are equally good (McNemar 1947); both (N,) booleans of the same tiles."""
    only_one = int((right & ~other_right).sum())
    only_other = int((other_right & ~right).sum())
    split = only_one + only_other
    tail = sum(math.comb(split, few) for few in range(min(only_one, only_other) + 1))
    return only_one, only_other, min(1.0, 2 * tail / 2**split)


def false_positives_at_recall(known: np.ndarray, strange: np.ndarray, recall: float) -> float:
    """The share of strange things (M,) that score at least what the given share of the known ones
    (N,) reaches: with a recall of 0.95 what the field calls FPR95."""
    threshold = np.sort(known)[::-1][int(np.ceil(recall * len(known))) - 1]
    return float((strange >= threshold).mean())


def suspected_labels(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Indices of labels that are likely wrong, the likeliest first (confident learning, Northcutt,
    Jiang and Chuang 2021). The probabilities must be of a model that did not learn these labels.

    A class is likely for a tile whose probability for it reaches the mean that the tiles labelled
    so have. A label is suspected if the likeliest such class is another one; the order is by how
    far that class's probability is above the label's.
    """
    classes = probabilities.shape[1]
    mean = np.full(classes, np.inf)  # a class that labels nothing is never likely
    for k in np.unique(labels):
        mean[k] = probabilities[labels == k, k].mean() - 1e-6  # equal ones reach it
    likely = np.where(probabilities >= mean, probabilities, 0.0)
    margin = likely.max(axis=1) - probabilities[np.arange(len(labels)), labels]
    suspected = np.flatnonzero((likely.max(axis=1) > 0) & (likely.argmax(axis=1) != labels))
    return suspected[np.argsort(-margin[suspected], kind="stable")]


def edit_distance(text: str, other: str) -> int:
    """The fewest characters to insert, delete or replace that make one of the other
    (Levenshtein 1966)."""
    costs = list(range(len(other) + 1))
    for i, a in enumerate(text, 1):
        before, costs[0] = costs[0], i
        for k, b in enumerate(other, 1):
            before, costs[k] = costs[k], min(costs[k] + 1, costs[k - 1] + 1, before + (a != b))
    return costs[-1]


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature that minimises the loss on held-out data (Guo et al. 2017, section 4.2).

    It is the likeliest one where its logarithm is normal around 0 by TEMPERATURE_SPREAD: a few
    tiles that are all right would let it fall to its bound, 5,000 move it by less than 0.002.
    """
    from scipy.optimize import minimize_scalar

    def loss(log_t: float) -> float:
        unlikely = (log_t / TEMPERATURE_SPREAD) ** 2 / 2
        return negative_log_likelihood(logits, labels, np.exp(log_t)) + unlikely / len(labels)

    best = minimize_scalar(
        loss,
        bounds=(np.log(0.05), np.log(20)),
        method="bounded",
    )
    return float(np.exp(best.x))


def confusion_matrix(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """How often each class (rows) was taken for each (columns): (classes, classes)."""
    counts = np.bincount(labels * classes + predicted, minlength=classes * classes)
    return counts.reshape(classes, classes)


def summarise(
    logits: np.ndarray, labels: np.ndarray, classes: tuple[str, ...], temperature: float = 1.0
) -> dict[str, Any]:
    """All figures of one evaluation as plain data, ready for JSON."""
    probabilities = softmax(logits, temperature)
    predicted = logits.argmax(axis=1)
    right = int((predicted == labels).sum())
    confusion = confusion_matrix(labels, predicted, len(classes))
    return {
        "count": len(labels),
        "right": right,
        "accuracy": right / len(labels),
        "accuracy_interval_95": wilson_interval(right, len(labels)),
        "loss": negative_log_likelihood(logits, labels, temperature),
        "expected_calibration_error": expected_calibration_error(probabilities, labels),
        "expected_calibration_error_before": expected_calibration_error(softmax(logits), labels),
        "brier_score": brier_score(probabilities, labels),
        "classes": by_class(confusion, classes),
        "confusion": confusion.tolist(),
    }


def in_words(summary: dict[str, Any]) -> str:
    """The accuracy of `summarise`: `98.71% (95% interval 98.47..98.91%, 10,000 tiles)`."""
    low, high = summary["accuracy_interval_95"]
    return (
        f"{summary['accuracy']:.2%} "
        f"(95% interval {100 * low:.2f}..{100 * high:.2f}%, {summary['count']:,} tiles)"
    )


def by_class(confusion: np.ndarray, classes: Sequence[str]) -> dict[str, dict[str, float]]:
    """Precision, recall, F1 and support of the first K rows and columns of a confusion matrix
    (rows are labels), of which there may be more; a figure of nothing is 0."""
    hits, support, given = (
        part[: len(classes)]
        for part in (confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0))
    )
    precision, recall = hits / np.maximum(given, 1), hits / np.maximum(support, 1)
    f1 = 2 * hits / np.maximum(support + given, 1)
    return {
        name: {
            "precision": float(precision[i]),
            "recall": float(recall[i]),
            "f1": float(f1[i]),
            "support": int(support[i]),
        }
        for i, name in enumerate(classes)
    }
