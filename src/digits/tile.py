"""The tile's one home: the ink of one digit framed as MNIST was made (LeCun et al. 1998).

The digit is scaled by its aspect ratio into 20x20 pixels, its centre of mass is put into the
centre of 28x28. Data sets, drawn digits and reading all make their tiles here.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from digits.spec import INK_SIZE, TILE_SIZE

CONTRACT = (  # of a digit's tile, for files that go where this code is not
    "28x28 grey levels uint8, 0 paper to 255 ink (bright ink on black), the digit's longer side 20 "
    "pixels, its centre of mass at 14.0, 14.0"
)
Box = tuple[int, int, int, int]  # x, y, width, height in pixels
HALF = 127  # of 255: what is brighter is more ink than paper


@dataclass(frozen=True)
class TileLimits:
    """`*_px` are pixels of the tile, levels are of 255.

    To measure: `benchmarks/sweep.py tile.NAME VALUES`.
    """

    # Strokes are as wide in MNIST's digits from the 1st to the 99th in a hundred.
    min_stroke_px: float = 1.6
    max_stroke_px: float = 4.5
    max_faint_level: int = 16  # so little is no ink when the box around it is taken
    # Of its size: what is as large as MNIST's own digits goes through pixel by pixel.
    max_kept_change: float = 0.05
    pen_steps: int = 4  # in which a pixel's width of a pen is changed


LIMITS = TileLimits()


def frame(ink: np.ndarray, normalise_pen: bool = True) -> np.ndarray:
    """One tile (28, 28) uint8 from ink (H, W) uint8, 0 paper to 255 ink; blank stays blank.

    With `normalise_pen` strokes are brought to the widths that LIMITS allow.
    """
    ink = crop(ink)
    if not ink.size:
        return np.zeros((TILE_SIZE, TILE_SIZE), np.uint8)
    scale = INK_SIZE / max(ink.shape)
    if abs(scale - 1) > LIMITS.max_kept_change:
        if normalise_pen:
            ink = crop(_pen_width(_prescale(ink)))
            if not ink.size:  # it was too faint to be seen smaller
                return np.zeros((TILE_SIZE, TILE_SIZE), np.uint8)
        ink = _resize(ink, INK_SIZE / max(ink.shape))
    return _centre(ink)


def as_tile(grey: np.ndarray) -> np.ndarray | None:
    """A picture (H, W) uint8 that is a framed tile already, bright on black; else None.

    It is if framing it, or its negative, changes no pixel by more than is faint; so are 99.98% of
    MNIST's tiles.
    """
    if grey.shape != (TILE_SIZE, TILE_SIZE):
        return None
    tile = grey if grey[0, 0] <= HALF else 255 - grey
    framed = tile.any() and cv2.absdiff(frame(tile), tile).max() <= LIMITS.max_faint_level
    return tile if framed else None


def crop(ink: np.ndarray) -> np.ndarray:
    """The smallest part that holds all ink."""
    x, y, width, height = cv2.boundingRect((ink > LIMITS.max_faint_level).astype(np.uint8))
    return ink[y : y + height, x : x + width]


def stroke_width(ink: np.ndarray) -> float:
    """Width of the pen in pixels: ink per length of its middle line (0.0 where there is none).

    A stroke of width w has w/2 pixels to its edge in the middle and w/4 on average.
    """
    return stroke_widths(ink[None])[0]


def stroke_widths(inks: np.ndarray) -> list[float]:
    """Of each ink (N, H, W) uint8 the width of the pen, as `stroke_width` says."""
    masks = sheet_of((inks > HALF).astype(np.uint8))
    distances = parts_of(cv2.distanceTransform(masks, cv2.DIST_L2, 3), inks.shape)
    areas = np.count_nonzero(distances, axis=(1, 2))
    widths = 4 * distances.sum(axis=(1, 2), dtype=np.float64) / np.maximum(areas, 1) - 1
    return list(np.where(areas > 0, widths, 0.0).tolist())


def sheet_of(parts: np.ndarray) -> np.ndarray:
    """Pictures (N, H, W) below one another as one, with a black pixel around each: OpenCV takes one
    at a time."""
    count, height, width = parts.shape
    sheet = np.zeros((count, height + 2, width + 2), parts.dtype)
    sheet[:, 1:-1, 1:-1] = parts
    return sheet.reshape(-1, width + 2)


def parts_of(sheet: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The pictures (N, H, W) of a `sheet_of` such."""
    count, height, width = shape
    return sheet.reshape(count, height + 2, width + 2)[:, 1:-1, 1:-1]


def _prescale(ink: np.ndarray) -> np.ndarray:
    """Ink as large as it has to be for a pen to change by `pen_steps` in a tile's pixel."""
    scale = LIMITS.pen_steps * INK_SIZE / max(ink.shape)
    if scale >= 1:
        return _resize(ink, scale)
    return shrink(_padded(ink, int(1 / scale) + 1), scale)  # room for a thin line to grow


def shrink(ink: np.ndarray, scale: float) -> np.ndarray:
    """Make ink smaller, by a scale below 1, without letting thin lines fade into grey."""
    lacking = round(1 / scale - stroke_width(ink))
    if lacking > 0:
        ink = cv2.dilate(ink, np.ones((lacking + 1, lacking + 1), np.uint8))
    return _resize(ink, scale)


def _resize(ink: np.ndarray, scale: float) -> np.ndarray:
    size = (max(1, round(ink.shape[1] * scale)), max(1, round(ink.shape[0] * scale)))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(ink, size, interpolation=way)


def _pen_width(ink: np.ndarray) -> np.ndarray:
    """Thicken strokes that are too thin, thin those that are too thick."""
    longest, width = max(ink.shape), stroke_width(ink)
    in_tile = width * INK_SIZE / longest
    aim = min(max(in_tile, LIMITS.min_stroke_px), LIMITS.max_stroke_px) / INK_SIZE
    change = round((aim * longest - width) / (1 - aim))  # the whole grows or shrinks with its pen
    if change == 0:
        return ink
    size = abs(change) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    ink = _padded(ink, size)
    if change > 0:
        return cv2.dilate(ink, kernel)
    thinner = cv2.erode(ink, kernel)
    return thinner if (thinner > HALF).any() else ink


def _padded(ink: np.ndarray, by: int) -> np.ndarray:
    return cv2.copyMakeBorder(ink, by, by, by, by, cv2.BORDER_CONSTANT, value=0)


def _centre(ink: np.ndarray) -> np.ndarray:
    """Paste ink (h, w), at most 20x20, so that its centre of mass is the tile's centre."""
    height, width = ink.shape
    moments = cv2.moments(ink)
    mass = max(moments["m00"], 1e-9)
    x = round(TILE_SIZE / 2 - moments["m10"] / mass)
    y = round(TILE_SIZE / 2 - moments["m01"] / mass)
    x = min(max(x, 0), TILE_SIZE - width)
    y = min(max(y, 0), TILE_SIZE - height)
    tile = np.zeros((TILE_SIZE, TILE_SIZE), np.uint8)
    tile[y : y + height, x : x + width] = ink
    return tile
