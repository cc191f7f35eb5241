"""Ink -> tile: as MNIST was made, and MNIST's own digits unharmed."""

from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from digits import data
from digits.data import Dataset, hand_sets, hands, named, nondigits, strokes
from digits.spec import INK_SIZE, TILE_SIZE
from digits.tile import LIMITS, as_tile, crop, frame, stroke_width
from tests.conftest import MNIST_FOLDER


def ring(size: int, thickness: int) -> np.ndarray:
    ink = np.zeros((size, size), np.uint8)
    centre, radius = (size // 2, size // 2), size // 2 - thickness
    cv2.circle(ink, centre, radius, 255, thickness, cv2.LINE_AA)
    return ink


def extent(tile: np.ndarray) -> tuple[int, int]:
    _, _, width, height = cv2.boundingRect((tile > 64).astype(np.uint8))
    return width, height


@pytest.mark.parametrize(
    ("size", "thickness"), [(14, 1), (40, 3), (400, 1), (400, 120), (3000, 200)]
)
def test_any_size_and_pen_fills_the_frame_and_keeps_its_hole(size: int, thickness: int) -> None:
    tile = frame(ring(size, thickness))
    assert tile.shape == (TILE_SIZE, TILE_SIZE) and tile.dtype == np.uint8
    assert max(extent(tile)) in (INK_SIZE - 1, INK_SIZE, INK_SIZE + 1)
    assert tile.max() > 150 and tile[14, 14] < 100


def test_the_centre_of_mass_is_the_centre() -> None:
    ink = np.zeros((200, 200), np.uint8)
    ink[20:160, 30:50] = ink[140:160, 30:140] = 255  # an L: its mass is low and left
    moments = cv2.moments(frame(ink))
    assert abs(moments["m10"] / moments["m00"] - TILE_SIZE / 2) < 0.6
    assert abs(moments["m01"] / moments["m00"] - TILE_SIZE / 2) < 0.6


def test_a_tile_comes_through_byte_for_byte() -> None:
    tile = frame(ring(200, 20))
    assert (frame(tile) == tile).all()
    assert as_tile(tile) is tile
    negative = as_tile(255 - tile)
    assert negative is not None and (negative == tile).all()


@pytest.mark.parametrize(
    ("high", "kept"), [(18, False), (19, False), (20, True), (21, True), (22, False)]
)
def test_ink_that_is_hardly_larger_than_it_should_be_keeps_its_pixels(
    high: int, kept: bool
) -> None:
    ink = np.zeros((40, 40), np.uint8)
    ink[5 : 5 + high, 10:14] = np.random.default_rng(0).integers(100, 255, (high, 4))
    made = crop(frame(ink, normalise_pen=False))
    assert np.array_equal(made, crop(ink)) == kept
    assert len(made) == (high if kept else INK_SIZE)


def test_what_is_not_framed_is_no_tile() -> None:
    tile = frame(ring(200, 20))
    assert as_tile(np.roll(tile, 3, axis=1)) is None
    assert as_tile(np.pad(tile, 1)) is None
    assert as_tile(np.zeros_like(tile)) is None


def test_aspect_is_kept() -> None:
    bar = np.zeros((60, 40), np.uint8)
    bar[10:51, 18:23] = 255
    width, height = extent(frame(bar))
    assert height >= 19 and 2 <= width <= 4


def test_a_marker_is_thinned_unless_its_pen_is_to_stay() -> None:
    assert stroke_width(frame(ring(300, 90))) <= LIMITS.max_stroke_px + 1
    assert stroke_width(frame(ring(300, 90), normalise_pen=False)) > LIMITS.max_stroke_px + 1


def test_a_thin_pen_becomes_as_wide_as_mnists_thinnest() -> None:
    tile = frame(ring(400, 8))  # 0.4 px of the tile
    assert tile.sum() / 255 / (np.pi * (INK_SIZE - 1.6)) == pytest.approx(1.6, abs=0.3)


@pytest.mark.parametrize("size", [30, 40])
def test_a_thin_pen_is_as_wide_in_a_small_picture_as_in_a_large_one(size: int) -> None:
    small = ring(size, 1)
    large = cv2.resize(small, None, fx=10, fy=10, interpolation=cv2.INTER_CUBIC)
    assert frame(small).mean() == pytest.approx(frame(large).mean(), rel=0.05)


def test_grain_is_averaged_when_ink_shrinks() -> None:
    grain = 255 * np.random.default_rng(0).integers(0, 2, (400, 400)).astype(np.uint8)
    assert frame(grain, normalise_pen=False)[5:23, 5:23].std() < 10


@pytest.mark.parametrize(("value", "is_ink"), [(16, False), (17, True)])
def test_the_faintest_ink_counts_in_the_box_around_it(value: int, is_ink: bool) -> None:
    ink = np.zeros((9, 9), np.uint8)
    ink[4, 2:5], ink[4, 5] = 255, value
    assert crop(ink).shape == (1, 3 + is_ink)


def centre_of_mass(tiles: np.ndarray) -> np.ndarray:
    """Mean centre of mass (x, y) of tiles (N, 1, 28, 28), in pixels."""
    moments = [cv2.moments(tile[0]) for tile in tiles]
    return np.mean([(m["m10"] / m["m00"], m["m01"] / m["m00"]) for m in moments], axis=0)


def own_pictures(tiles: np.ndarray, folder: Path) -> np.ndarray:
    """Tiles (N, 1, 28, 28) of own data: the digits on sheets, out of their middle."""
    for i, (tile, label) in enumerate(zip(tiles, np.arange(len(tiles)) % 2, strict=True)):
        sheet = np.full((160, 200), 230, np.uint8)
        sheet[30:114, 90:174] -= cv2.resize(tile[0], (84, 84)) // 2
        path = folder / str(label) / f"{i}.png"
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), sheet)
    return data.load(str(folder)).train.images.numpy()


