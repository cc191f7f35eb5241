"""Grey -> ink under the light and on the papers that people have."""

import cv2
import numpy as np
import pytest

from digits.vision.components import components, of_one_digit
from digits.vision.forms import in_forms
from digits.vision.ink import LIMITS, find, polarities

SIZE = 160
REACHES = LIMITS.reaches_of_shorter_side


def five(thickness: int = 6) -> np.ndarray:
    """Strokes (SIZE, SIZE) bool of a 5 with its bar apart."""
    ink = np.zeros((SIZE, SIZE), np.uint8)
    cv2.putText(ink, "5", (45, 120), cv2.FONT_HERSHEY_SIMPLEX, 3.5, 255, thickness, cv2.LINE_AA)
    return ink


def overlap(mask: np.ndarray, strokes: np.ndarray) -> float:
    """Intersection over union."""
    truth = strokes > 127
    return float((mask & truth).sum() / (mask | truth).sum())


def pen_on(paper: np.ndarray, strokes: np.ndarray, darkness: float) -> np.ndarray:
    grain = np.random.default_rng(0).normal(0, 2, paper.shape)
    return np.clip(paper * (1 - darkness * strokes / 255.0) + grain, 0, 255).astype(np.uint8)


ramp = np.tile(np.linspace(60, 250, SIZE), (SIZE, 1))
shadow = np.where(np.add.outer(np.arange(SIZE), np.arange(SIZE)) < SIZE, 235.0, 130.0)
ruled = np.full((SIZE, SIZE), 230.0)
ruled[::12] = 205
PAPERS = {"white": np.full((SIZE, SIZE), 250.0), "grey": np.full((SIZE, SIZE), 120.0),
          "ramp": ramp, "shadow": shadow, "ruled": ruled}  # fmt: skip


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("darkness", [0.35, 0.9])
def test_ink_is_found_on_every_paper(paper: str, darkness: float) -> None:
    grey = pen_on(PAPERS[paper], five(), darkness)
    assert not polarities(grey)[0]
    inks = [find(grey, inverted=False, reach=reach) for reach in REACHES]
    assert max(overlap(ink.mask, five()) for ink in inks if ink) > 0.7


def test_light_on_dark() -> None:
    grey = 255 - pen_on(PAPERS["white"], five(), 0.9)
    assert polarities(grey) == [True]
    ink = find(grey, inverted=True)
    assert ink is not None and overlap(ink.mask, five()) > 0.8


def test_under_a_lamp_on_folded_paper_polarity_is_in_doubt() -> None:
    strokes = np.zeros((300, 400), np.uint8)
    cv2.putText(strokes, "7", (190, 160), cv2.FONT_HERSHEY_SIMPLEX, 1.3, 255, 4, cv2.LINE_AA)
    away = np.add.outer(np.linspace(-1, 1, 300) ** 2, np.linspace(-1, 1, 400) ** 2)
    folds = np.random.default_rng(0).normal(0, 12, (20, 27)).astype(np.float32)
    light = (200 + cv2.resize(folds, (400, 300))) * (0.55 + 0.45 * np.exp(-2 * away))
    assert set(polarities(pen_on(light, strokes, 0.6))) == {True, False}


def test_doubtful_polarity_gives_both() -> None:
    tight = np.full((40, 40), 255, np.uint8)
    tight[:, 12:] = 0  # a bar on white, or white beside a black sheet
    assert set(polarities(tight)) == {True, False}


@pytest.mark.parametrize("value", [0, 128, 255])
def test_blank_paper_has_no_ink(value: int) -> None:
    grain = np.random.default_rng(1).normal(0, 1.5, (SIZE, SIZE))
    assert find(np.clip(value + grain, 0, 255).astype(np.uint8), False) is None
    assert find(np.full((SIZE, SIZE), value, np.uint8), True) is None


def test_specks_and_what_hangs_in_from_the_edge_are_left_out() -> None:
    strokes = five()
    strokes[2:4, 140:142] = strokes[150:, 60:75] = 255
    ink = find(255 - strokes, inverted=False)
    assert ink is not None and len(components(ink.mask)) >= 3
    assert len(of_one_digit(ink)) == 1


def test_an_empty_form_box_around_is_left_out() -> None:
    strokes = five()
    cv2.rectangle(strokes, (0, 0), (SIZE - 1, SIZE - 1), 255, 3)
    ink = find(255 - strokes, inverted=False)
    assert ink is not None
    (part,) = of_one_digit(ink)
    assert part.box[2] < SIZE / 2


