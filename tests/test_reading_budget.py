"""Reading ends in time, whatever is in the picture, and says so where it did not see all of it."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from support.textures import TEXTURES

from digits.errors import DigitsError
from digits.pictures.load import MAX_PAGES, from_array, load
from digits.reading import attempt, budget, recognizer
from digits.reading import reader as reading
from digits.reading.budget import LIMITS, SPENT, Budget
from digits.reading.pages import read_first, read_pages
from digits.reading.reader import Reader

FOLDER = Path(__file__).parents[1] / "test_images"
PICTURE, TWO_ROWS = FOLDER / "number.png", FOLDER / "two_rows.png"


STEPS = [(attempt, "find"), (attempt, "find_lines"), (recognizer, "find"),
         (recognizer, "read_row"), (recognizer, "score")]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("make", TEXTURES.values(), ids=[n.replace(" ", "-") for n in TEXTURES])
def test_a_texture_is_no_number_and_no_step_begins_once_its_time_is_spent(
    make: Callable[[], np.ndarray], reader: Reader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """How many seconds that takes `benchmarks/fuzz.py --textures 10` measures: each below five."""
    cv2.setNumThreads(1)
    cv2.imwrite(str(tmp_path / "a.png"), make())
    given, late = Budget(seconds=0.5), []
    monkeypatch.setattr(reading, "Budget", lambda: given)
    for module, name in STEPS:
        step = getattr(module, name)
        monkeypatch.setattr(
            module, name, lambda *a, step=step, **k: late.append(given.spent) or step(*a, **k)
        )
    answer = read_first(reader, str(tmp_path / "a.png"))
    assert (late or given.spent) and not any(late)
    assert answer.status != "read" or len(answer.text) == 1


LARGEST = {  # of each kind and mode, as large as they are let pass
    "PNG of 16 bits": ("I;16", "png", 6300), "PNG with transparency": ("RGBA", "png", 6300),
    "TIFF of floats": ("F", "tif", 6300), "JPEG": ("RGB", "jpg", 9900),
    "WEBP": ("RGBA", "webp", 4990), "GIF": ("P", "gif", 6300), "BMP": ("RGB", "bmp", 6300),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells the most it held")
@pytest.mark.parametrize(("mode", "suffix", "side"), LARGEST.values(), ids=LARGEST)
def test_reading_a_file_takes_no_more_than_a_gigabyte(
    mode: str, suffix: str, side: int, tmp_path: Path
) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.new(mode, (side, side)).save(path)
    code = (
        "import sys; from digits.__main__ import main\n"
        f"main(['predict', '--cpu', '--image', {str(path)!r}])\n"
        "print(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert int(ended.stdout.split()[-1]) < 1 << 20, ended.stderr  # kB


def test_a_reader_may_allow_a_picture_another_time(reader: Reader) -> None:
    picture = replace(load(PICTURE), seconds=LIMITS.seconds)
    assert replace(reader, seconds=2 * LIMITS.seconds).read(picture).text == "40917"
    assert SPENT in replace(reader, seconds=1e-6).read(load(PICTURE)).error
    assert budget.of_file(6.0) == 2 * budget.of_file(None)


def test_what_decoding_took_is_counted(reader: Reader, tmp_path: Path) -> None:
    picture = load(PICTURE)
    assert 0 < picture.seconds < 1 and reader.read(picture).text == "40917"
    late = reader.read(replace(picture, seconds=LIMITS.seconds))
    assert late.status == "error" and SPENT in late.error


def test_a_file_has_one_budget_for_its_pages(
    reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = [Image.open(PICTURE).convert("L")] * 3
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    monkeypatch.setattr(budget, "LIMITS", replace(LIMITS, pictures_of_file=0))
    first, last = read_pages(reader, str(tmp_path / "a.tif"))
    assert (first.text, last.status) == ("40917", "error")
    assert "1 pages were read in the time of a file; split it" in last.error


USUAL_PAGE_S, PROMISED_S = 0.6, 5.0
STARTED_S = 2.0  # what a step that has begun may take, and the models that the first one loads


def test_usual_pages_are_read_whole_and_none_takes_longer_than_promised() -> None:
    assert LIMITS.seconds >= 3 * USUAL_PAGE_S
    assert LIMITS.seconds + STARTED_S <= PROMISED_S
    assert MAX_PAGES * USUAL_PAGE_S <= budget.of_file(None) < 2 * MAX_PAGES * USUAL_PAGE_S


def without_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "Budget", lambda: Budget(seconds=-1))


def test_no_answer_in_time_is_an_error_that_says_so(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_time(monkeypatch)
    answer = read_first(reader, str(PICTURE))
    assert (answer.status, answer.text) == ("error", "") and SPENT in answer.error


def test_what_is_drawn_of_answers_is_not_asked_of_errors(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []
    read_pages(reader, str(PICTURE), lambda picture, answer: drawn.append(answer.status))
    without_time(monkeypatch)
    read_pages(reader, str(PICTURE), lambda picture, answer: drawn.append(answer.status))
    assert drawn == ["read"]


class Steps(Budget):
    """A budget of a number of steps."""

    left_over = 0

    def left(self) -> bool:
        type(self).left_over -= 1
        self.spent = self.left_over < 0
        return not self.spent


@pytest.mark.slow
def test_an_answer_from_a_part_is_unsure_and_warns(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "Budget", Steps)
    seen = set()
    for steps in range(12):
        Steps.left_over = steps
        answer = read_first(reader, str(TWO_ROWS))
        seen.add(answer.status)
        cut_short = answer.status == "error" or SPENT in answer.warnings
        assert cut_short == (Steps.left_over < 0)
        assert answer.status != "read" or not cut_short
    assert {"error", "unsure"} <= seen and answer.text == "2026\n1147"


def test_pictures_that_are_read_at_once_need_no_time(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_time(monkeypatch)
    tile = np.zeros((28, 28), np.uint8)
    tile[4:24, 12:16] = 255
    assert reader.read(from_array(tile)).text == "1"


@pytest.mark.parametrize("kind", ["ICO", "ICNS", "TGA", "JPEG2000", "PCX", "DDS", "SGI"])
def test_formats_that_nobody_photographs_are_not_opened(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "picture"
    Image.new("RGB", (64, 64), "white").save(path, kind)
    with pytest.raises(DigitsError, match="of a kind that is not read"):
        load(path)


@pytest.mark.slow
def test_stripes_in_a_very_thin_picture_are_read(reader: Reader) -> None:
    """Such rows are less than a pixel high once they are made small."""
    for step in range(2, 60, 3):
        stripes = np.where(np.arange(4000) % step < step // 3 + 1, 0, 255).astype(np.uint8)
        assert reader.read(from_array(np.repeat(stripes[:, None], 19, axis=1))).status != "error"


@pytest.mark.parametrize("shape", [(2000, 3), (6, 20_000)])
def test_a_strip_too_thin_for_a_digit_is_not_searched(
    shape: tuple[int, int], reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_time(monkeypatch)
    noise = from_array(np.random.default_rng(0).integers(0, 2, shape, np.uint8) * 255)
    assert reader.read(noise).status == "no_digit"
    monkeypatch.setattr(attempt, "LIMITS", replace(attempt.LIMITS, most_strip_px=0))
    assert reader.read(noise).status == "error"  # searched, it takes time
