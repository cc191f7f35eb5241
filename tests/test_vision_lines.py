"""Lines of a page: their ink alone, their order, and which of them are one."""

import numpy as np
import pytest

from digits.vision.ink import Ink
from digits.vision.lines import LIMITS, Line, in_order, join
from digits.vision.rows import ROW_HEIGHT


def line(x: float, y: float, width: float, height: float, degrees: float = 0.0) -> Line:
    """A line with its top left at (x, y), turned about the origin."""
    turn = np.radians(degrees)
    turned = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    corners = np.array([(x, y), (x + width, y), (x + width, y + height), (x, y + height)])
    return Line(corners.astype(float) @ turned, 0.9)


def test_ink_alone_is_what_mostly_lies_in_the_line() -> None:
    one = line(100, 100, 200, ROW_HEIGHT)  # a pixel of its row is one of the picture
    above = round(LIMITS.paper_above_of_height * ROW_HEIGHT)
    beside = round(LIMITS.paper_beside_of_height * ROW_HEIGHT)
    level = np.zeros(one.row().level.shape, np.uint8)
    level[above + 5 : above + 60, beside + 20 : beside + 40] = 255  # within it
    level[: above - 10, beside + 60 : beside + 160] = 255  # print above it
    level[above - 8 : above + 40, beside + 100 : beside + 120] = 255  # reaches out of it
    level[:, : beside - 10] = 255  # a wall at its left
    kept = one.alone(Ink(level, level > 0, 1.0, inverted=False))
    columns = np.flatnonzero(kept.mask.any(axis=0))
    assert columns.min() == beside + 20 and columns.max() == beside + 119
    assert kept.mask[above + 30, beside + 110] and not kept.level[above + 30, 0]


@pytest.mark.parametrize("degrees", [0.0, 14.0, -14.0])
def test_lines_that_overlap_at_one_height_are_one(degrees: float) -> None:
    first, second = line(0, 0, 300, 100, degrees), line(260, 8, 200, 96, degrees)
    (one,) = join([second, first])
    assert one.width == pytest.approx(460, abs=1) and one.height == pytest.approx(104, abs=1)
    assert one.tilt == pytest.approx(degrees, abs=0.01) and one.probability == 0.9


@pytest.mark.parametrize(
    ("x", "y", "height"),
    [(310, 0, 100), (260, 60, 100), (260, 0, 50)],  # apart, lower, much smaller
)
def test_others_stay_two(x: float, y: float, height: float) -> None:
    assert len(join([line(0, 0, 300, 100), line(x, y, 200, height)])) == 2


def test_a_line_lies_in_another_where_its_middle_does() -> None:
    large = line(0, 0, 300, 100)
    assert line(250, 50, 60, 30).lies_in(large) and not line(280, 50, 60, 30).lies_in(large)


@pytest.mark.parametrize("degrees", [0.0, 10.0, -10.0])
def test_they_come_from_top_to_bottom_and_left_to_right(degrees: float) -> None:
    wanted = [line(x, y, 120, 30, degrees) for y in (0, 60) for x in (0, 200, 400)]
    mixed = [wanted[k] for k in (4, 1, 5, 0, 3, 2)]
    assert [id(one) for one in in_order(mixed)] == [id(one) for one in wanted]