def test_a_shadow_across_a_stroke_changes_nothing() -> None:
    strokes = five()
    light = np.where(np.arange(SIZE) > SIZE / 2, 0.5, 1.0)
    grey = (light * np.where(strokes > 0, 60, 210)).astype(np.uint8)
    assert not polarities(grey)[0]
    ink = find(grey, inverted=False)
    assert ink is not None and overlap(ink.mask, strokes) > 0.8


@pytest.mark.parametrize("degrees", [0, 7])
@pytest.mark.parametrize("cells", [1, 2])
def test_form_boxes_go_and_what_stands_in_them_stays(cells: int, degrees: float) -> None:
    digit, width = five(), 140
    box = np.zeros((200, 2 * SIZE), np.uint8)
    for k in range(cells):
        cv2.rectangle(box, (20 + k * width, 20), (20 + (k + 1) * width, 180), 255, 3)
    inside = cv2.resize(digit, None, fx=0.8, fy=0.8)
    row = np.zeros_like(box)
    row[35 : 35 + inside.shape[0], 25 : 25 + inside.shape[1]] = inside
    turn = cv2.getRotationMatrix2D((SIZE, 100), degrees, 0.8)
    box, row = (cv2.warpAffine(part, turn, part.shape[::-1]) for part in (box, row))
    ink = find(255 - np.maximum(box, row), inverted=False)
    assert ink is not None
    kept = in_forms(ink).mask
    assert overlap(kept, row) > 0.8
    if not degrees:
        assert not kept[(box > 0) & (cv2.dilate(row, np.ones((9, 9))) == 0)].any()


def test_what_stands_beside_form_boxes_is_left_out() -> None:
    page = np.zeros((SIZE, 3 * SIZE), np.uint8)
    page[:, :SIZE] = page[:, -SIZE:] = five()
    cv2.rectangle(page, (2 * SIZE + 5, 10), (3 * SIZE - 5, SIZE - 10), 255, 3)
    ink = find(255 - page, inverted=False)
    assert ink is not None
    kept = in_forms(ink).mask
    assert not kept[:, : 2 * SIZE].any() and overlap(kept[:, 2 * SIZE :], five()) > 0.8


def test_a_narrow_cell_is_a_form_box_too() -> None:
    cell = np.zeros((2 * SIZE, 2 * SIZE), np.uint8)
    cell[70 : 70 + SIZE, 60 : 60 + SIZE] = five()
    cv2.rectangle(cell, (80, 60), (200, 240), 255, 3)
    ink = find(255 - cell, inverted=False)
    assert ink is not None
    assert not in_forms(ink).mask[:, :90].any() and in_forms(ink).mask.any()


def test_one_box_among_more_that_is_as_high_is_a_digit() -> None:
    page = np.zeros((SIZE, 4 * SIZE), np.uint8)
    page[:, :SIZE] = page[:, SIZE : 2 * SIZE] = five()
    page[45:125, 3 * SIZE + 40 : 3 * SIZE + 120] = cv2.resize(five(), (80, 80))
    cv2.rectangle(page, (3 * SIZE + 40, 40), (3 * SIZE + 120, 130), 255, 2)
    ink = find(255 - page, inverted=False)
    assert ink is not None and in_forms(ink) is ink
    page[:, :SIZE] = 0
    ink = find(255 - page, inverted=False)
    assert ink is not None and in_forms(ink) is not ink


def test_an_angular_eight_is_no_form_box() -> None:
    eight = np.zeros((SIZE, SIZE), np.uint8)
    cv2.rectangle(eight, (60, 30), (130, 170), 255, 6)
    cv2.line(eight, (60, 100), (130, 100), 255, 6)
    ink = find(255 - eight, inverted=False)
    assert ink is not None and in_forms(ink) is ink


def test_the_smallest_pictures() -> None:
    for shape in ((1, 1), (1, 9), (9, 1), (2, 2), (3, 500)):
        for value in (0, 255):
            assert find(np.full(shape, value, np.uint8), False) is None
            assert polarities(np.full(shape, value, np.uint8))
    faint = np.array([[60, 109, 157, 196], [154, 202, 97, 151]], np.uint8)  # all of it blurs away
    inks = [find(faint, inverted, reach) for inverted in (False, True) for reach in REACHES]
    assert all(ink is None or ink.mask.any() for ink in inks)
