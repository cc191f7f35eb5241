"""Reading asks the finder first: its lines are read, and what is lost of them is said."""

from dataclasses import replace

import numpy as np
import pytest

from digits import finder, page_image
from digits.pictures.load import from_array
from digits.reading import attempt, page_of_lines
from digits.reading.answer import Row
from digits.reading.attempt import Attempt
from digits.reading.budget import Budget
from digits.reading.reader import Reader
from digits.reading.recognizer import Recognizer
from digits.vision.lines import Line
from digits.vision.rows import RowInk
from tests.test_reading_rows import number

WIDTH = 700


def page(*texts: str) -> tuple[np.ndarray, list[Line]]:
    """Numbers one below the other on light paper (H, WIDTH) uint8, and where they stand."""
    grey, found = np.full((150 * len(texts) + 40, WIDTH), 235, np.uint8), []
    for k, text in enumerate(texts):
        ink, (x, y) = number(text, seed=3 + k), (60 + 20 * k, 40 + 150 * k)
        grey[y : y + ink.shape[0], x : x + ink.shape[1]] = ink
        dark = np.argwhere(ink < 150)
        (top, left), (foot, right) = dark.min(axis=0), dark.max(axis=0)
        box = [(left, top), (right, top), (right, foot), (left, foot)]
        found.append(Line(np.array(box, float) + np.array([x, y]), 0.9))
    return grey, found


@pytest.fixture
def numbers(reader: Reader) -> Reader:
    return Reader.expecting(reader.classifier, "number")


