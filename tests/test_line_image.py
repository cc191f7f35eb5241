"""Line images: as wide as their piece of a page up to the grid, with paper behind it."""

import numpy as np
import pytest

from digits.line_image import GRID, HEIGHT, MOST_WIDTH, line_image


@pytest.mark.parametrize(
    ("wide", "made"), [(1, GRID), (GRID, GRID), (GRID + 1, 2 * GRID), (MOST_WIDTH + 5, MOST_WIDTH)]
)
def test_a_line_image_ends_at_the_grid(wide: int, made: int) -> None:
    piece = np.full((HEIGHT, wide), 200, np.uint8)
    piece[:10] = 30  # less than half of it is ink
    image = line_image(piece)
    assert image.shape == (HEIGHT, made) and image.dtype == np.uint8
    kept = min(wide, made)
    assert (image[:, :kept] == piece[:, :kept]).all() and (image[:, kept:] == 200).all()
