"""Parts of the ink: what stands in a box or ring counts, and the box or ring does not."""

import cv2
import numpy as np
import pytest

from digits.vision.components import (
    at_edge,
    cut_out,
    is_crossed,
    is_frame,
    is_one_digit,
    of_one_digit,
    stands_alone,
    without_frames,
    without_underline,
)
from digits.vision.ink import Ink
from digits.vision.parts import Component, components

SIDE = 200


def ink(*shapes: tuple[str, int, int, int, int]) -> Ink:
    """Boxes, rings and filled blocks, each (kind, x, y, width, height)."""
    level = np.zeros((SIDE, SIDE), np.uint8)
    for kind, x, y, width, height in shapes:
        if kind == "ring":
            middle, axes = (x + width // 2, y + height // 2), (width // 2, height // 2)
            cv2.ellipse(level, middle, axes, 0, 0, 360, 255, 3)
        else:
            thick = -1 if kind == "block" else 3
            cv2.rectangle(level, (x, y), (x + width - 1, y + height - 1), 255, thick)
    return Ink(level, level > 0, 1.0, inverted=False)


BLOCK = ("block", 80, 80, 20, 50)


def boxes(seen: Ink) -> list[tuple[int, ...]]:
    return [part.box for part in without_frames(seen)]


@pytest.mark.parametrize("kind", ["box", "ring"])
def test_what_another_part_stands_in_goes(kind: str) -> None:
    seen = ink((kind, 40, 50, 100, 110), BLOCK)
    assert boxes(seen) == [BLOCK[1:]]
    assert [part.box for part in of_one_digit(seen)] == [BLOCK[1:]]
    assert not stands_alone(seen)  # hardly any ink may be beside it


@pytest.mark.parametrize(("height", "goes"), [(50, True), (30, False)])
def test_it_goes_only_if_what_is_in_it_is_not_much_lower(height: int, goes: bool) -> None:
    seen = ink(("box", 40, 50, 100, 100), ("block", 80, 80, 20, height))  # 0.5 or 0.3 of it
    assert len(without_frames(seen)) == (1 if goes else 2)


def test_what_stands_half_in_a_box_leaves_it() -> None:
    seen = ink(("box", 40, 50, 100, 100), ("block", 160, 80, 20, 60))
    assert len(without_frames(seen)) == 2


def test_rules_from_side_to_side_go_and_are_kept_where_nothing_else_is() -> None:
    rule = ("block", 0, 150, SIDE, 4)
    assert boxes(ink(rule, BLOCK)) == [BLOCK[1:]]
    assert boxes(ink(rule)) == [rule[1:]]
    assert boxes(ink()) == []


BAR = ("block", 80, 60, 10, 50)


def test_so_many_parts_are_looked_at() -> None:
    grain = np.zeros((SIDE, SIDE), bool)
    grain[::6, ::6] = True  # 1156 of them
    assert len(components(grain)) == 500


def test_a_digit_is_cut_out_with_its_soft_edge() -> None:
    level = np.full((SIDE, SIDE), 90, np.uint8)
    level[60:110, 80:90] = 255
    seen = Ink(level, level > 127, 1.0, inverted=False)
    cut, box = cut_out(seen, without_frames(seen))
    assert box == (80, 60, 10, 50) and cut.shape == (54, 14) and cut.min() == 90


@pytest.mark.parametrize(
    ("other", "count"),
    [(("block", 100, 60, 6, 5), 2), (("block", 100, 60, 3, 3), 1),  # 0.06 and 0.018 of its area
     (("block", 100, 60, 10, 20), 2), (("block", 108, 60, 10, 20), 1)],  # 10 and 18 px away
)  # fmt: skip
def test_a_digits_other_parts_are_no_specks_and_near(
    other: tuple[str, int, int, int, int], count: int
) -> None:
    assert len(of_one_digit(ink(BAR, other))) == count


@pytest.mark.parametrize(("height", "is_one"), [(5, True), (15, False)])
def test_little_ink_may_be_beside_one_digit(height: int, is_one: bool) -> None:
    assert is_one_digit(ink(BAR, ("block", 160, 60, 7, height))) == is_one


@pytest.mark.parametrize(("holes", "is_one"), [(30, True), (31, False)])
def test_grain_is_no_digit(holes: int, is_one: bool) -> None:
    seen = ink(("block", 60, 20, 70, 170))
    for k in range(holes):
        seen.level[30 + 20 * (k // 8), 65 + 8 * (k % 8)] = 0
    assert is_one_digit(seen) == is_one


@pytest.mark.parametrize(("height", "gone"), [(18, True), (34, False)])
def test_an_underline_is_flat(height: int, gone: bool) -> None:
    seen = ink(("block", 80, 20, 20, 100), ("block", 65, 125, 60, height))
    chosen = of_one_digit(seen)
    assert len(chosen) == 2 and len(without_underline(chosen)) == 2 - gone


def test_a_bar_amid_a_digit_is_no_underline() -> None:
    chosen = of_one_digit(ink(("block", 80, 20, 20, 100), ("block", 105, 60, 20, 5)))
    assert len(chosen) == 2 and without_underline(chosen) is chosen
    assert len(without_underline(chosen[:1])) == 1


@pytest.mark.parametrize(("height", "alone"), [(4, True), (8, False)])  # 8 and 16% of its ink
def test_a_digit_stands_alone_with_hardly_any_ink_beside_it(height: int, alone: bool) -> None:
    assert stands_alone(ink(BAR, ("block", 150, 60, 10, height))) == alone


def test_what_the_border_cuts_does_not_stand_alone() -> None:
    assert stands_alone(ink(("block", 1, 60, 20, 50)))
    assert not stands_alone(ink(("block", 0, 60, 20, 50)))


@pytest.mark.parametrize(
    ("width", "height", "area", "is_rule"),
    [
        (192, 192, 0.3, True), (192, 192, 0.4, False), (180, 192, 0.3, False),
        (192, 180, 0.3, False), (196, 12, 1, True), (196, 20, 1, False), (180, 12, 1, False),
        (12, 196, 1, True), (20, 196, 1, False), (12, 180, 1, False),
    ],
)  # fmt: skip
def test_a_rule_goes_from_side_to_side_and_is_hardly_filled(
    width: int, height: int, area: float, is_rule: bool
) -> None:
    mask = np.zeros((height, width), bool)
    part = Component((2, 2, width, height), round(area * width * height), mask)
    assert is_frame(part, (SIDE, SIDE)) == is_rule


def test_an_upright_of_a_wide_crop_is_a_1() -> None:
    one = Component((50, 2, 20, 196), 3920, np.ones((196, 20), bool))
    assert not is_frame(one, (SIDE, 400))


@pytest.mark.parametrize(
    ("box", "touches"),
    [((0, 5, 9, 9), True), ((5, 0, 9, 9), True), ((5, 191, 9, 9), True), ((191, 5, 9, 9), True),
     ((1, 1, 198, 198), False)],
)  # fmt: skip
def test_the_edge_has_four_sides(box: tuple[int, int, int, int], touches: bool) -> None:
    assert at_edge(box, (SIDE, SIDE)) == touches


@pytest.mark.parametrize(
    ("stroke", "crossed"),
    [("none", False), ("speck", False), ("bar", True), ("one in it", True), ("beside", False)],
)
def test_a_0_with_more_than_one_hole_or_ink_in_it_is_crossed(stroke: str, crossed: bool) -> None:
    """A hole, or a dot, of three pixels is a fault of the pen, one of four is not."""
    tile = np.zeros((28, 28), np.uint8)
    cv2.ellipse(tile, (14, 14), (7, 10), 0, 0, 360, 255, 2)
    if stroke == "bar":
        cv2.line(tile, (9, 20), (19, 8), 255, 2)
    if stroke == "one in it":
        cv2.line(tile, (14, 4), (14, 24), 128, 2)
    if stroke == "beside":
        tile[4:24, 25:27] = 255
    for dot in (tile[14, 12:15], tile[14, 12:16]) if stroke == "none" else ():
        dot[:] = 255
        assert is_crossed(tile) == (dot.size > 3)
        dot[:] = 0
    if stroke == "speck":
        tile[12:17, 19:26] = 255
        tile[14, 21:24] = 127
    assert is_crossed(tile) == crossed
    if stroke == "speck":
        tile[14, 21:25] = 127
        assert is_crossed(tile)