def test_all_lines_are_read_in_their_order(
    numbers: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    grey, found = page("2806", "47", "13579")
    monkeypatch.setattr(attempt, "find_lines", lambda _: found)
    answer = numbers.read(from_array(grey))
    assert answer.text == "2806\n47\n13579"
    for row, line in zip(answer.rows, found, strict=True):
        x, y, width, height = row.box
        left, top = line.corners[0]
        assert abs(x - left) < 8 and abs(y - top) < 8
        assert abs(width - line.width) < 16 and abs(height - line.height) < 16


@pytest.mark.parametrize("is_written", [True, False])
def test_a_line_that_cannot_be_read_is_said_and_leaves_doubt(
    numbers: Reader, monkeypatch: pytest.MonkeyPatch, is_written: bool
) -> None:
    """Unless nothing is written there: the finder took bare paper for a line."""
    grey, found = page("2806", "47")
    if is_written:
        grey[302:328, 505:595] = 40
    other = replace(found[0], corners=np.array([(500.0, 300), (600, 300), (600, 330), (500, 330)]))
    monkeypatch.setattr(attempt, "find_lines", lambda _: [*found, other])
    monkeypatch.setattr(
        page_of_lines, "checked", lambda line, grey: replace(line, probability=0.9999)
    )
    recognizer = Recognizer(numbers.classifier, numbers.kind, numbers.wanted, grey, Budget())
    answer = Attempt(recognizer).of_page()
    assert answer and answer.text == "2806\n47"
    assert answer.status == ("unsure" if is_written else "read")
    assert (page_of_lines.LEFT_OUT.format(1) in answer.warnings) == is_written


def test_where_the_finder_sees_nothing_the_ink_is_one_row(
    numbers: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempt, "find_lines", lambda _: [])
    grey, _ = page("2806")
    answer = numbers.read(from_array(grey))
    assert (answer.text, answer.seen_as) == ("2806", "row")


@pytest.mark.parametrize(("probability", "status"), [(0.9999, "read"), (0.2, "unsure")])
def test_a_line_that_the_line_model_doubts_leaves_doubt(
    numbers: Reader, monkeypatch: pytest.MonkeyPatch, probability: float, status: str
) -> None:
    grey, (first, second) = page("2806", "47")
    likely = [replace(first, probability=0.9999), replace(second, probability=probability)]
    monkeypatch.setattr(attempt, "find_lines", lambda _: likely)
    monkeypatch.setattr(page_of_lines, "checked", lambda line, grey: line)
    recognizer = Recognizer(numbers.classifier, numbers.kind, numbers.wanted, grey, Budget())
    answer = Attempt(recognizer).of_page()
    assert answer and answer.text == "2806\n47" and answer.status == status


def test_the_likeliest_lines_are_read_where_there_is_not_time_for_all(
    numbers: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    grey, (first, second, third) = page("2806", "47", "13579")
    doubted = replace(first, probability=0.7)
    monkeypatch.setattr(attempt, "find_lines", lambda _: [doubted, second, third])
    monkeypatch.setattr(page_of_lines, "checked", lambda line, grey: line)
    read = Recognizer.line

    def until_two(self: Recognizer, line: Line) -> tuple[Row | None, bool]:
        looked.append(line)
        return read(self, line) if len(looked) <= 2 else (None, True)

    looked: list[Line] = []
    monkeypatch.setattr(Recognizer, "line", until_two)
    answer = Attempt(recognizer_of(numbers, grey)).of_page()
    assert looked[-1] is doubted
    assert answer and answer.text == "47\n13579" and answer.status == "unsure"


def recognizer_of(reader: Reader, grey: np.ndarray) -> Recognizer:
    return Recognizer(reader.classifier, reader.kind, reader.wanted, grey, Budget())


@pytest.mark.parametrize(
    ("height", "width", "tried"),
    [(400, 1200, True), (401, 1200, False), (50, 799, True), (50, 800, False)],
)
def test_what_may_be_the_crop_of_a_row(
    numbers: Reader, monkeypatch: pytest.MonkeyPatch, height: int, width: int, tried: bool
) -> None:
    looked: list[RowInk] = []
    monkeypatch.setattr(attempt, "find_lines", lambda _: [])
    monkeypatch.setattr(Recognizer, "row", lambda self, crop, _: looked.append(crop))
    grey = np.full((height, width), 235, np.uint8)
    grey[height // 4 : -height // 4, width // 2 : width // 2 + height // 8] = 60
    Attempt(recognizer_of(numbers, grey)).of_row()
    assert any(crop.level.shape == grey.shape for crop in looked) == tried


def test_all_ink_as_one_row_is_never_read(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempt, "find_lines", lambda _: [])
    grey, _ = page("2806")
    high = np.full((600, WIDTH), 235, np.uint8)  # no crop of a row
    high[200 : 200 + len(grey)] = grey
    answer = reader.read(from_array(high))
    assert (answer.text, answer.status, answer.seen_as) == ("2806", "unsure", "row")


@pytest.mark.parametrize(
    ("grey_says", "ink_says", "wanted"),
    [
        (("4", 0.5), ("4", 0.8), ("4", 0.8)),  # the likelier
        (("407", 0.3), ("40", 0.6), ("40", 0.6 * 2 / 3)),  # less likely by what it leaves out
        (("407", 0.6), ("40", 0.8), ("407", 0.6)),
        (("40", 0.4), ("407", 0.6), ("407", 0.5)),  # in doubt, as they differ
        (None, ("4", 0.2), ("4", 0.2)),
        (("4", 0.2), None, ("4", 0.2)),
        (None, None, None),
    ],
)
def test_the_ink_alone_is_a_second_opinion(
    reader: Reader,
    monkeypatch: pytest.MonkeyPatch,
    grey_says: tuple[str, float] | None,
    ink_says: tuple[str, float] | None,
    wanted: tuple[str, float] | None,
) -> None:
    def row(said: tuple[str, float] | None) -> Row | None:
        others = [said, ("1", 0.1)] if said else []
        return Row(said[0], said[1], (0, 0, 9, 9), others, [], 0.9) if said else None

    monkeypatch.setattr(Recognizer, "row", lambda *_: row(ink_says))
    ink = RowInk(np.zeros((64, 90), np.uint8), np.eye(2, 3))
    surer = recognizer_of(reader, ink.level).surer(row(grey_says), ink)
    if wanted is None:
        assert surer is None
    else:
        assert surer and surer.text == wanted[0] and surer.probability == pytest.approx(wanted[1])
        assert surer.alternatives == [(surer.text, surer.probability), ("1", 0.1)]


@pytest.mark.parametrize("is_surer", [True, False])
def test_large_lines_come_from_the_small_page_image(
    monkeypatch: pytest.MonkeyPatch, is_surer: bool
) -> None:
    """Of 1000 pixels, 160 are large: those of the small look stay, and what lies in them goes; but
    rows close together, of which the finder is surer, stay."""

    def line(x: float, y: float, width: float, height: float, likely: float = 0.9) -> Line:
        corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
        return Line(np.array(corners, float), likely)

    large, small = line(0, 100, 400, 170), line(0, 500, 400, 150)
    piece, other = line(100, 120, 80, 60, 0.88 if is_surer else 0.92), line(0, 700, 90, 30)
    looks = {None: [piece, other], page_image.LIMITS.coarse_side_px: [large, small]}
    monkeypatch.setattr(finder, "maps", lambda _, side=None: (side, side))
    monkeypatch.setattr(finder, "lines", lambda side, *_: looks[side])
    found = finder.find_lines(np.full((1000, 1000), 230, np.uint8))
    assert [line.box for line in found] == [(large if is_surer else piece).box, other.box]


def test_a_piece_that_is_large_in_the_small_image_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    def line(width: float, likely: float) -> Line:
        corners = np.array([(0, 0), (width, 0), (width, 200), (0, 200)], float)
        return Line(corners + 50, likely)

    whole, piece = line(500, 0.93), line(200, 0.81)
    looks = {None: [whole], page_image.LIMITS.coarse_side_px: [piece]}
    monkeypatch.setattr(finder, "maps", lambda _, side=None: (side, side))
    monkeypatch.setattr(finder, "lines", lambda side, *_: looks[side])
    assert finder.find_lines(np.full((600, 600), 230, np.uint8)) == [whole]


def test_a_line_whose_core_is_hardly_likely_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most of such lines are print."""
    corners = np.array([(0, 0), (90, 0), (90, 30), (0, 30)], float)
    sure, doubted = Line(corners, 0.56), Line(corners + 100, 0.54)
    monkeypatch.setattr(finder, "maps", lambda *_: (None, None))
    monkeypatch.setattr(finder, "lines", lambda *_: [doubted, sure])
    found = finder.find_lines(np.full((300, 300), 230, np.uint8))
    assert [line.probability for line in found] == [0.56]


def test_what_is_left_does_not_part_a_band(monkeypatch: pytest.MonkeyPatch) -> None:
    """A speck lies between the middles of two lines that stand side by side."""

    def line(left: float, middle: float, height: float, likely: float) -> Line:
        top, foot = middle - height / 2, middle + height / 2
        corners = np.array([(0, top), (90, top), (90, foot), (0, foot)]) + np.array((left, 0))
        return Line(corners, likely)

    right, speck, left = line(200, 98, 30, 0.9), line(150, 100, 2, 0.54), line(0, 102, 30, 0.9)
    monkeypatch.setattr(finder, "maps", lambda *_: (None, None))
    monkeypatch.setattr(finder, "lines", lambda *_: [right, speck, left])
    assert finder.find_lines(np.full((300, 300), 230, np.uint8)) == [left, right]


def test_a_line_is_as_likely_as_looks_of_several_heights_make_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each look shows what stands around the line, the more the higher the line is taken to be."""
    grey = np.full((300, 600), 200, np.uint8)
    one = Line(np.array([(100, 140), (400, 140), (400, 160), (100, 160)], float), 0.9)
    shares = {one.times_as_high(t).seen(grey).shape[1]: t for t in finder.LIMITS.heights}
    assert len(shares) == len(finder.LIMITS.heights) > 1

    class Model:
        def predict_proba(self, looks: np.ndarray) -> np.ndarray:
            likely = 0.4 * shares[looks.shape[-1]]
            return np.array([[likely, 0.1, 0.9 - likely]])

    monkeypatch.setattr(finder, "line_model", Model)
    likely = [0.4 * times for times in finder.LIMITS.heights]
    means = [np.prod(s) ** (1 / len(likely)) for s in (likely, [0.9 - p for p in likely])]
    expected = means[0] / (sum(means) + 0.1)
    assert finder.checked(one, grey).probability == pytest.approx(expected)


def test_what_is_known_of_a_line_is_its_own_odds_and_those_of_the_others() -> None:
    known = finder.columns([0.5, 0.9, 0.99])
    nine, ninety_nine = np.log(9), np.log(99)
    expected = [
        (1, 0, (nine + ninety_nine) / 2),
        (1, nine, ninety_nine / 2),
        (1, ninety_nine, nine / 2),
    ]
    assert np.allclose(known, expected)
    assert np.allclose(finder.columns([0.9]), [(1, nine, 0)])


def test_lines_among_numbers_are_surer_than_among_print() -> None:
    _, (first, second, third) = page("2806", "47", "13579")

    def plain(*likely: float) -> list[bool]:
        some = zip((first, second, third), likely, strict=False)
        return finder.are_plain([replace(line, probability=p) for line, p in some])

    assert plain(0.9999, 0.9999, 0.9999) == [True] * 3
    assert plain(0.2, 0.2) == [False] * 2
    steps = np.linspace(0.5, 0.9999, 400)
    among_numbers, in_print = (
        next(p for p in steps if plain(p, *others)[0]) for others in ((0.999, 0.999), (0.2, 0.2))
    )
    assert among_numbers < in_print
