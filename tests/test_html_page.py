"""The page on pictures: its tiles are those of `digits.tile.frame`, and a browser reads from file://.

Tiles may be off by MEAN_OFF levels of 255 on average: the page and OpenCV round otherwise.
"""

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from digits import checkpoint, tile
from digits.data import strokes
from digits.optimization import html_program, integer_file
from digits.optimization.source import Source
from digits.pictures import load
from digits.spec import pretrained_dir
from digits.vision import ink
from tests.drawn import DIGITS
from tests.test_html_file import needs_node, run_script

PICTURES = Path(__file__).parents[1] / "test_images"
with (PICTURES / "expected.csv").open(encoding="utf-8") as file:
    TEXTS = {row["image"]: row["text"] for row in csv.DictReader(file)}
SINGLE = [name for name, text in TEXTS.items() if len(text) == 1]
ROWS = ["number.png", "squared_paper.png", "on_its_side.jpg"]
MEAN_OFF, MOST_OFF = 0.6, 32
TILES = "process.stdout.write(Buffer.concat(digits.tiles(given, {1}, {0}).map(Buffer.from)))"
TEXT = "process.stdout.write(digits.read(given, {1}, {0}).map((d) => d.label).join(''))"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the shipped `tiny`; drawn digits calibrate it."""
    import torch

    path = tmp_path_factory.mktemp("page") / "tiny.html"
    source = Source.of(checkpoint.load(pretrained_dir() / "tiny.pth"))
    drawn = strokes.draw(64, rng=0)[0].reshape(-1, 1, 28, 28)
    whole = integer_file.integers(source, torch.from_numpy(drawn))
    thresholds = source.content["thresholds"]
    path.write_bytes(
        integer_file.FORMATS[".html"].write(whole, integer_file.card(source), thresholds)
    )
    return path


@pytest.mark.slow
@needs_node
@pytest.mark.parametrize("name", SINGLE)
def test_tiles_are_those_of_reading(name: str, page: Path) -> None:
    grey = load.load(PICTURES / name).grey
    found = np.frombuffer(run_script(page, TILES.format(*grey.shape), grey.tobytes()), np.uint8)
    off = [
        np.abs(found.reshape(28, 28).astype(int) - tile.frame(found_ink.level))
        for inverted in ink.polarities(grey)  # of both, where either may be
        if (found_ink := ink.find(grey, inverted))
    ]
    best = min(off, key=np.mean)
    assert best.mean() <= MEAN_OFF and best.max() <= MOST_OFF


@pytest.mark.slow
@needs_node
@pytest.mark.parametrize("name", [*SINGLE, *ROWS, "blank.png"])
def test_pictures_are_read(name: str, page: Path) -> None:
    grey = load.load(PICTURES / name).grey
    found = run_script(page, TEXT.format(*grey.shape), grey.tobytes()).decode()
    assert found == TEXTS[name]


@needs_node
@pytest.mark.parametrize("shape", [(20, 14), (28, 28), (60, 33), (25, 90), (200, 7), (3, 3)])
def test_frames_are_those_of_the_tile(shape: tuple[int, int], page: Path) -> None:
    drawn = strokes.draw(1, rng=3)[0].reshape(28, 28)
    grey = cv2.resize(drawn, (224, 224), interpolation=cv2.INTER_CUBIC)[:192, 32:192]
    level = cv2.resize(grey, shape[::-1])
    script = f"process.stdout.write(digits.frame(given, {shape[1]}, {shape[0]}))"
    found = np.frombuffer(run_script(page, script, level.tobytes()), np.uint8).reshape(28, 28)
    off = np.abs(found.astype(int) - tile.frame(level))
    assert off.mean() <= MEAN_OFF and off.max() <= MOST_OFF


@needs_node
def test_no_ink_has_no_frame(page: Path) -> None:
    script = "process.stdout.write(String(digits.frame(given, 3, 3)))"
    assert run_script(page, script, bytes(9)) == b"null"


@pytest.fixture(scope="module")
def browser_page(page: Path) -> Iterator[Any]:
    """The page, opened from file://; fails at the end if it said or asked for anything."""
    playwright = pytest.importorskip("playwright.sync_api")
    program, said = shutil.which("chromium") or shutil.which("google-chrome"), []
    if not program:
        pytest.skip("no browser: run tools/get_browser.sh")
    with playwright.sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=program, args=["--no-sandbox"])
        opened = browser.new_page(viewport={"width": 520, "height": 800})
        opened.on("console", lambda message: said.append(message.text))
        opened.on("pageerror", lambda error: said.append(str(error)))
        opened.on("request", lambda request: said.append(request.url)
                  if not request.url.startswith(("file:", "blob:")) else None)  # fmt: skip
        opened.goto(page.as_uri())
        yield opened
        browser.close()
    assert said == []


