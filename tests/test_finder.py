"""Made-up pages, the finder, and the lines in its maps."""

import re

import cv2
import numpy as np
import pytest
import torch
from numpy.random import Generator

from digits import archs
from digits.data import page_table, page_things, pages, row_ink, row_text, rows
from digits.data.hands import Hand
from digits.data.page_things import Sheet
from digits.spec import PAGE_CLASSES
from digits.training import finder
from digits.vision.lines import in_order, lines
from digits.vision.rows import ROW_HEIGHT


def box(x: float, y: float, width: float, height: float, degrees: float = 0) -> np.ndarray:
    """Corners (4, 2) of a row with its top left at (x, y), all turned about the page's middle."""
    turn = np.radians(degrees)
    turned = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    corners = np.array([(x, y), (x + width, y), (x + width, y + height), (x, y + height)])
    return (corners - pages.SIDE / 2) @ turned + pages.SIDE / 2


def overlap(first: np.ndarray, second: np.ndarray) -> float:
    """Intersection over union of two boxes."""
    one, other = first.astype(np.float32), second.astype(np.float32)
    both = cv2.intersectConvexConvex(one, other)[0]
    return both / (cv2.contourArea(one) + cv2.contourArea(other) - both)


def seen(truth: list[np.ndarray]) -> list[np.ndarray]:
    """The corners of the lines in the maps that a faultless finder makes of a page."""
    in_row, in_core = pages.maps(truth) / 255.0
    found = in_order(lines(in_row, in_core, (pages.SIDE, pages.SIDE)))
    return [line.corners for line in found]


@pytest.mark.parametrize("degrees", [0, 7, -12])
def test_lines_are_what_the_maps_say_in_reading_order(degrees: float) -> None:
    truth = [
        box(100, 120, 200, 40, degrees), box(330, 130, 60, 42, degrees),
        box(110, 190, 240, 30, degrees), box(60, 260, 22, 44, degrees),  # the last is a 1
    ]  # fmt: skip
    found = seen(truth)
    assert len(found) == len(truth)
    assert all(overlap(a, b) > 0.75 for a, b in zip(found, truth, strict=True))


def test_rows_that_touch_are_two() -> None:
    truth = [box(80, 100, 250, 36), box(80, 137, 250, 36), box(336, 100, 90, 36)]
    assert len(seen(truth)) == 3


def test_what_does_not_hang_together_with_a_row_is_not_in_its_line() -> None:
    truth = box(100, 200, 160, 40)
    in_row, in_core = pages.maps([truth]) / 255.0
    in_row[95:115, 150:200] = 0.9  # print to the right, which has no core
    (line,) = lines(in_row, in_core, (pages.SIDE, pages.SIDE))
    assert overlap(line.corners, truth) > 0.75


def test_a_page_lies_as_its_cores_do() -> None:
    """What hangs on rows tilts them, and a page's short rows with them."""
    truth = [box(100, 100 + 70 * k, 110, 30) for k in range(4)] + [box(300, 400, 26, 40)]
    in_row, in_core = pages.maps(truth) / 255.0
    for k in range(4):
        in_row[44 + 35 * k : 50 + 35 * k, 90:105] = 0.9  # above the end of each row
        in_row[64 + 35 * k : 71 + 35 * k, 50:65] = 0.9  # and below its beginning
    short = lines(in_row, in_core, (pages.SIDE, pages.SIDE))[-1]
    assert overlap(short.corners, truth[-1]) > 0.75


def test_an_empty_page_has_no_line() -> None:
    assert seen([]) == []


def test_a_row_lies_over_its_line() -> None:
    grey = np.full((512, 512), 230, np.uint8)
    corners = box(100, 200, 160, 40, 10)
    cv2.fillConvexPoly(grey, corners.round().astype(np.int32), 40)
    (line,) = lines(*(pages.maps([corners]) / 255.0), grey.shape)
    row = line.row()
    under = row.of_picture(grey)
    assert under.shape == row.level.shape
    inked = np.flatnonzero((under < 120).any(axis=1))
    assert abs(len(inked) - ROW_HEIGHT) < 6 and 8 < inked[0] < 20
    columns = np.flatnonzero((under < 120).any(axis=0))
    assert abs(len(columns) - 4 * ROW_HEIGHT) < 30 and columns[0] > 15


