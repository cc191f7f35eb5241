"""Ways in which tiles get worse, each at five levels: a function of tiles, a level and a generator.

Tiles are uint8 (N, 28, 28), bright ink on black, and so is the result.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from digits.spec import TILE_SIZE

Apply = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]
CENTRE = (TILE_SIZE - 1) / 2
FINE = 4  # times a tile's pixels: in which strokes grow and shrink


@dataclass(frozen=True)
class Corruption:
    """`apply` at one of five `levels`, mildest first; `what` says what a level is."""

    what: str
    levels: tuple[float, float, float, float, float]
    apply: Apply


def _warped(tiles: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    """Each tile through its map (N, 2, 2) about the tile's centre, linearly resampled."""
    shifts = CENTRE - matrices @ np.full(2, CENTRE)
    whole = np.concatenate([matrices, shifts[:, :, None]], axis=2)
    pairs = zip(tiles, whole, strict=True)
    return np.stack(
        [cv2.warpAffine(tile, matrix, (TILE_SIZE, TILE_SIZE)) for tile, matrix in pairs]
    )


def _either_way(count: int, level: float, rng: np.random.Generator) -> np.ndarray:
    return level * rng.choice([-1.0, 1.0], count)


def rotate(tiles: np.ndarray, degrees: float, rng: np.random.Generator) -> np.ndarray:
    angle = np.radians(_either_way(len(tiles), degrees, rng))
    cos, sin = np.cos(angle), np.sin(angle)
    return _warped(tiles, np.stack([cos, sin, -sin, cos], axis=1).reshape(-1, 2, 2))


def slant(tiles: np.ndarray, amount: float, rng: np.random.Generator) -> np.ndarray:
    matrices = np.tile(np.eye(2), (len(tiles), 1, 1))
    matrices[:, 0, 1] = _either_way(len(tiles), amount, rng)
    return _warped(tiles, matrices)


def shrink(tiles: np.ndarray, size: float, rng: np.random.Generator) -> np.ndarray:
    return _warped(tiles, np.tile(np.eye(2) * size, (len(tiles), 1, 1)))


def shift(tiles: np.ndarray, px: float, rng: np.random.Generator) -> np.ndarray:
    """By whole pixels, to a side drawn for each tile."""
    padded = np.pad(tiles, ((0, 0), (int(px),) * 2, (int(px),) * 2))
    starts = int(px) + int(px) * np.array([(0, 1), (0, -1), (1, 0), (-1, 0)])
    chosen = starts[rng.integers(0, 4, len(tiles))]
    pairs = zip(padded, chosen, strict=True)
    return np.stack([tile[y : y + TILE_SIZE, x : x + TILE_SIZE] for tile, (y, x) in pairs])


def blur(tiles: np.ndarray, px: float, rng: np.random.Generator) -> np.ndarray:
    return np.stack([cv2.GaussianBlur(tile, (0, 0), px) for tile in tiles])


def coarsen(tiles: np.ndarray, size: float, rng: np.random.Generator) -> np.ndarray:
    """To `size` pixels a side and back, in blocks."""
    small = [cv2.resize(tile, (int(size),) * 2, interpolation=cv2.INTER_AREA) for tile in tiles]
    back = (TILE_SIZE, TILE_SIZE)
    return np.stack([cv2.resize(tile, back, interpolation=cv2.INTER_NEAREST) for tile in small])


def thicken(tiles: np.ndarray, px: float, rng: np.random.Generator) -> np.ndarray:
    return _stroke(tiles, px, cv2.MORPH_DILATE)


def thin(tiles: np.ndarray, px: float, rng: np.random.Generator) -> np.ndarray:
    return _stroke(tiles, px, cv2.MORPH_ERODE)


def _stroke(tiles: np.ndarray, px: float, way: int) -> np.ndarray:
    """The edge of strokes moved by `px`, in quarters of a pixel."""
    size = 2 * round(px * FINE) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    fine, coarse = (TILE_SIZE * FINE,) * 2, (TILE_SIZE, TILE_SIZE)
    return np.stack([
        cv2.resize(
            cv2.morphologyEx(cv2.resize(tile, fine), way, disc), coarse,
            interpolation=cv2.INTER_AREA,
        ) for tile in tiles
    ])  # fmt: skip


def add_noise(tiles: np.ndarray, deviation: float, rng: np.random.Generator) -> np.ndarray:
    noisy = tiles + rng.normal(0, deviation, tiles.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def add_specks(tiles: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """A share of the pixels black or white."""
    specks = np.where(rng.random(tiles.shape) < 0.5, 0, 255).astype(np.uint8)
    return np.where(rng.random(tiles.shape) < share, specks, tiles)


def fade(tiles: np.ndarray, ink: float, rng: np.random.Generator) -> np.ndarray:
    return np.rint(tiles * ink).astype(np.uint8)


def grey_paper(tiles: np.ndarray, grey: float, rng: np.random.Generator) -> np.ndarray:
    return np.maximum(tiles, np.uint8(grey))


def cross_out(tiles: np.ndarray, px: float, rng: np.random.Generator) -> np.ndarray:
    """A line of ink, level or upright."""
    return np.where(_strip(tiles, px, rng), np.uint8(255), tiles)


def leave_gap(tiles: np.ndarray, px: float, rng: np.random.Generator) -> np.ndarray:
    """A strip without ink, level or upright."""
    return np.where(_strip(tiles, px, rng), np.uint8(0), tiles)


def _strip(tiles: np.ndarray, px: float, rng: np.random.Generator) -> np.ndarray:
    """True in a strip of `px` pixels across each tile, somewhere in the middle 12."""
    first = rng.integers(8, 21 - int(px), (len(tiles), 1))
    line = np.arange(TILE_SIZE)
    inside = (line >= first) & (line < first + px)  # (N, 28)
    level = rng.random((len(tiles), 1, 1)) < 0.5
    return np.where(level, inside[:, :, None], inside[:, None, :])


CORRUPTIONS = {
    "rotation": Corruption("degrees, either way", (10, 20, 30, 40, 50), rotate),
    "slant": Corruption("px sideways a px of height", (0.2, 0.4, 0.6, 0.8, 1.0), slant),
    "smaller": Corruption("of the size", (0.9, 0.8, 0.7, 0.6, 0.5), shrink),
    "shift": Corruption("px", (1, 2, 3, 4, 5), shift),
    "thicker": Corruption("px at each edge", (0.25, 0.5, 0.75, 1.0, 1.25), thicken),
    "thinner": Corruption("px at each edge", (0.25, 0.5, 0.75, 1.0, 1.25), thin),
    "blur": Corruption("px, deviation", (0.5, 1.0, 1.5, 2.0, 2.5), blur),
    "blocks": Corruption("px a side", (14, 12, 10, 8, 7), coarsen),
    "noise": Corruption("of 255, deviation", (20, 40, 60, 80, 100), add_noise),
    "specks": Corruption("of the pixels", (0.02, 0.05, 0.1, 0.15, 0.2), add_specks),
    "faint ink": Corruption("of the ink", (0.8, 0.6, 0.4, 0.2, 0.1), fade),
    "grey paper": Corruption("of 255", (25, 50, 75, 100, 125), grey_paper),
    "line across": Corruption("px", (1, 2, 3, 4, 5), cross_out),
    "gap": Corruption("px", (1, 2, 3, 4, 5), leave_gap),
}
