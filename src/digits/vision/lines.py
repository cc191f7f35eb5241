"""From the finder's maps to lines: level, upright rows of a page, and their reading order.

The finder says of every second pixel whether it lies in a number's row, and whether in its core,
the middle of its height: cores of neighbours do not touch where rows do (the kernels of Liao et al.
2020, "Real-time scene text detection with differentiable binarization").
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from digits.line_image import AROUND, BESIDE, LINE, line_image
from digits.tile import Box
from digits.vision.components import without_frames
from digits.vision.ink import Ink
from digits.vision.parts import reaching
from digits.vision.rows import ROW_HEIGHT, RowInk

QUARTER = 90.0  # degrees
MOST_TILT = QUARTER / 2  # what is turned more is turned to another side


@dataclass(frozen=True)
class Limits:
    """Of the lines in a finder's maps; `*_of_height` are shares of a line's height.

    To measure: `benchmarks/sweep.py vision.lines.NAME VALUES --only papers`.
    """

    # From which on a line tells its own tilt; a shorter one has the page's.
    long_aspect: float = 2.2
    # Around a line, and below it. Of 2,097 numbers on made-up pages and rows of validation digits
    # 1,146 were right with 0.22, 1,155 with 0.15; of 1,600 others 943 and 949.
    paper_above_of_height: float = 0.15
    paper_beside_of_height: float = 0.4
    beside_of_height: float = 0.6  # lines whose middles differ by less stand side by side
    # The finder takes long and small rows for too high: a line in doubt whose digits have less of
    # its height is cut out anew, so much higher than they are. Right of 80 rows of 14 to 19
    # validation digits, of 100 small ones, and of 1,675 numbers on pages by held-out writers: 53,
    # 89 and 968 without it, 64, 89 and 966 with 0.55, 66, 92 and 973 with 0.65.
    low_of_height: float = 0.65
    height_of_digits: float = 1.1


LIMITS = Limits()


@dataclass(frozen=True)
class Line:
    """Where a number stands: `corners` (4, 2) in the picture's pixels, its first digit's top, its
    last one's top, and the feet backwards; `probability` that it is one; `walls` is how far beyond
    its ends those of its cell end, in pixels."""

    corners: np.ndarray
    probability: float
    walls: tuple[float, float] = (np.inf, np.inf)

    @property
    def height(self) -> float:
        return float(np.linalg.norm(self.corners[3] - self.corners[0]))

    @property
    def width(self) -> float:
        return float(np.linalg.norm(self.corners[1] - self.corners[0]))

    @property
    def tilt(self) -> float:
        """In degrees, downwards to the right."""
        x, y = self.corners[1] - self.corners[0]
        return float(np.degrees(np.arctan2(y, x)))

    @property
    def box(self) -> Box:
        """The upright box around it."""
        (left, top), (right, bottom) = self.corners.min(axis=0), self.corners.max(axis=0)
        return round(left), round(top), round(right - left), round(bottom - top)

    @property
    def paper(self) -> float:
        """How much paper its row has at the left and at the right, in pixels."""
        return LIMITS.paper_beside_of_height * self.height

    def meets(self, other: "Line") -> bool:
        """Whether the middle of one of the two lies in the other."""
        return self._holds(other) or other._holds(self)

    def _holds(self, other: "Line") -> bool:
        x, y = other.corners.mean(axis=0)
        return cv2.pointPolygonTest(self.corners.astype(np.float32), (x, y), False) >= 0

    def between(self, start: float, end: float) -> "Line":
        """It from one place to another, in pixels from its first digit on."""
        along = (self.corners[1] - self.corners[0]) / self.width
        first, last = (self.corners[[0, 3]] + place * along for place in (start, end))
        walls = self.walls[0] + start, self.walls[1] + self.width - end
        return replace(self, corners=np.stack([first[0], last[0], last[1], first[1]]), walls=walls)

    def times_as_high(self, times: float) -> "Line":
        """It so many times as high, its middle where it was."""
        more = (self.corners[3] - self.corners[0]) * (times - 1) / 2
        return replace(self, corners=self.corners + np.outer([-1, -1, 1, 1], more))

    def closer(self, digits: Sequence[Box]) -> "Line | None":
        """It no higher than its digits, boxes (x, y, width, height) in the picture; None where they
        are as high as it."""
        boxes = np.array(digits, float)
        height = float(np.median(boxes[:, 3]))
        if height >= LIMITS.low_of_height * self.height:
            return None
        down = (self.corners[3] - self.corners[0]) / self.height
        middle = np.median((boxes[:, :2] + boxes[:, 2:] / 2 - self.corners[0]) @ down)
        half = LIMITS.height_of_digits * height / 2
        top, bottom = self.corners[:2] + np.outer([[middle - half], [middle + half]], down)[:, None]
        return replace(self, corners=np.concatenate([top, bottom[::-1]]))

    def row(self, above: float | None = None, size: int = ROW_HEIGHT) -> RowInk:
        """The empty row that lies over the line, which is `size` pixels high in it, with some paper
        around; `above` is how much there is above and below, in heights of the line, little unless
        told."""
        height, scale = self.height, size / self.height
        along = (self.corners[1] - self.corners[0]) / self.width
        down = (self.corners[3] - self.corners[0]) / height
        above = LIMITS.paper_above_of_height if above is None else above
        origin = self.corners[0] - self.paper * along - height * above * down
        wide = int(np.ceil((self.width + 2 * self.paper) * scale))
        high = int(np.ceil((1 + 2 * above) * size))
        to_picture = np.stack([along / scale, down / scale, origin], axis=1)
        return RowInk(np.zeros((high, wide), np.uint8), to_picture)

    def under(self, grey: np.ndarray) -> np.ndarray:
        """The piece of a picture (H, W) uint8 under its row, (h, w) uint8, empty behind the walls
        of its cell: what stands there is no part of its number."""
        piece, scale = self.row().of_picture(grey), ROW_HEIGHT / self.height
        before, behind = (int(max(self.paper - away, 0) * scale) for away in self.walls)
        piece[:, :before] = piece[:, max(piece.shape[1] - behind, 0) :] = np.median(piece)
        return piece

    def seen(self, grey: np.ndarray) -> np.ndarray:
        """Its line image: it and what stands around it in a picture (H, W) uint8."""
        beside = BESIDE * self.height - self.paper
        wide = self.between(-beside, self.width + beside)
        return line_image(wide.row(AROUND, LINE).of_picture(grey))

    def alone(self, ink: Ink) -> np.ndarray:
        """The ink of its row, (h, w) uint8, less boxes and rings around it and less the parts of
        which most lies beside the line; half of the paper at its ends is its own, as thin digits
        stand there that it cuts."""
        beside = round(LIMITS.paper_beside_of_height / 2 * ROW_HEIGHT)
        above = round(LIMITS.paper_above_of_height * ROW_HEIGHT)
        high, wide = ink.mask.shape
        kept = np.zeros(ink.mask.shape, bool)
        for part in without_frames(ink):
            x, y, width, height = part.box
            left, top = max(beside - x, 0), max(above - y, 0)
            right, bottom = max(wide - beside - x, 0), max(high - above - y, 0)
            if 2 * part.mask[top:bottom, left:right].sum() >= part.area:
                kept[y : y + height, x : x + width] |= part.mask
        gone = (ink.mask & ~kept).astype(np.uint8)
        near = cv2.dilate(gone, np.ones((3, 3), np.uint8)) > 0
        return np.where(near & ~kept, 0, ink.level)


def upright(box: Box) -> Line:
    """The line of a box in the picture, which is known to be one."""
    x, y, width, height = box
    right, foot = x + width, y + height
    return Line(np.array([(x, y), (right, y), (right, foot), (x, foot)], float), 1.0)


def lines(in_row: np.ndarray, in_core: np.ndarray, shape: tuple[int, ...]) -> list[Line]:
    """The lines of a picture of `shape` (H, W) in the maps (h, w) of probabilities."""
    core = (in_core > 0.5).astype(np.uint8)
    count, labels = cv2.connectedComponents(core)
    owners = _nearest(labels)
    owners[(in_row <= 0.5) & (labels == 0)] = 0
    pixel = np.array([shape[1] / core.shape[1], shape[0] / core.shape[0]])
    rows, cores, likely = [], [], []
    for k, (left, top, right, bottom) in enumerate(_boxes(owners, count)[1:], 1):
        there = np.s_[top:bottom, left:right]
        kernel = labels[there] == k
        around = reaching(kernel, owners[there] == k)
        rows.append(_outline(around, (left, top), pixel))
        cores.append(_tilt(_outline(kernel, (left, top), pixel)))
        likely.append(float(in_core[there][kernel].mean()))
    page = _page_tilt(cores)
    made = []
    for row, probability in zip(rows, likely, strict=True):
        tilt, wide, high = _tilt(row)
        tells = wide > LIMITS.long_aspect * high and abs(tilt) <= MOST_TILT
        made.append(Line(_corners(row, tilt if tells else page, pixel[0]), probability))
    return made


def _boxes(labels: np.ndarray, count: int) -> np.ndarray:
    """The box (count, 4) of each label (h, w): left, top, and what lies behind right and bottom."""
    ys, xs = np.nonzero(labels)
    which = labels[ys, xs]
    low, high = np.full((count, 2), max(labels.shape)), np.zeros((count, 2), int)
    places = np.stack([xs, ys], axis=1)
    np.minimum.at(low, which, places)
    np.maximum.at(high, which, places + 1)
    return np.concatenate([low, high], axis=1)


def _outline(mask: np.ndarray, corner: tuple[int, int], pixel: np.ndarray) -> np.ndarray:
    """The middles (N, 2) float32 of the first and last pixels of a mask's lines, in the picture, of
    which it is `pixel` (2,) per one of the map; the mask (h, w) lies with its `corner` there."""
    ys = np.flatnonzero(mask.any(axis=1))
    first, last = mask[ys].argmax(axis=1), mask.shape[1] - 1 - mask[ys, ::-1].argmax(axis=1)
    places = np.stack([np.append(first, last), np.tile(ys, 2)], axis=1) + np.array(corner) + 0.5
    return np.asarray(places * pixel, np.float32)


def _nearest(labels: np.ndarray) -> np.ndarray:
    """For each pixel the label (h, w) of the nearest one that has any."""
    away = (labels == 0).astype(np.uint8)
    _, places = cv2.distanceTransformWithLabels(
        away, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    of_place = np.zeros(int(places.max()) + 1, np.int32)
    of_place[places[labels > 0]] = labels[labels > 0]
    return of_place[places]


def _tilt(points: np.ndarray) -> tuple[float, float, float]:
    """The tilt in degrees, the width and the height of the box around points (N, 2)."""
    _, (wide, high), degrees = cv2.minAreaRect(points)
    if wide < high:
        wide, high, degrees = high, wide, degrees - QUARTER
    return (degrees + QUARTER) % (2 * QUARTER) - QUARTER, wide, high


def _page_tilt(tilts: list[tuple[float, float, float]]) -> float:
    """The tilt of the middle one of the long cores, the longer the weightier."""
    long = sorted((t, wide) for t, wide, high in tilts if wide > LIMITS.long_aspect * high)
    if not long:
        return 0.0
    sums = np.cumsum([wide for _, wide in long])
    tilt = long[int(np.searchsorted(sums, sums[-1] / 2))][0]
    return tilt if abs(tilt) <= MOST_TILT else 0.0


def _corners(row: np.ndarray, tilt: float, pixel: float) -> np.ndarray:
    """The corners (4, 2) of the box around a row's points (N, 2) that lies at a tilt in degrees."""
    turn = np.radians(tilt)
    along, down = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    (left, right), (top, bottom) = (_reach(row @ way, pixel) for way in (along, down))
    places = [(left, top), (right, top), (right, bottom), (left, bottom)]
    return np.array([x * along + y * down for x, y in places])


def _reach(places: np.ndarray, pixel: float) -> tuple[float, float]:
    return float(places.min()) - pixel / 2, float(places.max()) + pixel / 2


def in_order(some: list[Line]) -> list[Line]:
    """Lines in reading order: from top to bottom, and from left to right where they stand side by
    side."""
    turn = np.radians(_page_tilt([(line.tilt, line.width, line.height) for line in some]))
    level = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    placed = [(line.corners.mean(axis=0) @ level, line) for line in some]
    placed.sort(key=lambda item: float(item[0][1]))
    ordered: list[list[tuple[np.ndarray, Line]]] = []
    for at, line in placed:
        near = LIMITS.beside_of_height * line.height
        if ordered and at[1] - np.mean([other[1] for other, _ in ordered[-1]]) < near:
            ordered[-1].append((at, line))
        else:
            ordered.append([(at, line)])
    return [line for band in ordered for _, line in sorted(band, key=lambda item: item[0][0])]
