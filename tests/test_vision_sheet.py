"""A sheet that lies on something darker: what lies around it is taken for paper."""

import cv2
import numpy as np
import pytest

from digits.vision.sheet import as_all_paper

WIDTH, HEIGHT = 640, 400
CORNERS = np.array([(120, 60), (540, 90), (520, 350), (100, 330)])


def table(paper: int = 220, around: int = 80, corners: np.ndarray = CORNERS) -> np.ndarray:
    """A sheet of such a brightness on a table, with a stroke on it."""
    grey = np.full((HEIGHT, WIDTH), around, np.uint8)
    cv2.fillPoly(grey, [corners.astype(np.int32)], paper)
    cv2.line(grey, (300, 150), (310, 250), 40, 8)
    return grey


def test_what_lies_around_a_sheet_becomes_paper_and_what_stands_on_it_stays() -> None:
    grey = table()
    found = as_all_paper(grey)
    assert found is not None and found.shape == grey.shape
    assert (found[:50] == 220).all() and (found[:, :90] == 220).all()
    assert (found[140:260, 280:330] == grey[140:260, 280:330]).all()
    assert (found < 200).sum() == (grey[140:260, 280:330] < 200).sum(), "its edge is left"


def test_a_sheet_that_goes_on_beyond_the_picture_keeps_its_ink_there() -> None:
    grey = table(corners=np.array([(-10, -10), (540, -10), (520, 350), (-10, 330)]))
    cv2.line(grey, (2, 100), (2, 200), 40, 3)
    found = as_all_paper(grey)
    assert found is not None and (found[100:200, :4] == grey[100:200, :4]).all()
    assert (found[360:] == 220).all()


@pytest.mark.parametrize(("around", "is_one"), [(175, True), (185, False)])
def test_it_is_much_brighter_than_what_lies_around_it(around: int, is_one: bool) -> None:
    assert (as_all_paper(table(220, around)) is not None) == is_one


@pytest.mark.parametrize(
    ("share", "is_one"), [(0.07, False), (0.13, True), (0.87, True), (0.95, False)]
)
def test_it_fills_so_much_of_the_picture(share: float, is_one: bool) -> None:
    grey = np.full((HEIGHT, HEIGHT), 60, np.uint8)
    side = round(HEIGHT * share**0.5)
    grey[10 : 10 + side, 10 : 10 + side] = 210
    assert (as_all_paper(grey) is not None) == is_one


@pytest.mark.parametrize(("deep", "is_one"), [(80, True), (130, False)])
def test_what_has_a_bay_is_none(deep: int, is_one: bool) -> None:
    grey = np.full((HEIGHT, HEIGHT), 60, np.uint8)
    grey[50:350, 50:350] = 220
    grey[150:250, 50 : 50 + deep] = 60  # 9 and 14% of the square
    assert (as_all_paper(grey) is not None) == is_one


@pytest.mark.parametrize("shape", [(HEIGHT, WIDTH), (4, 100), (1, 1)])
def test_what_is_even_is_none(shape: tuple[int, int]) -> None:
    for level in (0, 200):
        assert as_all_paper(np.full(shape, level, np.uint8)) is None
