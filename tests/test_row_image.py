"""A grey crop of a row -> the row image: its size, its paper and its ink, whatever the light."""

import numpy as np
import pytest

from digits.row_image import HEIGHT, INK, PAPER, row_image


def crop(paper: int, ink: int, width: int = 131) -> np.ndarray:
    """A crop (60, width) uint8 with a stroke that is more than a hundredth of it."""
    grey = np.full((60, width), paper, np.uint8)
    grey[20:40, 50:60] = ink
    return grey


def test_it_has_its_height_its_paper_and_its_ink() -> None:
    image = row_image(crop(200, 90))
    assert image.shape == (48, 104) and image.dtype == np.uint8
    assert abs(int(np.median(image)) - 40) <= 1 and abs(int(image[24, 44]) - 220) <= 2
    negative = row_image(255 - crop(200, 90), inverted=True)
    assert np.abs(negative.astype(int) - image).max() <= 1


@pytest.mark.parametrize(
    ("width", "columns"), [(1, 32), (39, 32), (43, 36), (2400, 1920), (9000, 1920)]
)
def test_its_width_is_that_of_the_crop_within_bounds(width: int, columns: int) -> None:
    assert row_image(np.full((60, width), 200, np.uint8)).shape == (HEIGHT, columns)


@pytest.mark.parametrize("paper", [250, 120])
@pytest.mark.parametrize("depth", [100, 12])
def test_faint_ink_is_as_bright_as_dark_ink(paper: int, depth: int) -> None:
    image = row_image(crop(paper, paper - depth))
    assert abs(int(np.median(image)) - PAPER) <= 1 and abs(int(image[24, 44]) - INK) <= 2


def test_fainter_ink_is_grain_and_stays_dark() -> None:
    seen = int(row_image(crop(200, 194))[24, 44])
    assert abs(seen - (PAPER + INK) / 2) <= 2


def test_a_black_speck_does_not_take_the_light_from_the_ink() -> None:
    grey = crop(200, 120)
    grey[10, 5:20] = 0  # two in a thousand
    assert row_image(grey)[24, 44] > 200


def test_a_little_ink_is_ink_enough() -> None:
    grey = np.full((48, 400), 200, np.uint8)
    grey[10:30, 100:115] = 90  # one and a half in a hundred
    assert abs(int(row_image(grey)[20, 107]) - INK) <= 2
