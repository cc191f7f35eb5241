"""The fifteen corruptions of MNIST-C (Mu and Gilmer 2019, arXiv 1906.02337), for whole batches.

Each takes tiles uint8 (N, 28, 28), bright ink on black, and a generator, and returns such tiles.
The strengths are those that the authors' data set was made with. A tile's random numbers are drawn
together and one tile's after the other's, so a loop over single tiles with one generator gives the
same tiles as one call; the tests hold each against such a loop.
"""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from digits.spec import TILE_SIZE

Apply = Callable[[np.ndarray, Generator], np.ndarray]
CENTRE = (TILE_SIZE - 1) / 2
LINE = np.arange(TILE_SIZE)
ROWS, COLUMNS = LINE[:, None], LINE[None, :]  # of a tile, for broadcasting

PHOTONS = 3  # that a white pixel stands for: few, so that their number varies
SPECKED = 0.17  # of the pixels
GLASS_SIGMA, GLASS_ROUNDS = 0.7, 2  # px; how often every pixel may change places
GLASS_CHUNK = 1000  # tiles at a time: their draws stay within the cache
MOTION_PX, MOTION_SIGMA, MOTION_DEGREES = 21, 3.0, 45.0  # length, how it fades, tilt at most
SHEAR, ROTATION = 0.4, 0.4  # radians, either way
SCALE = 0.7  # of the size
BRIGHTER = 0.5  # of white
MOVED_PX = 3  # along both axes, either way
STRIPE_PX = 7  # at the left and at the right
FOG, FOG_SIDE, FOG_DECAY = 3.0, 256, 1.4  # times white; px of the cloud, how fast its detail fades
FOG_CHUNK = 4  # clouds at a time: stays within the cache, three times as fast as 64
SPATTER_MEAN, SPATTER_DEVIATION, SPATTER_SIGMA = 0.65, 0.3, 1.0  # of the liquid, then smoothed
SPATTER_LEVEL, MUD_SIGMA, MUD_LEVEL, MUD = 0.65, 1.5, 0.8, 63 / 255
STROKE_PX = 2.3  # from the middle of a drawn line to where it ends
ZIGZAG_PX, ZIGZAG_ENDS, ZIGZAG_TILT = 2.0, (2, 25), 5  # half a wave; columns; rows up or down
CANNY_SIGMA, CANNY_LOW, CANNY_HIGH = 1.0, 0.1, 0.2


def _whole(tiles: np.ndarray) -> np.ndarray:
    """Within 0..1 -> uint8; below and above is cut off."""
    return np.rint(np.clip(tiles, 0, 1) * 255).astype(np.uint8)


def _blur(tiles: np.ndarray, sigma: float, mode: str = "nearest") -> np.ndarray:
    from scipy import ndimage

    return np.asarray(ndimage.gaussian_filter(tiles, (0, sigma, sigma), mode=mode))


def _chunks(count: int, size: int) -> list[slice]:
    return [slice(first, first + size) for first in range(0, count, size)]


def shot_noise(tiles: np.ndarray, rng: Generator) -> np.ndarray:
    """Each pixel the number of photons that happen to arrive."""
    return _whole(rng.poisson(tiles / 255 * PHOTONS) / PHOTONS)


def impulse_noise(tiles: np.ndarray, rng: Generator) -> np.ndarray:
    """Some pixels black or white."""
    struck, white = rng.random((len(tiles), 2, TILE_SIZE, TILE_SIZE)).swapaxes(0, 1)
    return np.where(struck <= SPECKED, np.where(white <= 0.5, 255, 0), tiles).astype(np.uint8)


def glass_blur(tiles: np.ndarray, rng: Generator) -> np.ndarray:
    """Smoothed, then pixels change places with a neighbour above or to the left, or with none."""
    worse = (_blur(tiles / 255, GLASS_SIGMA) * 255).astype(np.uint8)
    for chunk in _chunks(len(tiles), GLASS_CHUNK):
        worse[chunk] = _shuffled(worse[chunk], rng)
    return _whole(_blur(worse / 255, GLASS_SIGMA))