@pytest.mark.slow
def test_a_seed_gives_the_same_pages_and_rows_stand_on_ink(source: rows.Sources) -> None:
    alone, shared = pages.samples(40, source, 3), pages.samples(40, source, 3, processes=2)
    assert all(np.array_equal(a.grey, b.grey) for a, b in zip(alone, shared, strict=True))
    assert 0.1 < np.mean([not page.rows for page in alone]) < 0.5
    assert sum(len(page.rows) for page in alone) > 60
    for page in alone:
        assert page.grey.shape == (pages.SIDE, pages.SIDE) and page.grey.dtype == np.uint8
        assert all(page.texts)
        in_row, in_core = pages.maps(page.rows)
        assert not (in_core[in_row == 0] > 0).any()


@pytest.mark.parametrize("bare", [True, False])
def test_a_bare_page_holds_numbers_and_nothing_else(
    bare: bool, source: rows.Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    added: list[Sheet] = []
    monkeypatch.setattr(pages, "NOTHING", 0.0)
    monkeypatch.setattr(pages, "BARE", float(bare))
    monkeypatch.setattr(page_things, "around", lambda sheet, *_: added.append(sheet))
    assert pages.page(source, np.random.default_rng(3)).rows and bool(added) != bare


@pytest.mark.parametrize(("marker", "holes"), [(1.0, 0.0), (0.0, 1.0)])
def test_a_marker_is_thicker_and_chalk_has_holes(
    marker: float, holes: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet = Sheet.blank(128)
    cv2.line(sheet.pen, (64, 20), (64, 108), 255, 8)
    sheet.rows.append(np.array([(56.0, 20.0), (72.0, 20.0), (72.0, 108.0), (56.0, 108.0)]))
    before = sheet.pen.copy()
    monkeypatch.setattr(pages, "MARKER", marker)
    monkeypatch.setattr(pages, "BROKEN", holes)
    pages._pens(sheet, np.random.default_rng(3))
    gained, lost = int((sheet.pen > before).sum()), int((sheet.pen < before).sum())
    assert (gained > 0.3 * (before > 0).sum(), gained == 0) == (bool(marker), bool(holes))
    assert (lost > 0) == bool(holes)


def test_small_numbers_stand_beside_a_large_one(source: rows.Sources) -> None:
    seen = 0
    for seed in range(12):
        sheet = Sheet.blank(512)
        pages._of_two_sizes(sheet, source, np.random.default_rng(seed))
        first, *others = (float(row[3, 1] - row[0, 1]) for row in sheet.rows)
        seen += len(others)
        assert all(high < 0.75 * first for high in others)
    assert seen >= 6


def test_a_page_on_a_screen_has_no_grain(
    source: rows.Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    def levels(on_screen: bool) -> int:
        monkeypatch.setattr(pages, "SCREENS", float(on_screen))
        grey = pages.page(source, np.random.default_rng(1)).grey
        return int((np.bincount(grey.ravel()) > 0.001 * grey.size).sum())

    monkeypatch.setattr(pages, "NOTHING", 0.0)
    monkeypatch.setattr(pages, "BARE", 1.0)
    assert levels(on_screen=True) < 8 < levels(on_screen=False)


@pytest.mark.parametrize("even", [True, False])
def test_an_even_hand_has_one_way_to_write_a_digit(
    even: bool, source: rows.Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands: list[Hand | None] = []
    by_one = row_ink.by_one

    def recorded(source: rows.Sources, hand: Hand | None, rng: Generator) -> rows.Sources:
        hands.append(hand)
        return by_one(source, hand, rng)

    monkeypatch.setattr(row_ink, "by_one", recorded)
    monkeypatch.setattr(pages, "NOTHING", 0.0)
    monkeypatch.setattr(pages, "BY_ONE", 1.0)
    monkeypatch.setattr(pages, "EVEN", float(even))
    assert pages.page(source, np.random.default_rng(2)).rows
    (hand,) = hands
    ways = [len(hand.glyphs[str(digit)]) for digit in range(10)] if hand else []
    assert (ways == [1] * 10) == even


def test_letters_make_a_code_where_there_is_room_for_them(source: rows.Sources) -> None:
    row, rng = box(200, 200, 100, 30), np.random.default_rng(0)
    sheet, full = Sheet.blank(pages.SIDE), Sheet.blank(pages.SIDE)
    full.pen[150:250] = 255
    assert sheet.lettered(source, row, rng) and sheet.pen.any()
    assert not full.lettered(source, row, rng) and (full.pen[150:250] == 255).all()
    assert not sheet.lettered(source, box(2, 200, pages.SIDE - 4, 30), rng)


@pytest.mark.parametrize(("right", "is_in"), [(70, False), (80, True), (160, True)])
def test_a_number_is_one_where_enough_of_it_is_in_the_picture(right: float, is_in: bool) -> None:
    assert pages._is_in(box(right - 300, 100, 300, 40), pages.SIDE) == is_in


@pytest.mark.parametrize("rise", [0.0, 0.12, -0.12])
def test_a_long_number_stands_between_its_corners_however_it_rises(rise: float) -> None:
    digit = np.full((30, 18), 255, np.uint8)
    rng = np.random.default_rng(0)
    ink = row_ink.beside([(digit, 0.0)] * 25, 6, 30, rise, rng)
    corners = row_ink.Number("8" * 25, ink, row_ink.NO_WALLS, rise).corners
    assert np.allclose(corners[3, 1] - corners[0, 1], 30, atol=7)  # a digit stands upright
    inside = np.zeros(np.add(ink.shape, 20), np.uint8)
    cv2.fillPoly(inside, [np.round(corners + 10).astype(np.int32)], 1)
    assert inside[10:-10, 10:-10][ink > 0].mean() > 0.99


def test_a_number_may_be_made_as_small_as_a_pixel() -> None:
    ink = np.full((40, 900), 255, np.uint8)
    small = row_ink.Number("1", ink, np.array([0.0, 900.0])).no_larger_than(9, 0.2)
    assert small.ink.shape == (1, 4) and small.walls == pytest.approx([0, 4.5])


def test_numbers_that_are_alike_have_the_same_form() -> None:
    rng = np.random.default_rng(0)
    made = [row_text.like("14.8.72", rng) for _ in range(50)]
    assert all(re.fullmatch(r"\d\d\.\d\.\d\d", text) for text in made)
    assert 5 < made.count("14.8.72") < 30


@pytest.mark.slow
def test_cells_too_low_for_digits_stay_empty(source: rows.Sources) -> None:
    rng = np.random.default_rng(0)
    for height, is_filled in ((1.5, False), (3.0, False), (20.0, True)):
        sheet = Sheet.blank(200)
        for k in range(40):
            box = (10.0 + 45 * (k % 4), 20.0 * (k // 4), 45.0, 20.0)
            page_table.Cells.some(rng).fill(sheet, source, box, height, True, rng)
        assert bool(sheet.rows) == bool(sheet.pen.any()) == is_filled
        assert len(sheet.texts) == len(sheet.rows)


@pytest.mark.slow
def test_a_tick_is_written_into_its_box_and_keeps_off_numbers(source: rows.Sources) -> None:
    for label in page_things.TICKS:
        sheet, rng = Sheet.blank(200), np.random.default_rng(0)
        sheet.pen[:, :80] = 7
        sheet.tick_in(source, label, 20, (60, 90, 20, 20), rng)
        assert (sheet.pen[:, :80] == 7).all()
        sheet.tick_in(source, label, 20, (140, 90, 20, 20), rng)
        ys, xs = np.nonzero(sheet.pen[:, 85:])
        assert len(ys) and np.abs(ys - 100).max() < 30 and np.abs(xs + 85 - 150).max() < 30
        assert not sheet.rows


def test_the_finder_takes_any_page_and_learns_from_every_part() -> None:
    model = archs.create("finder", len(PAGE_CLASSES))
    for height, width in ((64, 64), (128, 320)):
        images = torch.randint(0, 255, (2, 1, height, width), dtype=torch.uint8)
        logits = model(images)
        assert logits.shape == (2, height // 2, width // 2, len(PAGE_CLASSES))
    finder.map_loss(logits, torch.rand_like(logits)).backward()
    assert all(p.grad is not None for p in model.parameters())


def test_the_loss_counts_small_rows() -> None:
    maps = torch.zeros(1, 64, 64, 2)
    maps[:, 30:33, 20:26] = 1
    nothing = torch.full_like(maps, -9.0)
    right = torch.where(maps > 0, 9.0, -9.0)
    assert finder.map_loss(right, maps) < 0.2 * finder.map_loss(nothing, maps)


def test_the_gap_between_two_rows_weighs_most() -> None:
    maps = torch.zeros(1, 64, 64, 2)
    maps[:, 20:26, 10:30] = 1
    maps[:, 20:26, 36:56] = 1
    gaps = finder.between(maps[..., 1])
    assert gaps[0, 20:26, 30:36].min() == 1 and gaps[0].sum() == 36
    right = torch.where(maps > 0, 9.0, -9.0)
    joined, grown = right.clone(), right.clone()
    joined[:, 20:26, 30:36] = 9  # one row of two
    grown[:, 26:32, 10:16] = 9  # as many pixels, elsewhere
    assert finder.map_loss(joined, maps) > 3 * finder.map_loss(grown, maps)
