"""Lines of a page: their ink alone, their order, and which of them are one."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from digits.vision.ink import Ink
from digits.vision.lines import LIMITS, Line, in_order, lines
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
    level[:, : beside // 2 - 4] = 255  # a wall at its left
    level[above + 5 : above + 60, beside - 6 : beside] = 255  # a 1 just beside it
    mask = level > 0
    level[above + 5 : above + 60, beside + 40] = level[: above - 10, beside + 160] = (
        90  # soft edges
    )
    kept = one.alone(Ink(level, mask, 1.0, inverted=False))
    columns = np.flatnonzero(kept.any(axis=0))
    assert columns.min() == beside - 6 and columns.max() == beside + 119
    assert kept[above + 30, beside + 110] and not kept[above + 30, 0]
    assert (kept[above + 5 : above + 60, beside + 40] == 90).all()


def test_a_piece_of_a_line_lies_on_it_and_may_be_longer() -> None:
    whole = line(100, 50, 200, 20, 30.0)
    along = (whole.corners[1] - whole.corners[0]) / 200
    piece = whole.between(-30, 250)
    assert piece.corners[0] == pytest.approx(whole.corners[0] - 30 * along)
    assert piece.corners[2] == pytest.approx(whole.corners[2] + 50 * along)
    same = piece.width, piece.height, piece.tilt, piece.probability
    assert same == pytest.approx((280, 20, 30.0, whole.probability))
    assert piece.walls == (np.inf, np.inf)
    in_cell = replace(whole, walls=(10.0, 60.0)).between(-30, 250)
    assert in_cell.walls == pytest.approx((-20, 10))


def test_lines_meet_where_the_middle_of_one_lies_in_the_other() -> None:
    large, near, away = line(0, 0, 300, 100), line(250, 50, 60, 30), line(280, 50, 60, 30)
    assert near.meets(large) and large.meets(near)
    assert not away.meets(large) and not large.meets(away)


@pytest.mark.parametrize("degrees", [0.0, 10.0, -10.0])
def test_they_come_from_top_to_bottom_and_left_to_right(degrees: float) -> None:
    wanted = [line(x, y, 120, 30, degrees) for y in (0, 60) for x in (0, 200, 400)]
    mixed = [wanted[k] for k in (4, 1, 5, 0, 3, 2)]
    assert [id(one) for one in in_order(mixed)] == [id(one) for one in wanted]


def maps(*places: tuple[float, float, float, float, float]) -> tuple[np.ndarray, np.ndarray]:
    """What a finder says of a picture (400, 600) with rows at (middle, size, tilt in degrees), in
    pixels of its maps (200, 300): cores are half as wide and high."""
    in_row, in_core = np.zeros((2, 200, 300), np.float32)
    for x, y, wide, high, degrees in places:
        for drawn, share in ((in_row, 1.0), (in_core, 0.5)):
            corners = cv2.boxPoints(((x, y), (share * wide, share * high), degrees))
            cv2.fillConvexPoly(drawn, corners.round().astype(np.int32), 0.9)
    return in_row, in_core


def tilts(*places: tuple[float, float, float, float, float]) -> list[int]:
    return [round(one.tilt) for one in lines(*maps(*places), (400, 600))]


LEVEL = (150, 20, 200, 20, 0)


@pytest.mark.parametrize(
    ("wide", "degrees", "tilt"),
    [(120, 15, 15), (120, 60, 0), (40, 15, 0), (56, 15, 15)],  # long; turned; short; long
)
def test_a_long_line_tells_its_own_tilt_and_others_lie_as_the_page(
    wide: int, degrees: int, tilt: int
) -> None:
    first, other = tilts(LEVEL, (150, 120, wide, 22, degrees))
    assert first == 0 and other == pytest.approx(tilt, abs=3)


def test_short_cores_do_not_tell_how_a_page_lies() -> None:
    askew = [(60 + 80 * k, 120, 40, 26, 14) for k in range(3)]
    assert tilts((60, 20, 90, 20, 0), *askew) == [0] * 4


@pytest.mark.parametrize(("degrees", "tilt"), [(30, 30), (60, 0)])
def test_a_page_that_is_turned_far_lies_on_another_side(degrees: int, tilt: int) -> None:
    assert tilts((150, 100, 120, 24, degrees)) == [pytest.approx(tilt, abs=3)]


def test_a_row_has_paper_around_it() -> None:
    high, wide = line(100, 100, 200, ROW_HEIGHT).row().level.shape
    assert wide == pytest.approx(200 + 2 * 0.4 * ROW_HEIGHT, abs=1)
    assert high == pytest.approx(ROW_HEIGHT + 2 * 0.15 * ROW_HEIGHT, abs=1)


@pytest.mark.parametrize(("lower", "is_first"), [(15, True), (24, False)])
def test_lines_of_about_one_height_stand_side_by_side(lower: int, is_first: bool) -> None:
    left, right = line(0, lower, 120, 30), line(200, 0, 120, 30)
    assert (in_order([right, left])[0] is left) == is_first


@pytest.mark.parametrize("degrees", [0.0, 10.0])
def test_a_line_much_higher_than_its_digits_is_cut_out_closer(degrees: float) -> None:
    whole, low = line(100, 100, 400, 100, degrees), line(100, 130, 400, 30, degrees)
    along = (low.corners[1] - low.corners[0]) / 4
    middles = [low.corners.mean(axis=0) + place * along for place in (-1, 0, 1)]
    digits = [(x - 10, y - 15, 20, 30) for x, y in middles]
    closer = whole.closer(digits)
    assert closer and closer.height == pytest.approx(LIMITS.height_of_digits * 30)
    assert closer.corners.mean(axis=0) == pytest.approx(low.corners.mean(axis=0))
    assert (closer.width, closer.tilt) == pytest.approx((400, whole.tilt))
    assert low.closer(digits) is None


@pytest.mark.parametrize("times", [0.5, 1.5])
def test_a_line_times_as_high_keeps_its_middle(times: float) -> None:
    one = line(100, 100, 400, 60, 12.0)
    other = one.times_as_high(times)
    assert (other.height, other.width, other.tilt) == pytest.approx((60 * times, 400, 12.0))
    assert other.corners.mean(axis=0) == pytest.approx(one.corners.mean(axis=0))


@pytest.mark.parametrize("degrees", [0.0, 12.0])
def test_a_line_image_shows_the_line_and_what_is_around_it(degrees: float) -> None:
    """The line a third of the image high; print a height above it, a wall a height before it."""
    one = line(250, 120, 200, 40, degrees)
    grey = np.full((500, 600), 220, np.uint8)
    for x, y, wide, high, level in (
        (250, 120, 200, 40, 40),  # the line is all ink
        (300, 90, 100, 20, 90),
        (206, 100, 6, 80, 130),
        (250, 40, 100, 30, 0),  # more than a height above it
    ):
        cv2.fillPoly(
            grey, [line(x, y, wide, high, degrees).corners.round().astype(np.int32)], level
        )
    seen = one.seen(grey)
    assert seen.shape == (72, 192) and seen.dtype == np.uint8  # 200 + 2 * 48 pixels, scaled by 0.6
    rows, columns = np.nonzero(seen < 60)
    assert abs(rows.min() - 24) <= 2 and abs(rows.max() - 47) <= 2
    assert abs(columns.min() - 29) <= 2 and abs(columns.max() - 148) <= 2
    assert seen[12, 90] == pytest.approx(90, abs=20) and seen[36, 4] == pytest.approx(130, abs=40)
    assert (seen[:, 185:] == 220).all()  # paper up to the grid
