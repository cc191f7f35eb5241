"""Ways in which tiles get worse by degrees: a function of tiles, a level and a generator.

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


def fade(tiles: np.ndarray, ink: float, rng: np.random.Generator) -> np.ndarray:
    return np.rint(tiles * ink).astype(np.uint8)


CORRUPTIONS = {
    "rotation": Corruption("degrees, either way", (10, 20, 30, 40, 50), rotate),
    "smaller": Corruption("of the size", (0.9, 0.8, 0.7, 0.6, 0.5), shrink),
    "shift": Corruption("px", (1, 2, 3, 4, 5), shift),
    "thicker": Corruption("px at each edge", (0.25, 0.5, 0.75, 1.0, 1.25), thicken),
    "thinner": Corruption("px at each edge", (0.25, 0.5, 0.75, 1.0, 1.25), thin),
    "blur": Corruption("px, deviation", (0.5, 1.0, 1.5, 2.0, 2.5), blur),
    "noise": Corruption("of 255, deviation", (20, 40, 60, 80, 100), add_noise),
    "faint ink": Corruption("of the ink", (0.8, 0.6, 0.4, 0.2, 0.1), fade),
}
