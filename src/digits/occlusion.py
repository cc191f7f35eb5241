"""What an answer rests on, told by blanking: no gradients, so it works for every artefact."""

from collections.abc import Callable

import numpy as np

from digits.spec import TILE_SIZE

PATCH, STEP = 5, 2  # pixels of the square that is blanked, and how far apart its places are


def drops(score: Callable[[np.ndarray], np.ndarray], tile: np.ndarray) -> np.ndarray:
    """How much the score of a tile (H, W) or (H, W, 3) uint8 falls where a square of it is blanked
    (Zeiler and Fergus 2014, section 4.2): (H, W), positive where the ink speaks for it.

    `score` gives a number for each of tiles (N, C, H, W) uint8: (N,). PATCH and STEP are of a tile
    of 28 pixels; of a larger one they are as much larger, or it would take many times as long.
    """
    height, width = tile.shape[:2]
    step = max(STEP, STEP * height // TILE_SIZE)
    reach = PATCH * step // STEP // 2
    tops, lefts = range(0, height, step), range(0, width, step)
    count = len(tops) * len(lefts)
    covered = np.repeat(tile[None], count + 1, axis=0)  # the last one is the tile itself
    for i, (y, x) in enumerate((y, x) for y in tops for x in lefts):
        covered[i, max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1] = 0
    scores = score(covered[:, None] if tile.ndim == 2 else covered.transpose(0, 3, 1, 2))
    falls = (scores[-1] - scores[:-1]).reshape(len(tops), len(lefts))
    return falls.repeat(step, axis=0).repeat(step, axis=1)[:height, :width]
