"""The frame of the C file in NumPy, bit for bit: a small grey picture -> tile, integers only.

It is `digits.tile.frame` less the pen's width, with the ink found by the border: what a chip with a
small sensor can do. Pictures with shadows, lines or several digits are for `predict`.
"""

import numpy as np

from digits.spec import INK_SIZE, TILE_SIZE

MIN_RANGE = 16  # of 255, between paper and ink: less is a blank picture
PAPER_SHARE = 8  # what is fainter than the ink's range over this is paper


def frame(grey: np.ndarray) -> np.ndarray | None:
    """A picture (H, W) uint8 of one digit, dark on light or light on dark -> tile (28, 28) uint8.

    None where nothing is to be seen.
    """
    ink = _ink(grey)
    if ink is None:
        return None
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    longest = max(ink.shape)
    if longest not in (INK_SIZE, INK_SIZE + 1):  # MNIST's own digits go through pixel by pixel
        height, width = (max(1, (2 * s * INK_SIZE + longest) // (2 * longest)) for s in ink.shape)
        ink = _resized(ink, height, width)
    return _centred(ink)


def _ink(grey: np.ndarray) -> np.ndarray | None:
    """0 paper to 255 ink, int64 (H, W). The paper is what the border shows on average."""
    values = grey.astype(np.int64)
    border = np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])
    if 2 * border.sum() > len(border) * (values.min() + values.max()):
        values, border = 255 - values, 255 - border
    paper = border.sum() // len(border)
    span = values.max() - paper
    if span < MIN_RANGE:
        return None
    above = values - paper
    return np.where(above * PAPER_SHARE > span, above * 255 // span, 0)


def _resized(ink: np.ndarray, height: int, width: int) -> np.ndarray:
    """(h, w) -> (height, width): the mean over the area that a pixel covers, rounded."""
    down, across = (_shares(*sizes) for sizes in zip(ink.shape, (height, width), strict=True))
    area = ink.size
    return (down @ ink @ across.T + area // 2) // area


def _shares(source: int, target: int) -> np.ndarray:
    """How much of each source pixel a target pixel covers, (target, source), in 1 / target."""
    edge, ends = np.arange(source) * target, np.arange(target)[:, None] * source
    return np.clip(np.minimum(edge + target, ends + source) - np.maximum(edge, ends), 0, None)


def _centred(ink: np.ndarray) -> np.ndarray:
    """The tile with the ink's centre of mass in its middle."""
    height, width = ink.shape
    mass = ink.sum()
    top, left = (
        min(max((29 * mass - 2 * (ink * at).sum()) // (2 * mass), 0), TILE_SIZE - size)
        for at, size in ((np.arange(height)[:, None], height), (np.arange(width), width))
    )
    tile = np.zeros((TILE_SIZE, TILE_SIZE), np.uint8)
    tile[top : top + height, left : left + width] = ink
    return tile
