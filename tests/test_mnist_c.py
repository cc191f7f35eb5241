"""MNIST-C's corruptions: whole batches against loops over single tiles, pixel by pixel where the
authors' libraries do not say what is right."""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from numpy.random import Generator

from digits import data
from digits.evaluation.mnist_c import MNIST_C

OFF = 1  # of 255, where a value lies between two


@pytest.fixture(scope="module")
def tiles() -> np.ndarray:
    """Digits, and one of noise up to its border: (13, 28, 28) uint8."""
    noise = np.random.default_rng(5).integers(0, 256, (1, 28, 28), np.uint8)
    return np.concatenate([data.load("uci").test.images[:12, 0].numpy(), noise])


@pytest.mark.parametrize("name", MNIST_C)
def test_a_batch_is_its_tiles_one_by_one(name: str, tiles: np.ndarray) -> None:
    before = tiles.copy()
    whole = MNIST_C[name](tiles, np.random.default_rng(3))
    rng = np.random.default_rng(3)
    single = [MNIST_C[name](tile[None], rng)[0] for tile in tiles]
    assert whole.shape == tiles.shape and whole.dtype == np.uint8
    assert (whole == np.stack(single)).all() and (tiles == before).all()
    assert (whole != tiles).any(axis=(1, 2)).all()


def test_there_is_none_without_a_draw_left(tiles: np.ndarray) -> None:
    assert len(MNIST_C) == 15
    fixed = {"scale", "brightness", "stripe", "canny edges"}
    for name, apply in MNIST_C.items():
        pair = [apply(tiles, np.random.default_rng(seed)) for seed in (1, 2)]
        assert (pair[0] == pair[1]).all() == (name in fixed), name


# Each as its authors describe it, for one tile within 0..1 and one generator.


def shot_noise(tile: np.ndarray, rng: Generator) -> np.ndarray:
    return np.array([[min(rng.poisson(3 * pixel) / 3, 1) for pixel in row] for row in tile])


def impulse_noise(tile: np.ndarray, rng: Generator) -> np.ndarray:
    struck = [[rng.random() <= 0.17 for _ in row] for row in tile]
    white = [[rng.random() > 0.5 for _ in row] for row in tile]
    for y, x in np.argwhere(struck):
        tile[y, x] = 0.0 if white[y][x] else 1.0
    return tile


