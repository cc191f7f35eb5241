"""Numbers in neighbouring cells are told apart at the walls; a comb's digits stay one number."""

import cv2
import numpy as np
import pytest

from digits.vision.lines import Line
from digits.vision.walls import LIMITS, within_cells

HEIGHT = 40  # of the digits
TOP, LEFT = 100, 80


def line(width: int) -> Line:
    corners = [(LEFT, TOP), (LEFT + width, TOP), (LEFT + width, TOP + HEIGHT), (LEFT, TOP + HEIGHT)]
    return Line(np.array(corners, float), 0.9)


def strokes(grey: np.ndarray, places: list[int], level: int = 60) -> None:
    """Digits of 24 pixels' width: crosses within the line's height."""
    for x in places:
        cv2.line(grey, (x, TOP + 2), (x + 24, TOP + HEIGHT - 2), level, 4)
        cv2.line(grey, (x + 24, TOP + 2), (x, TOP + HEIGHT - 2), level, 4)


def page(places: list[int], walls: list[int], level: int = 60, lean: int = 0) -> np.ndarray:
    grey = np.full((260, 600), 220, np.uint8)
    strokes(grey, places)
    for x in walls:
        cv2.line(grey, (x - lean, TOP - 60), (x + lean, TOP + HEIGHT + 60), level, 3)
    return grey


def spans(found: list[Line]) -> list[tuple[int, int]]:
    return [(round(part.corners[0, 0]), round(part.corners[1, 0])) for part in found]


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize(("level", "lean"), [(60, 0), (150, 0), (60, 2)])
def test_a_line_falls_into_its_cells(level: int, lean: int, inverted: bool) -> None:
    grey = page([90, 125, 230, 265], [190], level, lean)
    found = spans(within_cells(line(220), 255 - grey if inverted else grey))
    assert len(found) == 2
    for (start, end), (first, last) in zip(found, [(90, 149), (230, 289)], strict=True):
        assert abs(start - first) <= 4 and abs(end - last) <= 4


def test_what_has_no_wall_stays_as_it_is() -> None:
    whole = line(220)
    assert within_cells(whole, page([90, 125, 230, 265], [])) == [whole]
    one = page([90, 125, 230, 265], [])
    cv2.line(one, (190, TOP), (190, TOP + HEIGHT), 60, 3)  # a 1 is no higher than the line
    assert within_cells(whole, one) == [whole]


def test_a_comb_stays_one_number() -> None:
    pitch = 44  # of a height of 40: a digit each
    walls = [LEFT + pitch * k for k in range(6)]
    grey = page([x + 10 for x in walls[:-1]], walls)
    whole = line(5 * pitch)
    assert pitch < LIMITS.min_cell_of_height * HEIGHT
    assert within_cells(whole, grey) == [whole]


def test_an_empty_cell_is_no_number_and_a_walls_end_is_cut_off() -> None:
    found = within_cells(line(300), page([90, 125], [190, 290]))
    assert len(found) == 1 and abs(found[0].corners[1, 0] - 149) <= 4


def test_parts_of_a_tilted_line_lie_on_it() -> None:
    turn = cv2.getRotationMatrix2D((300, 130), 8, 1)
    grey = cv2.warpAffine(page([90, 125, 230, 265], [190]), turn, (600, 260), borderValue=220)
    level = line(220)
    tilted = Line(level.corners @ turn[:, :2].T + turn[:, 2], 0.9)
    found = within_cells(tilted, grey)
    assert len(found) == 2
    ends = np.stack([found[0].corners[0], found[1].corners[1]])
    back = (ends - turn[:, 2]) @ np.linalg.inv(turn[:, :2]).T
    assert np.abs(back - [(90, TOP), (289, TOP)]).max() <= 4


def parts(width: int, grey: np.ndarray) -> int:
    return len(within_cells(line(width), grey))


@pytest.mark.parametrize(("thick", "count"), [(6, 2), (12, 1)])
def test_what_is_thick_is_no_wall(thick: int, count: int) -> None:
    grey = page([90, 230], [])
    cv2.line(grey, (180, TOP - 60), (180, TOP + HEIGHT + 60), 60, thick)
    assert parts(220, grey) == count


@pytest.mark.parametrize(("lean", "count"), [(6, 2), (11, 1)])
def test_a_wall_may_lean_a_little(lean: int, count: int) -> None:
    assert parts(220, page([90, 230], [190], lean=lean)) == count


