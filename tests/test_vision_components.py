"""Parts of the ink: what stands in a box or ring counts, and the box or ring does not."""

import cv2
import numpy as np
import pytest

from digits.vision.components import of_one_digit, stands_alone, without_frames
from digits.vision.ink import Ink

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
    assert [part.box for part in of_one_digit(seen)] == [BLOCK[1:]] and stands_alone(seen)


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
