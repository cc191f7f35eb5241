"""Drawn digits: seeded, framed as MNIST is, and different from each other."""

import numpy as np
import pytest

from digits.data import strokes

TILES, LABELS = strokes.draw(400, 7)


def test_tiles_and_labels_have_the_shapes_of_the_contract() -> None:
    assert TILES.shape == (400, 1, 28, 28)
    assert TILES.dtype == np.uint8
    assert LABELS.shape == (400,)
    assert LABELS.dtype == np.int64
    assert (np.bincount(LABELS) == 40).all()


def test_the_seed_alone_decides() -> None:
    np.random.seed(1)  # noqa: NPY002  the global state must not matter
    again, labels = strokes.draw(50, 3)
    same, same_labels = strokes.draw(50, np.random.default_rng(3))
    assert np.array_equal(again, same)
    assert np.array_equal(labels, same_labels)
    assert not np.array_equal(again, strokes.draw(50, 4)[0])


def test_no_two_tiles_are_equal_and_none_is_empty() -> None:
    assert len(np.unique(TILES.reshape(400, -1), axis=0)) == 400
    assert TILES.max(axis=(1, 2, 3)).min() > 30
    assert (np.count_nonzero(TILES, axis=(1, 2, 3)) > 15).all()


def test_ink_is_twenty_pixels_long_and_its_mass_in_the_middle() -> None:
    rows, columns = np.mgrid[:28, :28]  # MNIST's centre is 14.0 with pixels counted from 0
    for tile in TILES[:, 0].astype(float):
        inked = np.argwhere(tile)
        # within a twentieth of the size ink goes through pixel by pixel; a dim row may round to 0
        assert 19 <= (np.ptp(inked, axis=0) + 1).max() <= 21
        for axis in (rows, columns):
            centre = (axis * tile).sum() / tile.sum()
            first, last = axis[tile > 0].min(), axis[tile > 0].max()
            touches = first < 1 or last > 26  # a tile's side keeps very uneven ink from the centre
            assert abs(centre - 14) < 0.6 or touches


@pytest.mark.parametrize("label", range(10))
def test_every_style_is_drawn_and_each_time_otherwise(label: int) -> None:
    for style in strokes.STYLES[label]:
        rng = np.random.default_rng(0)
        first, second = strokes.bend(style, rng), strokes.bend(style, rng)
        assert len(first) == style.count("|") + 1
        assert [stroke.shape for stroke in first] == [stroke.shape for stroke in second]
        distance = np.linalg.norm(np.concatenate(first) - np.concatenate(second), axis=1)
        assert 0.005 < distance.mean() < 0.5


def test_pieces_of_a_stroke_hang_together() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        (stroke,) = strokes.bend("0,0! 56,0! 56,50! 0,50! 0,100! 56,100", rng)
        assert np.linalg.norm(np.diff(stroke, axis=0), axis=1).max() < 0.2


def test_a_curve_runs_through_its_points() -> None:
    points = np.array([[0.0, 0], [1, 2], [3, 1], [4, 4]])
    curve = strokes._spline(4) @ points
    for point in points:
        assert np.linalg.norm(curve - point, axis=1).min() < 1e-9
