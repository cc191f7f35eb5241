"""What the field used before: scikit-learn's estimators on the same tiles, with their times."""

import pickle
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from digits import metrics
from digits.data import Split
from digits.errors import DigitsError, reason

MOST_OF_KERNELS = 60_000  # tiles for the SVM, evenly spread: all of MNIST's in 3 minutes of a core;
# its time grows with their square
SINGLES = 20  # tiles that are timed one by one
SEED = 0


def estimators() -> dict[str, Any]:
    """The baselines by name; pixels come as floats within 0..1."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.neural_network import MLPClassifier
    from sklearn.svm import SVC

    return {
        "3 nearest neighbours": KNeighborsClassifier(3, algorithm="brute", n_jobs=-1),
        "logistic regression": LogisticRegression(C=0.1, tol=1e-3, max_iter=1000),
        "random forest, 300 trees": RandomForestClassifier(300, random_state=SEED, n_jobs=-1),
        "SVM, RBF kernel": SVC(C=5, cache_size=1000),
        "MLP, 128 hidden": MLPClassifier((128,), early_stopping=True, random_state=SEED),
    }


def measure(train: Split, test: Split) -> list[dict[str, Any]]:
    """Train every baseline on `train`, the SVM on some of it if it is very large, and measure it on
    `test`, as plain data."""
    return [_row(name, one, _some(one, train), test) for name, one in estimators().items()]


def _some(estimator: Any, train: Split) -> Split:
    """What an estimator learns from: all that it can in a few minutes."""
    if not hasattr(estimator, "kernel"):
        return train
    images, labels = train.arrays
    chosen = np.linspace(0, len(labels) - 1, min(MOST_OF_KERNELS, len(labels))).astype(int)
    return Split(images[chosen], labels[chosen])


def table(rows: Sequence[dict[str, Any]], models: Sequence[dict[str, Any]]) -> str:
    """A line a baseline and a line a model, for a terminal."""
    ours = [{**model, "one_tile_ms": model["one_tile_ms"]["median"]} for model in models]
    wide = max(len(row["name"]) for row in (*rows, *ours))
    lines = [f"{'':{wide}}  accuracy  of tiles   training      a tile    tiles/s         size"]
    for row in (*rows, *ours):
        trained = row["train_seconds"]
        tiles = f"{row['train_count']:,}" if "train_count" in row else ""
        lines.append(
            f"{row['name']:{wide}}  {row['accuracy']:8.2%}  {tiles:>8}  "
            + ("not known" if trained is None else f"{trained:7.1f} s")
            + f"  {row['one_tile_ms']:7.2f} ms  {row['tiles_per_s']:9,.0f}  "
            f"{row['size_bytes'] / 1000:8,.0f} kB"
        )
    return "\n".join(lines)


def _row(name: str, estimator: Any, train: Split, test: Split) -> dict[str, Any]:
    start = time.perf_counter()
    try:
        estimator.fit(_pixels(train), train.arrays[1])
    except ValueError as error:
        few = f"--baselines: {name} cannot learn from {len(train.arrays[1])} tiles"
        raise DigitsError(f"{few}: {reason(error)}") from None
    trained = time.perf_counter()
    pixels = _pixels(test)
    right = estimator.predict(pixels) == test.arrays[1]
    done = time.perf_counter()
    return {
        "name": name,
        "train_count": len(train),
        "accuracy": float(right.mean()),
        "accuracy_interval_95": metrics.wilson_interval(int(right.sum()), len(right)),
        "train_seconds": trained - start,
        "one_tile_ms": _one_tile_ms(estimator, pixels),
        "tiles_per_s": len(test) / (done - trained),
        "size_bytes": len(pickle.dumps(estimator)),
    }


def _one_tile_ms(estimator: Any, pixels: np.ndarray) -> float:
    """The median of some tiles, one a call, on one thread as ours."""
    if estimator.get_params().get("n_jobs"):
        estimator.set_params(n_jobs=1)
    times = []
    for tile in pixels[:SINGLES]:
        start = time.perf_counter()
        estimator.predict(tile[None])
        times.append(time.perf_counter() - start)
    return 1000 * float(np.median(times))


def _pixels(split: Split) -> np.ndarray:
    """(N, 784) float32 within 0..1."""
    return split.arrays[0].reshape(len(split), -1).astype(np.float32) / 255
