"""Files of several pictures: one answer a page, a bound, and what no page is."""

import csv
import json
from pathlib import Path

import pytest
from PIL import Image

from digits.__main__ import main
from digits.errors import DigitsError
from digits.pictures import load

FOLDER = Path(__file__).parents[1] / "test_images"
SHADES = (0, 90, 200)


def frames(count: int = 3) -> list[Image.Image]:
    return [Image.new("L", (40, 40), SHADES[i % 3] + i // 3) for i in range(count)]


def save(path: Path, pictures: list[Image.Image], **options: object) -> Path:
    pictures[0].save(path, save_all=True, append_images=pictures[1:], **options)
    return path


@pytest.mark.parametrize("suffix", [".tif", ".gif", ".webp", ".png"])
def test_every_page_is_a_picture(suffix: str, tmp_path: Path) -> None:
    options = {"lossless": True} if suffix == ".webp" else {}
    path = save(tmp_path / f"a{suffix}", frames(), **options)
    pages = list(load.pages(path))
    assert [int(page.grey.mean()) for page in pages] == list(SHADES)
    assert load.load(path).grey.mean() == 0


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF", "WEBP", "GIF", "PPM"])
def test_one_picture_is_one_page(kind: str, tmp_path: Path) -> None:
    Image.new("L", (40, 40), 90).save(tmp_path / "a", kind)
    assert len(list(load.pages(tmp_path / "a"))) == 1


def test_a_second_jpeg_and_a_smaller_copy_are_no_pages(tmp_path: Path) -> None:
    save(tmp_path / "a.mpo", [f.convert("RGB") for f in frames()], format="MPO")
    (tmp_path / "a.mpo").rename(tmp_path / "a.jpg")
    assert len(list(load.pages(tmp_path / "a.jpg"))) == 1
    copy = frames()[1]
    copy.encoderinfo = {"tiffinfo": {254: 1}}  # NewSubfileType: of reduced resolution
    path = save(tmp_path / "a.tif", [frames()[0], copy])
    assert len(list(load.pages(path))) == 1


def test_there_is_a_bound_on_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "MAX_PAGES", 2)
    found = load.pages(save(tmp_path / "a.tif", frames()))
    assert len([next(found), next(found)]) == 2
    with pytest.raises(DigitsError, match="only 2 pages are read"):
        next(found)


def with_thumbnails(pages: int, each: int = 1) -> list[Image.Image]:
    """Each page and copies of it of reduced resolution, which are no pages."""
    found = []
    for k in range(pages):
        copies = [Image.new("L", (20, 20), k) for _ in range(each)]
        for copy in copies:
            copy.encoderinfo = {"tiffinfo": {254: 1}}
        found += [Image.new("L", (40, 40), k), *copies]
    return found


def test_thumbnails_lift_no_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "MAX_PAGES", 3)
    path = save(tmp_path / "a.tif", with_thumbnails(3))
    assert [int(page.grey.mean()) for page in load.pages(path)] == [0, 1, 2]
    found = load.pages(save(tmp_path / "b.tif", with_thumbnails(5)))
    assert len([next(found), next(found), next(found)]) == 3
    with pytest.raises(DigitsError, match="only 3 pages are read"):
        next(found)


def test_there_is_a_bound_on_thumbnails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "MAX_IMAGES", 4)
    found = load.pages(save(tmp_path / "a.tif", with_thumbnails(1, each=9)))
    assert next(found).grey.shape == (40, 40)
    with pytest.raises(DigitsError, match="split it"):
        next(found)


@pytest.fixture
def scan(tmp_path: Path) -> str:
    """Two pages with the same number, and one with nothing."""
    number = Image.open(FOLDER / "number.png").convert("L")
    return str(save(tmp_path / "scan.tif", [number, number, Image.new("L", number.size, 255)]))


def test_predict_answers_every_page(scan: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", "--image", scan, "--model", "reader"]) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [
        f"{scan} page 1: 40917", f"{scan} page 2: 40917", f"{scan} page 3: no digit",
    ]  # fmt: skip
    assert printed.err.splitlines()[0] == "model: reader (trained on mnist)"
    assert main(["predict", "--image", scan, "--model", "reader", "--json"]) == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(a["page"], a["pages"], a["model"]) for a in answers] == [
        (1, 3, "reader"), (2, 3, "reader"), (3, 3, "reader"),
    ]  # fmt: skip


def test_the_table_has_every_page(scan: str, tmp_path: Path) -> None:
    out = tmp_path / "a.csv"
    assert main(["predict", "--image", scan, "--model", "reader", "--output", str(out)]) == 0
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert [(r["page"], r["text"], r["model"]) for r in rows] == [
        ("1", "40917", "reader"), ("2", "40917", "reader"), ("3", "", "reader"),
    ]  # fmt: skip
