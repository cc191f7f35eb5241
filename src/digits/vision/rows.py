"""From ink to rows of ink: which parts stand in one line, made level and upright.

A row is a picture of its own: turned so that the line is level, sheared so that slanted digits
stand upright, and scaled to one height, so that one set of measures fits all of them.
"""

from dataclasses import dataclass, replace
from itertools import pairwise, product

import cv2
import numpy as np

from digits.tile import Box, shrink
from digits.vision.components import (
    SOFT_EDGE,
    Component,
    components,
    cut_out,
    enclosing,
    is_frame,
    usual_height,
)
from digits.vision.ink import Ink

ROW_HEIGHT = 64  # pixels of a row's digits; a tile's are 20
MARGIN = 4  # pixels around a row's ink


@dataclass(frozen=True)
class RowLimits:
    """`*_of_X` are shares of X; a height is the usual one of a row's parts. Levels are of 255."""

    min_tall_of_height: float = 0.45  # what is lower is a dot, a dash or a digit's detached bar
    min_tilt_parts: int = 3  # of fewer the tilt of their line cannot be told
    max_tilt_deg: int = 16  # by which a photograph is turned
    max_step_of_height: float = 0.5  # between parts of a row; more is between rows, however much
    # A spread is all such steps together, in heights.
    spread_slack: float = 0.02  # tilts are as good as the best if their spread is so near
    max_spread_of_level: float = 0.7  # of that without a tilt: one must be clearly better ...
    min_spread_gain: float = 0.05  # ... and by so much more
    max_off_of_half_height: float = 0.9  # of the taller: a part's middle off that of its row
    max_uneven_of_height: float = 0.8  # how much lower a digit may stand than its row
    max_overlap_of_width: float = 0.5  # of the narrower: what lies above it by more is another row
    max_rows: int = 30
    max_bracket_of_height: float = 0.2  # its width anywhere ...
    min_bow_of_height: float = 0.035  # ... and by how much it is bent
    max_beside_of_height: float = 0.75  # of the tallest: so far off the middle are dots and bars
    min_dot_of_square: float = 0.005  # its area, of the height's square
    max_bar_of_height: float = 1.5  # its length: a 5's is shorter, what is not is an underline
    max_row_px: int = 4_000_000  # 40 digits askew have half; one of a grid had 100 million
    slant_height_px: int = 32  # of digits, when their slant is measured
    max_slant: float = 0.7  # pixels to the right per pixel up
    slants: int = 29  # that are tried
    slant_penalty: float = 0.25  # of the steepest: upright unless there is a reason
    min_level: int = 32  # where there is ink, soft edges and all
    min_part_level: int = 96  # where parts are told from each other
    min_stroke_level: int = 128  # where there is a stroke: a digit's box is around it
    max_ink_of_height: float = 24.0  # its length: 40 digits and more
    max_parts: int = 120  # 40 digits in three pieces each
    min_word_gap_of_height: float = 0.8
    max_passed_px: float = 1.5  # of the picture, by a pixel of the row


LIMITS = RowLimits()


