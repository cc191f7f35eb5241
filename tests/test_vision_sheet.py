"""A sheet on a table is found, and what lies around it is no ink; a shadow is no sheet."""

import cv2
import numpy as np
import pytest

from digits.reading.attempt import Attempt
from digits.reading.budget import Budget
from digits.reading.reader import Reader
from digits.reading.recognizer import Recognizer
from digits.vision.load import from_array
from digits.vision.sheet import find_sheet, on_a_sheet

SHAPE = (300, 440)


def photograph(paper: int, table: int, turn: float, shift: int = 0) -> tuple[np.ndarray, ...]:
    """A 4 and a 7 on a sheet, uint8; where the sheet is and where its ink, bool."""
    strokes = np.zeros(SHAPE, np.uint8)
    cv2.putText(strokes, "47", (130, 190), cv2.FONT_HERSHEY_SIMPLEX, 4, 255, 9, cv2.LINE_AA)
    matrix = cv2.getRotationMatrix2D((SHAPE[1] / 2, SHAPE[0] / 2), turn, 0.8)
    matrix[:, 2] += shift
    pen = 40 if paper > 128 else 230
    sheet = cv2.warpAffine(np.full(SHAPE, 255, np.uint8), matrix, SHAPE[::-1]) / 255
    ink = cv2.warpAffine(strokes, matrix, SHAPE[::-1]) / 255
    grain = np.random.default_rng(0).normal(0, 2, SHAPE)
    grey = table * (1 - sheet) + paper * (sheet - ink) + pen * ink + grain
    return cv2.GaussianBlur(grey, (0, 0), 1).clip(0, 255).astype(np.uint8), sheet > 0.5, ink > 0.5


@pytest.mark.parametrize("turn", [-12, 4])
@pytest.mark.parametrize("shift", [0, 60])  # all of the sheet, or a corner of it beyond the picture
@pytest.mark.parametrize(("paper", "table"), [(225, 60), (220, 130), (40, 190)])
def test_a_sheet_is_found_and_only_its_ink(paper: int, table: int, turn: float, shift: int) -> None:
    grey, sheet, ink = photograph(paper, table, turn, shift)
    found = find_sheet(grey)
    assert found is not None
    assert (found & ~sheet).mean() < 0.001
    assert (found & sheet).sum() > 0.85 * sheet.sum()
    seen = next(on_a_sheet(grey))
    assert seen.on_sheet
    assert seen.inverted == (paper < 128)
    assert (seen.mask & ink).sum() > 0.7 * (seen.mask | ink).sum()


@pytest.mark.parametrize("into", [1, 30])
def test_a_shadow_is_no_sheet(into: int) -> None:
    grey, _, _ = photograph(225, 225, 0)
    light = 1 - 0.5 * np.clip((np.arange(SHAPE[1]) - 200) / into, 0, 1)
    assert find_sheet((grey * light).astype(np.uint8)) is None


def test_light_that_falls_off_is_no_edge() -> None:
    grey, _, _ = photograph(225, 225, 0)
    y, x = np.ogrid[-1 : 1 : SHAPE[0] * 1j, -1 : 1 : SHAPE[1] * 1j]
    assert find_sheet((grey * np.exp(-(x**2) - y**2)).astype(np.uint8)) is None


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (39, 200), (60, 60), (50, 20000)])
def test_a_picture_without_anything_has_no_sheet(shape: tuple[int, int]) -> None:
    assert find_sheet(np.full(shape, 200, np.uint8)) is None
    noise = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    assert list(on_a_sheet(noise)) == []


@pytest.mark.filterwarnings("error")
def test_no_picture_is_too_odd() -> None:
    rng = np.random.default_rng(1)
    for _ in range(300):
        height, width = (int(2 ** rng.uniform(0, 10)) for _ in range(2))
        grey = np.full((height, width), rng.integers(256), np.uint8)
        for _ in range(int(rng.integers(1, 4))):
            points = rng.integers(-50, 300, (int(rng.integers(3, 6)), 2)).astype(np.int32)
            cv2.fillPoly(grey, [points], int(rng.integers(256)))
        for ink in on_a_sheet(grey):
            assert ink.level.shape == ink.mask.shape == grey.shape


def test_a_thick_digit_is_no_plate() -> None:
    zero = np.full((144, 144), 255, np.uint8)
    turns = np.arange(8) * np.pi / 4 + 0.3
    corners = np.stack([72 + 30 * np.cos(turns), 72 + 40 * np.sin(turns)], 1).astype(np.int32)
    cv2.polylines(zero, [corners], True, 0, 18)
    for grey in (zero, 255 - zero):
        assert find_sheet(cv2.GaussianBlur(grey, (0, 0), 4)) is None


@pytest.mark.parametrize("turn", [3, 9])
def test_it_is_read_and_said(reader: Reader, turn: float) -> None:
    picture = from_array(photograph(225, 60, turn)[0])
    assert reader.read(picture).text == "47"
    recognizer = Recognizer(reader.classifier, "auto", None, picture.grey, Budget())
    by_rules = Attempt(recognizer).of_ink(crowded_last=True)  # the finder sees it without a sheet
    assert by_rules.text == "47" and by_rules.warnings[0].startswith("a sheet on a table")