def _shuffled(tiles: np.ndarray, rng: Generator) -> np.ndarray:
    places = range(TILE_SIZE - 1, 1, -1)
    worse = tiles.copy()
    drawn = rng.integers(0, 8, (len(tiles), GLASS_ROUNDS, len(places), len(places)))
    every = np.arange(len(tiles))
    for i, row, column in np.ndindex(drawn.shape[1:]):
        y, x, number = places[row], places[column], drawn[:, i, row, column]
        swapped = number & 1
        above, beside = y - (number >> 1 & 1) * swapped, x - (number >> 2) * swapped
        there = worse[every, above, beside]
        worse[every, above, beside] = worse[:, y, x]
        worse[:, y, x] = there
    return worse


def motion_blur(tiles: np.ndarray, rng: Generator) -> np.ndarray:
    """Smeared along a line: each pixel a mean of those that lie ahead, as ImageMagick does it."""
    angle = np.radians(rng.uniform(-MOTION_DEGREES, MOTION_DEGREES, len(tiles)))
    weights = np.exp(-(np.arange(MOTION_PX) ** 2) / (2 * MOTION_SIGMA**2))
    result = np.zeros(tiles.shape)
    every = np.arange(len(tiles))[:, None, None]
    for step, weight in enumerate(weights / weights.sum()):
        down, right = (np.ceil(step * f(angle) - 0.5).astype(int) for f in (np.sin, np.cos))
        y = np.clip(ROWS + down[:, None, None], 0, TILE_SIZE - 1)
        x = np.clip(COLUMNS + right[:, None, None], 0, TILE_SIZE - 1)
        result += weight * tiles[every, y, x]
    return _whole(result / 255)


def _warped(tiles: np.ndarray, matrices: np.ndarray) -> np.ndarray:
    """Each pixel fetched from where its tile's matrix (N, 2, 2) for (x, y) sends it, about the
    tile's centre, linearly between pixels; outside is black."""
    from scipy import ndimage

    offsets = np.stack(np.broadcast_arrays(COLUMNS, ROWS)).reshape(2, -1) - CENTRE
    x, y = (matrices @ offsets + CENTRE).swapaxes(0, 1)  # (N, 784) each
    tile = np.broadcast_to(np.arange(len(tiles))[:, None], x.shape)
    fetched = ndimage.map_coordinates(
        tiles / 255, np.stack([tile, y, x]), order=1, mode="grid-constant"
    )
    return _whole(fetched.reshape(tiles.shape))


def _either_way(count: int, amount: float, rng: Generator) -> np.ndarray:
    return amount * rng.choice([-1.0, 1.0], count)


def shear(tiles: np.ndarray, rng: Generator) -> np.ndarray:
    angle = _either_way(len(tiles), SHEAR, rng)
    one, zero = np.ones(len(tiles)), np.zeros(len(tiles))
    matrices = np.stack([one, -np.sin(angle), zero, np.cos(angle)], axis=1)
    return _warped(tiles, matrices.reshape(-1, 2, 2))


def scale(tiles: np.ndarray, rng: Generator) -> np.ndarray:
    return _warped(tiles, np.tile(np.eye(2) / SCALE, (len(tiles), 1, 1)))


def rotate(tiles: np.ndarray, rng: Generator) -> np.ndarray:
    angle = _either_way(len(tiles), ROTATION, rng)
    cos, sin = np.cos(angle), np.sin(angle)
    return _warped(tiles, np.stack([cos, -sin, sin, cos], axis=1).reshape(-1, 2, 2))


def brightness(tiles: np.ndarray, rng: Generator) -> np.ndarray:
    return _whole(tiles / 255 + BRIGHTER)


def translate(tiles: np.ndarray, rng: Generator) -> np.ndarray:
    """To one of the four corners."""
    starts = MOVED_PX + MOVED_PX * rng.choice([-1, 1], (len(tiles), 2))
    padded = np.pad(tiles, ((0, 0), (MOVED_PX,) * 2, (MOVED_PX,) * 2))
    y, x = ROWS + starts[:, 1, None, None], COLUMNS + starts[:, 0, None, None]
    return padded[np.arange(len(tiles))[:, None, None], y, x]


def stripe(tiles: np.ndarray, rng: Generator) -> np.ndarray:
    """Black for white in a stripe at the left and one at the right."""
    inside = (LINE < STRIPE_PX) | (LINE >= TILE_SIZE - STRIPE_PX)
    return np.where(inside, 255 - tiles, tiles)