@dataclass(frozen=True)
class RowInk:
    """A row's ink (h, w) uint8, its digits about ROW_HEIGHT high, and the way back to the picture.

    `to_picture` (2, 3) is affine, from the row's pixels to the picture's.
    """

    level: np.ndarray
    to_picture: np.ndarray

    def box_in_picture(self, level: np.ndarray, box: Box) -> Box:
        """The upright box in the picture around ink (h, w) uint8 that lies in a box of the row."""
        ys, xs = np.nonzero(level >= min(LIMITS.min_stroke_level, int(level.max())))
        there = np.stack([xs + box[0], ys + box[1]], 1) @ self.to_picture[:, :2].T
        there += self.to_picture[:, 2]
        left, top = np.floor(there.min(axis=0) + 0.5).astype(int)
        right, bottom = np.floor(there.max(axis=0) + 0.5).astype(int)
        return int(left), int(top), int(right - left), int(bottom - top)

    def with_room(self, columns: int) -> "RowInk":
        """The row with so many columns of paper more at its left and its right."""
        back = self.to_picture.copy()
        back[:, 2] -= columns * back[:, 0]
        return RowInk(np.pad(self.level, ((0, 0), (columns, columns))), back)

    def of_picture(self, grey: np.ndarray) -> np.ndarray:
        """The piece of the picture (H, W) uint8 under the row, (h, w) uint8 as `level` lies."""
        height, width = self.level.shape
        per_pixel = float(np.sqrt(abs(np.linalg.det(self.to_picture[:, :2]))))
        to_picture = self.to_picture
        if per_pixel > LIMITS.max_passed_px:  # so that no pixel of the picture is passed over
            grey = cv2.resize(
                grey, None, fx=1 / per_pixel, fy=1 / per_pixel, interpolation=cv2.INTER_AREA
            )
            to_picture = to_picture / per_pixel
        how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(
            grey, to_picture, (width, height), flags=how, borderMode=cv2.BORDER_REPLICATE
        )

    def is_crowded(self) -> bool:
        """Whether it has more ink or more parts than a number: it is text, or a texture."""
        inked = len(self._inked_columns())  # its length without its gaps
        mask = self.level > LIMITS.min_part_level
        parts, _ = cv2.connectedComponents(mask.astype(np.uint8))
        return inked > LIMITS.max_ink_of_height * ROW_HEIGHT or parts > LIMITS.max_parts

    def _inked_columns(self) -> np.ndarray:
        return np.flatnonzero((self.level > LIMITS.min_level).any(axis=0))

    def words(self, most: int) -> list["RowInk"]:
        """The row part by part, where wide gaps part it; each in its place, without the others.

        A row of more than `most` parts stays whole.
        """
        columns = self._inked_columns()
        gaps = np.flatnonzero(np.diff(columns) > LIMITS.min_word_gap_of_height * ROW_HEIGHT)
        cuts = [0, *((columns[gaps] + columns[gaps + 1]) // 2), self.level.shape[1]]
        if len(gaps) >= most:
            return [self]
        made = []
        for left, right in pairwise(cuts):
            level = np.zeros_like(self.level)
            level[:, left:right] = self.level[:, left:right]
            made.append(replace(self, level=level))
        return made


def find_rows(ink: Ink) -> list[RowInk]:
    """The rows of a picture, top to bottom."""
    height, width = ink.mask.shape
    found = [p for p in components(ink.mask) if not is_frame(p, width, height)]
    if not found:
        return []
    tall = _tall(found)
    angle = _tilt(tall)
    groups = [_without_brackets(group) for group in _groups(tall, angle)[: LIMITS.max_rows]]
    small = [p for p in found if p not in tall]
    return [
        _row(ink, group + _beside(group, small, angle), group, angle)
        for group in groups
        if _is_line(group)
    ]


def _is_line(group: list[Component]) -> bool:
    """Whether a row, at its usual height, is of a size that lines of writing have."""
    _, _, width, height = enclosing([p.box for p in group])
    return width * height * (ROW_HEIGHT / _height(group)) ** 2 <= LIMITS.max_row_px


def _tall(found: list[Component]) -> list[Component]:
    """Parts that are as high as digits here: not dots, dashes and specks."""
    least = LIMITS.min_tall_of_height * usual_height(found)
    return [p for p in found if p.box[3] >= least]


def _centre(part: Component, angle: float) -> tuple[float, float]:
    """Along and across the lines of writing, in pixels."""
    x, y, width, height = part.box
    cx, cy = x + width / 2, y + height / 2
    c, s = np.cos(angle), np.sin(angle)
    return cx * c + cy * s, cy * c - cx * s


def _tilt(tall: list[Component]) -> float:
    """The angle of the lines in radians, by which the parts' centres fall into the narrowest rows.

    0.0 for too few parts, or where another angle is not clearly better.
    """
    if len(tall) < LIMITS.min_tilt_parts:
        return 0.0
    height = _height(tall)

    def spread(angle: float) -> float:
        across = np.sort([_centre(p, angle)[1] for p in tall])
        steps = np.diff(across)
        return float(np.minimum(steps, LIMITS.max_step_of_height * height).sum() / height)

    angles = np.deg2rad(np.arange(-LIMITS.max_tilt_deg, LIMITS.max_tilt_deg + 1))
    spreads = np.array([spread(a) for a in angles])
    best = float(angles[spreads <= spreads.min() + LIMITS.spread_slack].mean())
    most = LIMITS.max_spread_of_level * spread(0.0) - LIMITS.min_spread_gain
    return best if spread(best) < most else 0.0


def _groups(tall: list[Component], angle: float) -> list[list[Component]]:
    """Parts row by row, top to bottom: a part joins a row that half of its height shares."""
    groups: list[list[Component]] = []
    for part in sorted(tall, key=lambda p: -p.box[3]):
        centre, half = _centre(part, angle)[1], part.box[3] / 2
        for group in groups:
            middle = _middle(group, angle)
            reach = max(p.box[3] for p in group) / 2
            if abs(centre - middle) < max(reach, half) * LIMITS.max_off_of_half_height:
                group.append(part)
                break
        else:
            groups.append([part])
    groups.sort(key=lambda g: _middle(g, angle))
    return _merged(groups, angle)


def _merged(groups: list[list[Component]], angle: float) -> list[list[Component]]:
    """Rows that overlap in height and have nothing above each other are one, unevenly written."""
    merged = groups[:1]
    for group in groups[1:]:
        height = max(p.box[3] for p in merged[-1] + group)
        lower = _middle(group, angle) - _middle(merged[-1], angle)
        near = lower < LIMITS.max_uneven_of_height * height
        if near and not _stacked(merged[-1], group):
            merged[-1] = merged[-1] + group
        else:
            merged.append(group)
    return merged


def _without_brackets(group: list[Component]) -> list[Component]:
    """A row less its pairs of brackets: one alone would be a 1."""
    bows, bow = {id(part): _bow(part) for part in group}, LIMITS.min_bow_of_height
    opening = min((p.box[0] for p in group if bows[id(p)] < -bow), default=np.inf)
    closing = max((p.box[0] for p in group if bows[id(p)] > bow), default=-np.inf)
    brackets = {opening, closing} if opening < closing else set()
    return [p for p in group if p.box[0] not in brackets or abs(bows[id(p)]) <= bow] or group


def _bow(part: Component) -> float:
    """How far right of its ends a slender stroke's middle lies, by its height; of others 0.0."""
    inked = part.mask.any(axis=1)
    first, last = part.mask.argmax(axis=1), part.mask.shape[1] - part.mask[:, ::-1].argmax(axis=1)
    height = len(part.mask)
    if not inked.all() or (last - first).max() > LIMITS.max_bracket_of_height * height:
        return 0.0
    top, middle, bottom = np.array_split((first + last) / 2, 3)
    return float((middle.mean() - (top.mean() + bottom.mean()) / 2) / height)


def _height(group: list[Component]) -> float:
    """The usual height of a row's parts, in pixels."""
    return float(np.median([p.box[3] for p in group]))


def _middle(group: list[Component], angle: float) -> float:
    """How far across the lines of writing a row lies, in pixels."""
    return sum(_centre(p, angle)[1] for p in group) / len(group)


def _stacked(upper: list[Component], lower: list[Component]) -> bool:
    """Whether a part of one row lies above one of the other."""
    for (x, _, width, _), (x2, _, width2, _) in product(
        (p.box for p in upper), (p.box for p in lower)
    ):
        overlap = min(x + width, x2 + width2) - max(x, x2)
        if overlap > LIMITS.max_overlap_of_width * min(width, width2):
            return True
    return False


def _beside(group: list[Component], small: list[Component], angle: float) -> list[Component]:
    """The small parts within a row: a 5's bar, a dot; what is wider than a digit underlines it."""
    middle = _middle(group, angle)
    reach = LIMITS.max_beside_of_height * max(p.box[3] for p in group)
    height = _height(group)
    least, widest = LIMITS.min_dot_of_square * height**2, LIMITS.max_bar_of_height * height
    return [
        p
        for p in small
        if abs(_centre(p, angle)[1] - middle) < reach and p.area >= least and p.box[2] < widest
    ]


def _row(ink: Ink, chosen: list[Component], tall: list[Component], angle: float) -> RowInk:
    """Cut a row out, level, upright and at the usual height."""
    level, (left, top, _, _) = cut_out(ink, chosen)  # with its soft edge around
    scale = ROW_HEIGHT / _height(tall)
    level, scale = shrink(level, scale)
    slant = _slant(level, angle) if len(tall) > 1 else 0.0
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[c, s], [-s, c]])
    turn = np.array([[1, slant], [0, 1]]) @ turn
    if scale_left := ROW_HEIGHT / (_height(tall) * scale):
        turn = turn * scale_left
    height, width = level.shape
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]]) @ turn.T
    offset = MARGIN - corners.min(axis=0)
    size = np.ceil(np.ptp(corners, axis=0) + 2 * MARGIN).astype(int)
    forward = np.hstack([turn, offset[:, None]])
    straight = cv2.warpAffine(level, forward, (int(size[0]), int(size[1])), flags=cv2.INTER_LINEAR)
    back = cv2.invertAffineTransform(forward) / scale
    back[:, 2] += (left - SOFT_EDGE, top - SOFT_EDGE)
    return RowInk(straight, back)


def _slant(level: np.ndarray, angle: float) -> float:
    """The shear that stands the strokes upright: that with the steepest column sums."""
    factor = LIMITS.slant_height_px / ROW_HEIGHT
    if min(level.shape) * factor < 1:
        return 0.0
    small = cv2.resize(level, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    height, width = small.shape
    shears = np.linspace(-LIMITS.max_slant, LIMITS.max_slant, LIMITS.slants)

    def steepness(shear: float) -> float:
        reach = abs(shear) * height
        move = np.array([[1, shear, reach if shear < 0 else 0], [0, 1, 0]])
        columns = cv2.warpAffine(small, move, (int(width + reach), height)).sum(axis=0, dtype=float)
        return float(np.square(np.diff(columns)).sum())

    values = np.array([steepness(s) for s in shears])
    values *= 1 - LIMITS.slant_penalty * (shears / LIMITS.max_slant) ** 2
    return float(shears[values.argmax()])