def draw(page: Any, text: str) -> None:
    """Digits side by side, with the mouse."""
    box = page.locator("#paper").bounding_box()
    height = 0.6 * box["height"]
    for i, digit in enumerate(text):
        left = box["x"] + box["width"] * (i + 0.25) / len(text)
        for points in DIGITS[digit]:
            for k, (x, y) in enumerate(points):
                page.mouse.move(left + 0.5 * height * x, box["y"] + (0.2 + 0.6 * y) * box["height"])
                if k == 0:
                    page.mouse.down()
            page.mouse.up()


def answer_within(page: Any, text: str, seconds: int = 30) -> bool:
    """Whether the page comes to show this answer."""
    from playwright.sync_api import expect

    expect(page.locator("#answer")).to_have_text(text, timeout=1000 * seconds)
    return True


@pytest.mark.slow
def test_what_is_drawn_in_a_browser_is_read(browser_page: Any) -> None:
    draw(browser_page, "407")
    assert browser_page.text_content("#answer") == "407"
    browser_page.click("#clear")
    assert browser_page.text_content("#answer") == ""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["light_on_dark.png", "photograph.jpg", "number.png"])
def test_pictures_chosen_in_a_browser_are_read(name: str, browser_page: Any) -> None:
    browser_page.click("#clear")
    browser_page.set_input_files("#file", PICTURES / name)
    assert answer_within(browser_page, TEXTS[name])


@pytest.mark.slow
def test_a_stroke_after_a_picture_begins_a_new_paper(browser_page: Any) -> None:
    browser_page.set_input_files("#file", PICTURES / "light_on_dark.png")
    assert answer_within(browser_page, "7")
    draw(browser_page, "4")
    assert browser_page.text_content("#answer") == "4"


@pytest.mark.slow
def test_only_what_begins_on_the_paper_is_drawn(browser_page: Any) -> None:
    browser_page.click("#clear")
    draw(browser_page, "4")
    said, box = browser_page.text_content("#details"), browser_page.locator("#paper").bounding_box()
    assert said.startswith("4 ")
    for button, top in (("left", box["y"] - 20), ("right", box["y"] + 20)):
        browser_page.mouse.move(box["x"] + 20, top)
        browser_page.mouse.down(button=button)
        browser_page.mouse.move(box["x"] + 40, box["y"] + box["height"] - 20, steps=3)
        browser_page.mouse.up(button=button)
    assert browser_page.text_content("#details") == said


@pytest.mark.slow
def test_a_stroke_that_the_system_ends_is_read(browser_page: Any) -> None:
    browser_page.click("#clear")
    box = browser_page.locator("#paper").bounding_box()
    browser_page.mouse.move(box["x"] + 200, box["y"] + 40)
    browser_page.mouse.down()
    browser_page.mouse.move(box["x"] + 200, box["y"] + 200, steps=3)
    browser_page.evaluate(
        "paper.dispatchEvent(new PointerEvent('pointercancel', { pointerId: pointer }))"
    )
    assert answer_within(browser_page, "1")
    browser_page.mouse.up()


@pytest.mark.slow
def test_what_is_no_picture_takes_no_drawing_away(browser_page: Any, tmp_path: Path) -> None:
    browser_page.click("#clear")
    draw(browser_page, "4")
    (tmp_path / "text.png").write_text("no picture")
    browser_page.set_input_files("#file", tmp_path / "text.png")
    browser_page.get_by_text("This is no picture").wait_for()
    assert browser_page.text_content("#answer") == "4"


@pytest.mark.slow
def test_everybody_can_use_it_and_hear_what_is_not_sure(browser_page: Any) -> None:
    from tests.browsing import faults

    browser_page.click("#clear")
    browser_page.evaluate("pen.fillStyle = '#000'; pen.fillRect(20, 20, 200, 200); show()")
    assert "(not sure)" in browser_page.get_by_role("status").last.text_content()
    assert faults(browser_page, 520) == []


@needs_node
def test_a_browser_has_the_bits_of_node(page: Path, browser_page: Any) -> None:
    batch = strokes.draw(20, rng=5)[0].reshape(-1, 1, 28, 28)
    script = "tiles => tiles.map((tile) => Array.from(digits.logits(Uint8Array.from(tile))))"
    found = browser_page.evaluate(script, [one.ravel().tolist() for one in batch])
    run = html_program.load(page, 10)
    assert run is not None and np.array_equal(found, run(batch))
