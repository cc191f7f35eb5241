"""A grey picture -> the page image: sides that suit the finder, small pictures not blown up."""

import numpy as np
import pytest

from digits.data import pages
from digits.page_image import GRID, LIMITS, page_image


@pytest.mark.parametrize(
    ("shape", "made"),
    [
        ((900, 1400), (832, 1280)),  # 823 is next to 832, of multiples of 64
        ((3000, 100), (1280, 64)),
        ((1280, 640), (1280, 640)),  # as it is
        ((600, 700), (896, 1024)),  # half as large again: 900 x 1050
        ((1000, 1100), (1152, 1280)),
        ((400, 200), (576, 320)),
        ((28, 28), (64, 64)), ((1, 1), (64, 64)),
    ],
)  # fmt: skip
def test_its_sides_are_those_of_the_picture_within_bounds(
    shape: tuple[int, int], made: tuple[int, int]
) -> None:
    grey = np.full(shape, 7, np.uint8)
    image = page_image(grey, LIMITS.side_px)
    assert image.dtype == np.uint8 and (image == 7).all() and image.shape == made


@pytest.mark.parametrize(("width", "core"), [(200, 150), (50, 15)])
def test_the_core_of_a_row_is_what_the_shipped_finder_learned(width: int, core: int) -> None:
    """Of a row 100 pixels high 46 are core, and so many of its width; two are one of the maps."""
    corners = np.array([(50, 80), (50 + width, 80), (50 + width, 180), (50, 180)], float)
    in_row, in_core = pages.maps([corners])
    assert in_row.shape == (pages.SIDE / 2, pages.SIDE / 2)
    assert (in_row > 127).any(axis=1).sum() == pytest.approx(50, abs=1)
    assert (in_core > 127).any(axis=1).sum() == pytest.approx(23, abs=2.5)
    assert (in_core > 127).any(axis=0).sum() == pytest.approx(core / 2, abs=2.5)


def test_a_smaller_side_makes_a_smaller_image() -> None:
    image = page_image(np.zeros((900, 1400), np.uint8), LIMITS.coarse_side_px)
    assert image.shape == (192, 320) and not any(side % GRID for side in image.shape)


def test_what_is_made_smaller_is_averaged() -> None:
    grain = 255 * np.random.default_rng(0).integers(0, 2, (1600, 1600)).astype(np.uint8)
    assert page_image(grain, LIMITS.coarse_side_px).std() < 40