def fog(tiles: np.ndarray, rng: Generator) -> np.ndarray:
    """A corner of a cloud over it, and all of it so dark that the brightest ink stays as it was."""
    worse = np.empty(tiles.shape)
    for chunk in _chunks(len(tiles), FOG_CHUNK):
        ink = tiles[chunk] / 255
        most = ink.max(axis=(1, 2), keepdims=True)
        worse[chunk] = (ink + FOG * _clouds(len(ink), rng)) * most / (most + FOG)
    return _whole(worse)


def _clouds(count: int, rng: Generator) -> np.ndarray:
    """The top left (N, 28, 28) of plasma fractals (N, 256, 256) within 0..1, by the diamond-square
    algorithm (Fournier, Fussell and Carpenter 1982), whose left and right, top and bottom meet."""
    cloud = np.zeros((count, 1, 1))
    drawn = rng.uniform(-1, 1, (count, FOG_SIDE**2 - 1))
    used, height = 0, 100.0**2

    def middle(*four: np.ndarray) -> np.ndarray:
        """The mean of four (N, n, n), moved up or down at random."""
        nonlocal used
        size = four[0][0].size
        noise = drawn[:, used : used + size].reshape(four[0].shape)
        used += size
        mean = four[0] + four[1]
        mean += four[2]
        mean += four[3]
        mean /= 4
        mean += height * noise
        return mean

    while True:
        right, below = np.roll(cloud, -1, axis=2), np.roll(cloud, -1, axis=1)
        centre = middle(cloud, right, below, np.roll(right, -1, axis=1))
        top = middle(centre, np.roll(centre, 1, axis=1), cloud, right)
        side = middle(centre, np.roll(centre, 1, axis=2), cloud, below)
        if used == drawn.shape[1]:
            break
        cloud, height = _woven(cloud, top, side, centre), height / FOG_DECAY**2
    parts = (cloud, top, side, centre)  # the whole cloud is woven of these: 65,536 points
    least = np.min([part.min(axis=(1, 2)) for part in parts], axis=0)[:, None, None]
    most = np.max([part.max(axis=(1, 2)) for part in parts], axis=0)[:, None, None]
    half = TILE_SIZE // 2
    return (_woven(*(part[:, :half, :half] for part in parts)) - least) / (most - least)


def _woven(
    corners: np.ndarray, top: np.ndarray, side: np.ndarray, centre: np.ndarray
) -> np.ndarray:
    """Of each square (N, n, n) its corner, the middles of its top and its side, and its centre:
    (N, 2n, 2n)."""
    count, rows, columns = corners.shape
    woven = np.empty((count, 2 * rows, 2 * columns))
    woven[:, ::2, ::2], woven[:, ::2, 1::2] = corners, top
    woven[:, 1::2, ::2], woven[:, 1::2, 1::2] = side, centre
    return woven


def spatter(tiles: np.ndarray, rng: Generator) -> np.ndarray:
    """Dark mud where a smoothed random liquid stands high."""
    liquid = rng.normal(SPATTER_MEAN, SPATTER_DEVIATION, tiles.shape)
    wet = _blur(liquid, SPATTER_SIGMA) > SPATTER_LEVEL
    mud = _blur(wet.astype(float), MUD_SIGMA)
    mud *= mud >= MUD_LEVEL
    return _whole(tiles / 255 * (1 - mud) + MUD * mud)


def _drawn_line(x0: np.ndarray, y0: np.ndarray, x1: np.ndarray, y1: np.ndarray) -> np.ndarray:
    """White lines from (x0, y0) to (x1, y1), each (N,), that fade towards their edges: (N, 28, 28)
    within 0..1. The distance from the line is that along the column."""
    slope = (y1 - y0) / (x1 - x0)
    y = slope[:, None] * (LINE - x0[:, None]) + y0[:, None]  # (N, 28) by column
    distance = np.minimum(np.abs(ROWS - y[:, None]), STROKE_PX * (1 - 1e-9))
    inside = (np.floor(x0)[:, None] <= LINE) & (np.ceil(x1)[:, None] > LINE)
    return np.clip(np.log(1 - distance / STROKE_PX) + 1, 0, 1) * inside[:, None]


