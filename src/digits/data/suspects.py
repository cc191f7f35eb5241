"""Labels that may be wrong: the pictures most like it say something else, and are sure of it.

Confident learning (Northcutt, Jiang & Chuang 2021) by cleanlab, on what the nearest tiles say of
each tile, found in FOLDS parts of which each is held against all others.
"""

import numpy as np

from digits.extras import required

FOLDS = 5
NEIGHBOURS = 10
COMPONENTS = 40  # that tiles are compared by: of digits these hold nine tenths of what differs


def suspects(tiles: np.ndarray, labels: np.ndarray) -> list[tuple[int, int]]:
    """Where labels may be wrong, worst first, and which label is likelier there.

    tiles (N, C, H, W) uint8, labels (N,) int. A class with fewer than FOLDS tiles is not judged.

    Raises:
        DigitsError: cleanlab is missing.
    """
    find_label_issues = required("cleanlab.filter", "--check_labels").find_label_issues
    from sklearn.decomposition import PCA
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline

    names, counts = np.unique(labels, return_counts=True)
    judged = np.flatnonzero(np.isin(labels, names[counts >= FOLDS]))
    known, numbers = np.unique(labels[judged], return_inverse=True)
    if len(known) < 2:
        return []
    pixels = tiles[judged].reshape(len(judged), -1) / np.float32(255)
    rest = len(judged) - len(judged) // FOLDS - 1  # the fewest that a part is held against
    nearest = make_pipeline(
        PCA(min(COMPONENTS, rest, pixels.shape[1]), random_state=0),
        KNeighborsClassifier(min(NEIGHBOURS, rest), weights="distance"),
    )
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    said = cross_val_predict(nearest, pixels, numbers, cv=folds, method="predict_proba")
    found = find_label_issues(numbers, said, return_indices_ranked_by="self_confidence", n_jobs=1)
    return [(int(judged[i]), int(known[said[i].argmax()])) for i in found]
