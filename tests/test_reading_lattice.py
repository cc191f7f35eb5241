"""Rows -> pieces -> readings: cuts, the search against every path, several rows, formats."""

import itertools
import math

import cv2
import numpy as np
import pytest

from digits.reading.formats import parse
from digits.reading.lattice import Candidate, Reading, candidates, search
from digits.reading.rows import DOUBTED, RowReadings
from digits.reading.scores import Scores
from digits.vision.ink import find
from digits.vision.rows import ROW_HEIGHT, find_rows
from digits.vision.ruled_lines import without_rules
from digits.vision.segmentation import join, pieces

LABELS = tuple("0123456789")


def page(lines: list[str], thickness: int = 6) -> np.ndarray:
    grey = np.full((40 + 110 * len(lines), 420), 240, np.uint8)
    for i, text in enumerate(lines):
        at = (30, 100 + 110 * i)
        cv2.putText(grey, text, at, cv2.FONT_HERSHEY_SIMPLEX, 2.4, 20, thickness, cv2.LINE_AA)
    return grey


def turned(grey: np.ndarray, degrees: float) -> np.ndarray:
    height, width = grey.shape
    move = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 0.8)
    return cv2.warpAffine(grey, move, (width, height), borderValue=240)


@pytest.mark.parametrize("degrees", [0, -14, -5, 8, 14])
def test_rows_are_found_at_an_angle(degrees: float) -> None:
    ink = find(turned(page(["40285", "93706"]), degrees), False)
    assert ink is not None
    rows = find_rows(ink)
    assert len(rows) == 2
    for row in rows:
        assert abs(np.count_nonzero((row.level > 127).any(axis=1)) - ROW_HEIGHT) < 0.25 * ROW_HEIGHT
        assert len(pieces(row.level)) >= 5


def test_boxes_lead_back_to_the_picture() -> None:
    grey = page(["4", "17"])
    ink = find(grey, False)
    assert ink is not None
    first, second = find_rows(ink)
    x, y, width, height = first.box_in_picture(*join(pieces(first.level)))
    ys, xs = np.nonzero(grey[:110] < 128)
    assert abs(x - xs.min()) < 4 and abs(y - ys.min()) < 4
    assert abs(x + width - xs.max()) < 5 and abs(y + height - ys.max()) < 5
    assert second.box_in_picture(*join(pieces(second.level)))[1] > 110


def test_rules_go_and_strokes_across_them_stay() -> None:
    grey = page(["417"])
    clean = find(grey, False)
    grey[95:98] = 60
    ruled = find(grey, False)
    assert clean is not None and ruled is not None
    removed = without_rules(ruled).mask
    assert removed[95:98].sum() < 0.25 * ruled.mask[95:98].sum()
    assert (removed & clean.mask).sum() > 0.97 * clean.mask.sum()
    assert without_rules(clean) is clean


def test_a_piece_of_a_rule_goes_if_it_is_longer_than_strokes_are() -> None:
    """All that is seen of a pale rule is often what hangs together with a digit."""
    grey = page(["479"])
    clean = find(grey, False)
    under = int(np.flatnonzero((grey < 128).any(axis=1))[-1])
    grey[under : under + 3, 40:270] = np.minimum(grey[under : under + 3, 40:270], 60)
    ruled = find(grey, False)
    assert clean and ruled
    added, left = (mask ^ clean.mask for mask in (ruled.mask, without_rules(ruled).mask))
    assert left.sum() < 0.3 * added.sum()


def test_a_digit_far_below_its_row_stays_in_it() -> None:
    grey = page(["12345"])
    grey[:, 120:164] = np.roll(grey[:, 120:164], 30, axis=0)
    ink = find(grey, False)
    assert ink and len(find_rows(ink)) == 1


def test_touching_digits_are_cut_apart() -> None:
    ink = np.zeros((80, 150), np.uint8)
    for x in (40, 86):
        cv2.ellipse(ink, (x, 40), (20, 28), 0, 0, 360, 255, 7, cv2.LINE_AA)
    found = pieces(ink)
    assert len(found) >= 2
    edges = [p.box[0] for p in found] + [p.box[0] + p.box[2] for p in found]
    assert min(abs(x - 63) for x in edges) <= 8
    whole, box = join(found)
    assert box[2] > 85 and (whole > 127).sum() > 0.98 * (ink > 127).sum()
    assert all(piece.cut for piece in found)
    assert max(candidate.dots for candidate in candidates(found)) == 0  # low pieces, but no dots