def dotted_line(tiles: np.ndarray, rng: Generator) -> np.ndarray:
    """A line from side to side, two columns there and two not."""
    y0, y1 = rng.integers(0, TILE_SIZE - 1, (len(tiles), 2)).T
    x0 = np.zeros(len(tiles))
    line = _drawn_line(x0, y0, x0 + TILE_SIZE - 1, y1)
    return _whole(tiles / 255 + line * (LINE // 2 % 2))


def zigzag(tiles: np.ndarray, rng: Generator) -> np.ndarray:
    """A line from side to side that goes up and down about a tilted one."""
    first = rng.integers([0, -ZIGZAG_TILT], [TILE_SIZE - 1, ZIGZAG_TILT], (len(tiles), 2))
    start, tilt = first.T
    left, right = ZIGZAG_ENDS
    angle = np.arctan(tilt / (right - left))
    length = (right - left) / np.cos(angle)
    turns = np.arange(int((right - left - ZIGZAG_PX) // (2 * ZIGZAG_PX)) + 1)
    along = np.tile((2 * turns + 1) * ZIGZAG_PX, (len(tiles), 1))
    up = np.tile((-1.0) ** turns * ZIGZAG_PX, (len(tiles), 1))
    rest = length - 2 * ZIGZAG_PX * (length // (2 * ZIGZAG_PX))
    along = np.concatenate([np.zeros((len(tiles), 1)), along, length[:, None]], axis=1)
    last = up[:, -1] / (2 * rest)
    up = np.concatenate([np.zeros((len(tiles), 1)), up, last[:, None]], axis=1)
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    x, y = cos * along - sin * up + left, sin * along + cos * up + start[:, None]
    worse = tiles / 255
    for i in range(1, x.shape[1]):
        line = _drawn_line(x[:, i - 1], y[:, i - 1], x[:, i], y[:, i])
        worse = np.minimum(worse + line, 1)
    return _whole(worse)


def canny_edges(tiles: np.ndarray, rng: Generator) -> np.ndarray:
    """Nothing but the edges of the ink (Canny 1986), one pixel wide."""
    from scipy import ndimage

    ones = _blur(np.ones((1, TILE_SIZE, TILE_SIZE)), CANNY_SIGMA, "constant")
    smooth = _blur(tiles / 255, CANNY_SIGMA, "constant") / (ones + np.finfo(float).eps)
    down, right = _slope(smooth, 1), _slope(smooth, 2)
    height = np.hypot(down, right)
    steep = np.abs(down) >= np.abs(right)
    most = np.maximum(np.abs(down), np.abs(right))
    share = np.minimum(np.abs(down), np.abs(right)) / np.where(most > 0, most, 1)
    ridge = most > 0
    for way in (1, -1):  # no higher a pixel ahead, or behind, along the slope
        y, x = (way * np.sign(slope).astype(int) for slope in (down, right))
        beside = _at(height, np.where(steep, y, 0), np.where(steep, 0, x))
        ahead = _at(height, y, x) * share + beside * (1 - share)
        ridge &= ahead <= height
    ridge[:, [0, -1]] = ridge[:, :, [0, -1]] = False
    strong, weak = ridge & (height >= CANNY_HIGH), ridge & (height >= CANNY_LOW)
    edges = ndimage.binary_propagation(strong, np.ones((1, 3, 3)), weak)
    return np.where(edges, 255, 0).astype(np.uint8)


def _slope(tiles: np.ndarray, axis: int) -> np.ndarray:
    """Sobel's derivative along an axis, 1 down or 2 right."""
    from scipy import ndimage

    across = ndimage.correlate1d(tiles, [1, 2, 1], 3 - axis)
    return np.asarray(ndimage.correlate1d(across, [-1, 0, 1], axis))


def _at(values: np.ndarray, down: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Values (N, 28, 28) at so many pixels below and to the right; 0 outside."""
    padded = np.pad(values, ((0, 0), (1, 1), (1, 1)))
    return padded[np.arange(len(values))[:, None, None], ROWS + 1 + down, COLUMNS + 1 + right]


MNIST_C: dict[str, Apply] = {
    "shot noise": shot_noise, "impulse noise": impulse_noise, "glass blur": glass_blur,
    "motion blur": motion_blur, "shear": shear, "scale": scale, "rotate": rotate,
    "brightness": brightness, "translate": translate, "stripe": stripe, "fog": fog,
    "spatter": spatter, "dotted line": dotted_line, "zigzag": zigzag, "canny edges": canny_edges,
}  # fmt: skip