def usps(tiles: np.ndarray) -> np.ndarray:
    """Tiles (N, 1, 28, 28) of USPS's pictures of 16x16, as a named set is made."""
    small = [cv2.resize(crop(tile[0]), (16, 16), interpolation=cv2.INTER_AREA) for tile in tiles]
    part = SimpleNamespace(data=small, targets=[0] * len(small))
    return named._framed(part).images.numpy()


def of_unipen(rng: np.random.Generator) -> np.ndarray:
    """Tiles (N, 1, 28, 28) of the letters of a writer held out."""
    some = hands.load(MNIST_FOLDER, True, ("unipen_chars",), lookalikes=True)["unipen_chars"]
    letters = hand_sets.SETS["unipen-letters"][2]
    return hand_sets._drawn(some[:1], letters, "test", rng)[0].images.numpy()


@pytest.mark.slow
@pytest.mark.medium
def test_every_source_has_its_centre_where_mnist_has_it(
    uci: Dataset, mnist: Dataset, tmp_path: Path
) -> None:
    if not hands.available(MNIST_FOLDER):
        pytest.skip(f"hands/ is not in {MNIST_FOLDER}")
    drawn, _ = strokes.draw(300, 0)
    digits = mnist.train.images.numpy()[:2000]
    rng = np.random.default_rng(0)
    sources = {
        "mnist": digits,
        "drawn": drawn,
        "uci": uci.train.images.numpy(),
        "read": np.stack([frame(cv2.resize(tile[0], (90, 90))) for tile in drawn])[:, None],
        "hands": hands.digit_tiles(300, MNIST_FOLDER, rng)[0],
        "other hands": hands.other_tiles(300, MNIST_FOLDER, rng),
        "unipen": of_unipen(rng),
        "usps": usps(drawn),
        "own": own_pictures(drawn[:60], tmp_path),
        "nondigits": nondigits.make(300, digits[:100], 0),
    }
    atol = dict.fromkeys(sources, 0.05) | {"nondigits": 0.2}  # cloth fills tiles
    for name, whole in sources.items():
        tiles = whole[whole.max(axis=(1, 2, 3)) > 0]  # what is no digit may be blank
        assert len(tiles) > 0.9 * len(whole), name
        assert np.allclose(centre_of_mass(tiles), TILE_SIZE / 2, atol=atol[name]), name


def test_mnists_own_digits_are_tiles(mnist: Dataset) -> None:
    digits = mnist.train.images[:2000, 0].numpy()
    assert np.mean([as_tile(tile) is tile for tile in digits]) >= 0.999


# Of 200 seeded strokes: whoever changes tiles, be it by a few pixels, changes what models learned.
WEIGHED = {True: 1718497659, False: 1621856211}


@pytest.mark.parametrize("normalise_pen", WEIGHED)
def test_tiles_are_what_they_were(normalise_pen: bool) -> None:
    rng, total = np.random.default_rng(12), 0
    weights = rng.integers(1, 1000, (TILE_SIZE, TILE_SIZE))
    for _ in range(200):
        height, width = rng.integers(5, 400, 2)
        ink = np.zeros((height, width), np.uint8)
        points = (rng.random((5, 2)) * (width, height)).astype(np.int32)
        pen = int(rng.integers(1, 1 + max(2, max(ink.shape) // 8)))
        cv2.polylines(ink, [points], False, 255, pen, cv2.LINE_AA)
        total += int((frame(ink, normalise_pen) * weights).sum())
    assert total == pytest.approx(WEIGHED[normalise_pen], rel=1e-6)


def test_blank_stays_blank() -> None:
    assert not frame(np.zeros((50, 40), np.uint8)).any()
