"""What the field used before: scikit-learn's estimators on the same tiles, with their times."""

import pickle
import time
from typing import Any

import numpy as np

from digits import metrics
from digits.data import Split

TRAIN = 10_000  # tiles, evenly spread over the training part: an SVM takes minutes with all
SEED = 0


def estimators() -> dict[str, Any]:
    """The baselines by name; pixels come as floats within 0..1."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.neural_network import MLPClassifier
    from sklearn.svm import SVC

    return {
        "3 nearest neighbours": KNeighborsClassifier(3),
        "logistic regression": LogisticRegression(C=0.1, max_iter=1000),
        "random forest, 300 trees": RandomForestClassifier(300, random_state=SEED),
        "SVM, RBF kernel": SVC(C=5),
        "MLP, 128 hidden": MLPClassifier((128,), early_stopping=True, random_state=SEED),
    }


def measure(train: Split, test: Split) -> list[dict[str, Any]]:
    """Train every baseline on some of `train` and measure it on `test`, as plain data."""
    some = train[:: max(1, len(train) // TRAIN)][:TRAIN]
    return [_row(name, one, some, test) for name, one in estimators().items()]


def table(rows: list[dict[str, Any]]) -> str:
    """A line a baseline, for a terminal."""
    lines = [f"{'baseline':24}  accuracy  training   tiles/s        size"]
    for row in rows:
        lines.append(
            f"{row['name']:24}  {row['accuracy']:8.2%}  {row['train_seconds']:6.1f} s  "
            f"{row['tiles_per_s']:8,.0f}  {row['size_bytes'] / 1000:7,.0f} kB"
        )
    return "\n".join(lines)


def _row(name: str, estimator: Any, train: Split, test: Split) -> dict[str, Any]:
    start = time.perf_counter()
    estimator.fit(_pixels(train), train.labels.cpu().numpy())
    trained = time.perf_counter()
    right = estimator.predict(_pixels(test)) == test.labels.cpu().numpy()
    done = time.perf_counter()
    return {
        "name": name,
        "train_count": len(train),
        "accuracy": float(right.mean()),
        "accuracy_interval_95": metrics.wilson_interval(int(right.sum()), len(right)),
        "train_seconds": trained - start,
        "tiles_per_s": len(test) / (done - trained),
        "size_bytes": len(pickle.dumps(estimator)),
    }


def _pixels(split: Split) -> np.ndarray:
    """(N, 784) float32 within 0..1."""
    return split.images.cpu().numpy().reshape(len(split), -1).astype(np.float32) / 255