def test_a_dot_in_a_digit_is_counted() -> None:
    ink = np.zeros((80, 100), np.uint8)
    cv2.line(ink, (30, 10), (30, 70), 255, 7)
    cv2.circle(ink, (44, 66), 5, 255, -1)
    made = candidates(pieces(ink))
    assert [(c.begin, c.end, round(c.dots)) for c in made] == [(0, 1, 0), (0, 2, 1), (1, 2, 1)]


def test_a_row_without_ink_has_no_pieces() -> None:
    assert pieces(np.zeros((80, 300), np.uint8)) == []


@pytest.mark.parametrize(("certainty", "support"), [(0.99, DOUBTED), (0.5, math.exp(-3))])
def test_a_number_that_was_cut_badly_is_not_nothing(certainty: float, support: float) -> None:
    readings = [Reading("12", -6.0, (0, 1))]
    row = RowReadings([], [], lattice(0, 2)[1], readings, [("12", 0.9)], certainty)
    assert row.support == pytest.approx(support)


def lattice(seed: int, size: int) -> tuple[list[Candidate], Scores]:
    """Random scores of every join of up to three of `size` pieces, all as high as the row."""
    rng = np.random.default_rng(seed)
    spans = [(a, b) for a in range(size) for b in range(a + 1, min(a + 3, size) + 1)]
    box = (0, 0, 40, ROW_HEIGHT)
    made = [Candidate(a, b, np.zeros((28, 28), np.uint8), box) for a, b in spans]
    p = rng.dirichlet(np.full(11, 0.3), len(spans))
    return made, Scores(LABELS, p[:, :10], p[:, 10])


def every_reading(made: list[Candidate], scores: Scores, size: int) -> dict[str, float]:
    """Text -> best log score, by trying all paths without leaving pieces out."""
    best: dict[str, float] = {}

    def go(place: int, text: str, total: float) -> None:
        if place == size:
            best[text] = max(best.get(text, -math.inf), total)
        for k, c in enumerate(made):
            if c.begin == place:
                for label in range(10):
                    p = scores.digit[k, label]
                    if p > 1e-4:
                        go(c.end, text + LABELS[label], total + math.log(p))

    go(0, "", 0.0)
    return best


@pytest.mark.parametrize("seed", range(5))
def test_the_search_finds_the_best_path(seed: int) -> None:
    made, scores = lattice(seed, 3)
    truth = every_reading(made, scores, 3)
    found = search(made, Scores(LABELS, scores.digit, np.zeros(len(made))), 3)
    text = max(truth, key=lambda t: truth[t])
    assert found[0].text == text
    assert found[0].score == pytest.approx(truth[text], abs=0.01)
    assert [r.score for r in found] == sorted((r.score for r in found), reverse=True)
    assert len({r.text for r in found}) == len(found)


@pytest.mark.parametrize("seed", range(3))
def test_a_format_gives_the_best_that_fits(seed: int) -> None:
    made, scores = lattice(seed, 3)
    truth = every_reading(made, scores, 3)
    found = search(made, scores, 3, parse("/[0-4]{3}/"))
    fitting = {t for t in truth if len(t) == 3 and set(t) <= set("01234")}
    assert found and all(len(r.text) == 3 and set(r.text) <= set("01234") for r in found)
    assert found[0].text == max(fitting, key=lambda t: truth[t])
    allowed = ["".join(t) for t in itertools.product("58", repeat=2)]
    assert search(made, scores, 3, parse("/(55|58|85|88)/"))[0].text in allowed


def test_a_dot_is_left_out_at_no_cost() -> None:
    tile = np.zeros((28, 28), np.uint8)
    made = [
        Candidate(0, 1, tile, (0, 0, 40, ROW_HEIGHT)),
        Candidate(1, 2, tile, (42, ROW_HEIGHT - 8, 8, 8)),
    ]
    digit = np.full((2, 10), 0.001)
    digit[0, 7] = digit[1, 0] = 0.99
    found = search(made, Scores(LABELS, digit, np.full(2, 0.001)), 2)
    assert found[0].text == "7" and found[0].score > math.log(0.95)
