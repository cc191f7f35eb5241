"""What an answer rests on, told by blanking: no gradients, so it works for every artefact."""

from collections.abc import Callable

import numpy as np

from digits.spec import TILE_SIZE

PATCH, STEP = 5, 2  # pixels of the square that is blanked, and how far apart its places are


def drops(score: Callable[[np.ndarray], np.ndarray], tile: np.ndarray) -> np.ndarray:
    """How much the score of a tile (28, 28) uint8 falls where a square of it is blanked
    (Zeiler and Fergus 2014, section 4.2): (28, 28), positive where the ink speaks for it.

    `score` gives a number for each of tiles (N, 1, 28, 28) uint8: (N,).
    """
    places = range(0, TILE_SIZE, STEP)
    covered = np.repeat(tile[None], len(places) ** 2 + 1, axis=0)  # the last one is the tile itself
    for i, (y, x) in enumerate((y, x) for y in places for x in places):
        covered[i, max(0, y - PATCH // 2) : y + PATCH // 2 + 1,
                max(0, x - PATCH // 2) : x + PATCH // 2 + 1] = 0  # fmt: skip
    scores = score(covered[:, None])
    falls = (scores[-1] - scores[:-1]).reshape(len(places), len(places))
    return falls.repeat(STEP, axis=0).repeat(STEP, axis=1)