@pytest.mark.parametrize(("beyond", "count"), [(56, 2), (46, 1)])  # of a height of 40
def test_walls_that_end_with_the_line_are_a_combs(beyond: int, count: int) -> None:
    grey = page([90, 230], [])
    cv2.line(grey, (190, TOP - beyond), (190, TOP + HEIGHT + beyond), 60, 3)
    assert parts(220, grey) == count


@pytest.mark.parametrize(("room", "count"), [(48, 2), (36, 1)])  # of a height of 40
def test_short_walls_at_the_border_cannot_be_told(room: int, count: int) -> None:
    grey = page([90, 230], [190])[: TOP + HEIGHT + room]
    assert parts(220, grey) == count
    moved = line(220)
    higher = Line(moved.corners - [0, TOP - room], 0.9)
    assert len(within_cells(higher, page([90, 230], [190])[TOP - room :])) == count


@pytest.mark.parametrize("upwards", [False, True])
def test_a_wall_may_go_on_to_one_side_alone(upwards: bool) -> None:
    grey = page([90, 230], [])
    end = TOP + HEIGHT - 125 if upwards else TOP + 125
    start = TOP + HEIGHT if upwards else TOP
    cv2.line(grey, (190, start), (190, end), 60, 3)
    grey = np.pad(grey, ((60, 60), (0, 0)), constant_values=220)
    moved = Line(line(220).corners + np.array([0, 60]), 0.9)
    assert len(within_cells(moved, grey)) == 1  # three heights long
    cv2.line(grey, (190, 60 + start), (190, 60 + end + (-35 if upwards else 35)), 60, 3)
    assert len(within_cells(moved, grey)) == 2


def test_slashes_below_one_another_are_no_wall() -> None:
    grey = page([90, 125, 230, 265], [])
    for y in (TOP - 52, TOP, TOP + 52):
        cv2.line(grey, (182, y + HEIGHT + 5), (198, y - 5), 60, 4)
    assert parts(220, grey) == 1


def test_cells_of_half_as_much_again_as_a_combs_are_a_tables() -> None:
    assert parts(128, page([86, 160], [144])) == 2


@pytest.mark.parametrize(("width", "count"), [(2, 1), (5, 2)])
def test_a_thin_stroke_is_nothing_in_a_cell(width: int, count: int) -> None:
    grey = page([90, 125], [190])
    grey[TOP + 2 : TOP + 38, 240 : 240 + width] = 60
    assert parts(220, grey) == count


@pytest.mark.parametrize(("above", "count"), [(14, 2), (18, 1)])
def test_print_above_a_line_is_nothing_in_its_cell(above: int, count: int) -> None:
    """A dash so far above the line's middle, which is 20 pixels below its top."""
    grey = page([90, 125], [190])
    grey[TOP + 20 - above : TOP + 23 - above, 230:254] = 60
    assert parts(220, grey) == count


@pytest.mark.parametrize(
    ("pen", "wall", "count"),
    [(4, 4, 1), (10, 10, 2), (160, 8, 1), (160, 35, 2)],  # grain, ink; beside dark ink: faint
)
def test_faint_walls_are_none(pen: int, wall: int, count: int) -> None:
    grey = page([], [190], 220 - wall)
    strokes(grey, [90, 125, 230, 265], 220 - pen)
    assert parts(220, grey) == count


def test_what_stands_behind_the_walls_of_a_cell_is_no_part_of_its_number() -> None:
    first, last = within_cells(line(190), grey := page([90, 161, 196, 230], [189]))
    assert first.walls == (np.inf, pytest.approx(191 - 185, abs=4))
    assert last.walls == (pytest.approx(196 - 188, abs=4), np.inf)
    seen, whole = last.under(grey), last.row().of_picture(grey)
    wall = round((last.paper - last.walls[0]) * seen.shape[1] / (last.width + 2 * last.paper))
    assert wall > 4 and (whole[:, : wall - 2] != 220).any()
    assert (seen[:, : wall - 2] == 220).all() and (seen[:, wall:] == whole[:, wall:]).all()


def test_a_neighbour_that_a_line_does_not_reach_is_no_line_of_its_own() -> None:
    assert len(within_cells(line(190), page([90, 125, 205, 240, 290], [190, 280]))) == 2


def test_a_line_that_is_a_wall_stays_as_it_is() -> None:
    corners = np.array([(188, TOP), (192, TOP), (192, TOP + HEIGHT), (188, TOP + HEIGHT)], float)
    wall = Line(corners, 0.9)
    grey = page([], [])
    cv2.line(grey, (190, TOP - 90), (190, TOP + HEIGHT + 90), 60, 5)
    assert within_cells(wall, grey) == [wall]