def glass_blur(tile: np.ndarray, rng: Generator) -> np.ndarray:
    filters = pytest.importorskip("skimage.filters")
    worse = np.uint8(filters.gaussian(tile, sigma=0.7) * 255)
    for _ in range(2):
        for h in range(27, 1, -1):
            for w in range(27, 1, -1):
                number = int(rng.integers(0, 8))
                if number % 2:
                    there = h - (number // 2) % 2, w - number // 4
                    worse[h, w], worse[there] = worse[there], worse[h, w]
    return filters.gaussian(worse / 255, sigma=0.7)


def motion_blur(tile: np.ndarray, rng: Generator) -> np.ndarray:
    """MotionBlurImage of ImageMagick with radius 10 and sigma 3."""
    angle = math.radians(rng.uniform(-45, 45))
    kernel = [math.exp(-i * i / 18) / (math.sqrt(2 * math.pi) * 3) for i in range(21)]
    point = 21 * math.sin(angle), 21 * math.cos(angle)
    result = np.zeros((28, 28))
    for y in range(28):
        for x in range(28):
            for i, weight in enumerate(kernel):
                down = math.ceil(i * point[0] / math.hypot(*point) - 0.5)
                right = math.ceil(i * point[1] / math.hypot(*point) - 0.5)
                there = min(max(y + down, 0), 27), min(max(x + right, 0), 27)
                result[y, x] += tile[there] * weight / sum(kernel)
    return result


def warped(tile: np.ndarray, matrix: list[list[float]]) -> np.ndarray:
    """What skimage.transform.warp does with the map about (13.5, 13.5), pixel by pixel."""
    result = np.zeros((28, 28))
    (a, b), (c, d) = matrix
    for y in range(28):
        for x in range(28):
            sx = a * (x - 13.5) + b * (y - 13.5) + 13.5
            sy = c * (x - 13.5) + d * (y - 13.5) + 13.5
            left, top = math.floor(sx), math.floor(sy)
            for ky in (top, top + 1):
                for kx in (left, left + 1):
                    if 0 <= ky < 28 and 0 <= kx < 28:
                        result[y, x] += tile[ky, kx] * (1 - abs(ky - sy)) * (1 - abs(kx - sx))
    return result


def shear(tile: np.ndarray, rng: Generator) -> np.ndarray:
    angle = 0.4 * rng.choice([-1.0, 1.0])
    return warped(tile, [[1, -math.sin(angle)], [0, math.cos(angle)]])


def scale(tile: np.ndarray, rng: Generator) -> np.ndarray:
    return warped(tile, [[1 / 0.7, 0], [0, 1 / 0.7]])


def rotate(tile: np.ndarray, rng: Generator) -> np.ndarray:
    angle = 0.4 * rng.choice([-1.0, 1.0])
    cos, sin = math.cos(angle), math.sin(angle)
    return warped(tile, [[cos, -sin], [sin, cos]])


def brightness(tile: np.ndarray, rng: Generator) -> np.ndarray:
    return np.array([[min(pixel + 0.5, 1) for pixel in row] for row in tile])


def translate(tile: np.ndarray, rng: Generator) -> np.ndarray:
    right, down = 3 * rng.choice([-1, 1], 2)
    result = np.zeros((28, 28))
    for y in range(28):
        for x in range(28):
            if 0 <= y + down < 28 and 0 <= x + right < 28:
                result[y, x] = tile[y + down, x + right]
    return result


def stripe(tile: np.ndarray, rng: Generator) -> np.ndarray:
    tile[:, :7] = 1 - tile[:, :7]
    tile[:, 21:] = 1 - tile[:, 21:]
    return tile


def fog(tile: np.ndarray, rng: Generator) -> np.ndarray:
    """The diamond-square algorithm, a point at a time."""
    side = 256
    drawn = iter(rng.uniform(-1, 1, side**2 - 1))
    cloud = np.zeros((side, side))
    step, height = side, 100.0

    def middle(*points: tuple[int, int]) -> float:
        return sum(cloud[y % side, x % side] for y, x in points) / 4 + height**2 * next(drawn)

    while step >= 2:
        half = step // 2
        starts = [(y, x) for y in range(0, side, step) for x in range(0, side, step)]
        for y, x in starts:
            corners = (y, x), (y, x + step), (y + step, x), (y + step, x + step)
            cloud[y + half, x + half] = middle(*corners)
        for y, x in starts:
            across = (y + half, x + half), (y - half, x + half), (y, x), (y, x + step)
            cloud[y, x + half] = middle(*across)
        for y, x in starts:
            across = (y + half, x + half), (y + half, x - half), (y, x), (y + step, x)
            cloud[y + half, x] = middle(*across)
        step, height = half, height / 1.4
    cloud = (cloud - cloud.min()) / (cloud.max() - cloud.min())
    return (tile + 3 * cloud[:28, :28]) * tile.max() / (tile.max() + 3)


def spatter(tile: np.ndarray, rng: Generator) -> np.ndarray:
    gaussian = pytest.importorskip("skimage.filters").gaussian
    liquid = gaussian(rng.normal(size=(28, 28), loc=0.65, scale=0.3), sigma=1)
    mud = gaussian((liquid > 0.65).astype(float), sigma=1.5)
    mud[mud < 0.8] = 0
    return tile * (1 - mud) + 63 / 255 * mud


def line(x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
    drawn = np.zeros((28, 28))
    for y in range(28):
        for x in range(math.floor(x0), min(math.ceil(x1), 28)):
            distance = abs(y - (y0 + (y1 - y0) / (x1 - x0) * (x - x0)))
            if distance < 2.3:
                drawn[y, x] = max(math.log(1 - distance / 2.3) + 1, 0)
    return drawn


def dotted_line(tile: np.ndarray, rng: Generator) -> np.ndarray:
    y0, y1 = rng.integers(0, 27, 2)
    drawn = line(0, y0, 27, y1)
    for x in range(0, 28, 4):
        drawn[:, x : x + 2] = 0
    return np.clip(tile + drawn, 0, 1)


def zigzag(tile: np.ndarray, rng: Generator) -> np.ndarray:
    start, tilt = rng.integers([0, -5], [27, 5])
    angle = math.atan(tilt / 23)
    length = 23 / math.cos(angle)
    ends = [(0.0, 0.0)]
    for i in range(int((length - 2) // 4) + 1):
        ends.append(((2 * i + 1) * 2.0, (-1) ** i * 2.0))
    ends.append((length, ends[-1][1] / (2 * (length - 4 * (length // 4)))))
    cos, sin = math.cos(angle), math.sin(angle)
    turned = [(cos * x - sin * y + 2, sin * x + cos * y + start) for x, y in ends]
    for (x0, y0), (x1, y1) in pairwise(turned):
        tile = np.clip(tile + line(x0, y0, x1, y1), 0, 1)
    return tile


def canny_edges(tile: np.ndarray, rng: Generator) -> np.ndarray:
    return pytest.importorskip("skimage.feature").canny(tile).astype(float)


LOOPS: dict[str, Callable[[np.ndarray, Generator], np.ndarray]] = {
    f.__name__.replace("_", " "): f
    for f in (
        shot_noise, impulse_noise, glass_blur, motion_blur, shear, scale, rotate, brightness,
        translate, stripe, fog, spatter, dotted_line, zigzag, canny_edges,
    )
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", MNIST_C)
def test_each_is_that_of_a_loop_over_tiles(name: str, tiles: np.ndarray) -> None:
    some = tiles[-3:] if name == "fog" else tiles
    found = MNIST_C[name](some, np.random.default_rng(11))
    rng = np.random.default_rng(11)
    for tile, result in zip(some, found, strict=True):
        expected = np.rint(np.clip(LOOPS[name](tile / 255, rng), 0, 1) * 255)
        assert np.abs(result - expected).max() <= OFF, name


def test_the_maps_are_those_of_scikit_image(tiles: np.ndarray) -> None:
    transform = pytest.importorskip("skimage.transform")
    matrix = np.array([[1, -math.sin(0.4), 0], [0, math.cos(0.4), 0], [0, 0, 1]])
    matrix[:2, 2] = 13.5 - matrix[:2, :2] @ [13.5, 13.5]
    for tile in tiles / 255:
        expected = transform.warp(tile, inverse_map=transform.AffineTransform(matrix))
        found = warped(tile, matrix[:2, :2].tolist())
        assert np.abs(found - expected).max() < 1e-6
