"""The report: a page that stands alone, in a browser without an error."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from digits import classifier
from digits.__main__ import main
from digits.data import Dataset, Split
from digits.evaluation import baselines, cost, explain, facts, measure, parts, plots, report, style
from digits.evaluation.parts import Material
from tests.measured import stand_in

RNG = np.random.default_rng(0)
SHIPPED = classifier.shipped()


class References(HTMLParser):
    """Everything that a page would fetch, its identifiers, and its links within itself."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            elif name == "href" and (value or "").startswith("#"):
                self.links.append((value or "")[1:])
            elif name in ("src", "href", "xlink:href", "action", "data", "srcset"):
                self.fetched.append(value or "")


TEST_IMAGES = Path(__file__).parents[1] / "test_images"
OWN = {"5": "dark_on_light", "40918": "number", "3": "two_rows", "none": "blank"}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A report with every part in it, of two models, a set and pictures of one's own."""
    from sklearn.neighbors import KNeighborsClassifier

    folder, own = tmp_path_factory.mktemp("report"), tmp_path_factory.mktemp("own")
    for label, name in OWN.items():
        (own / label).mkdir()
        shutil.copy(TEST_IMAGES / f"{name}.png", own / label)
    models = ["--model", "micro", "--model", str(SHIPPED["micro"].with_suffix(".pth"))]
    more = ["--robustness", "--ood", "--numbers", "--baselines", "--dataset", "uci", "--cpu"]
    more += ["--explain"] if find_spec("captum") else []
    with pytest.MonkeyPatch.context() as patch:
        quick = {"1 nearest neighbour": KNeighborsClassifier(1)}
        patch.setattr(baselines, "estimators", lambda: quick)
        flags = [*models, *more, "--folder", str(own), "--output", str(folder)]
        assert main(["evaluate", *flags]) == 0
    yield folder


@pytest.mark.slow
def test_the_page_stands_alone(written: Path) -> None:
    page = (written / "report.html").read_text("utf-8")
    found = References(page)
    assert all(part.startswith(("data:", "#")) for part in found.fetched)
    assert not re.search(r"@import|url\((?!#|\"data:)", page) and "<script" not in page
    assert len(found.ids) == len(set(found.ids))
    assert set(found.links) <= set(found.ids)
    assert len(page) < 5e6
    assert "{{" not in page and "{%" not in page


@pytest.mark.slow
def test_figures_are_there_as_png_and_svg(written: Path) -> None:
    stems = {path.stem for path in written.glob("*.png")}
    assert stems == {path.stem for path in written.glob("*.svg")}
    assert stems == {
        "accuracy", "reliability", "risk_coverage", "confusion_matrix_1", "confusion_matrix_2",
        "sample_predictions_1", "sample_predictions_2", "robustness", "robustness_curves",
        "corruptions", "ood", "pictures_accuracy", "pictures_reliability", "pictures_risk",
        "pictures_confusion_1", "pictures_confusion_2",
        *(f"explained_{i}" for i in (1, 2) if find_spec("captum")),
    }  # fmt: skip


@pytest.mark.slow
def test_metrics_are_those_of_the_schema(written: Path) -> None:
    content = json.loads((written / "metrics.json").read_text())
    first, second = content["models"]
    assert content["data"] == {"name": "uci", "part": "test", "count": 360}
    assert (first["name"], second["name"]) == ("micro.onnx", "micro.pth")
    assert first["right"] == sum(row[i] for i, row in enumerate(first["confusion"]))
    assert content["made"]["command"].startswith("digits evaluate --model micro --model ")
    schema = (Path(__file__).parents[1] / "docs" / "report.md").read_text("utf-8")
    described = set(re.findall(r"`(\w+)`", schema))
    worse, numbers = content["robustness"], content["numbers"]
    task = numbers["tasks"]["times"]["micro.onnx"]
    own, read = content["pictures"], content["pictures"]["models"]["micro.onnx"]
    parts = [
        content, content["made"], first, content["differences"][0], first["read"], worse,
        worse["curves"], worse["curves"]["by"]["blur"], content["ood"], numbers, task,
        content["ood"]["models"]["micro.pth"], task["plain"], own, own["left_out"], read,
        read["all"], read["statuses"], read["failures"][0], *own["differences"],
        *content["baselines"],
    ]  # fmt: skip
    for part in parts:
        assert set(part) <= described, set(part) - described


@pytest.mark.slow
def test_every_part_is_on_the_page(written: Path) -> None:
    page = (written / "report.html").read_text("utf-8")
    sections = re.findall(r'<section id="([^"]+)"', page)
    explained = ["explained"] if find_spec("captum") else []
    assert sections == [
        "pictures", "pictures-0", "pictures-1", "models", "calibration", "risk", "model-0",
        "model-1", "robustness", "ood", "numbers", "baselines", *explained, "training", "made",
    ]  # fmt: skip
    assert "1 nearest neighbour" in page and set(sections) <= set(References(page).links)


@pytest.mark.slow
def test_failures_on_pictures_are_drawn_and_found_from_the_matrix(written: Path) -> None:
    page = (written / "report.html").read_text("utf-8")
    content = json.loads((written / "metrics.json").read_text())["pictures"]
    failures = [len(model["failures"]) for model in content["models"].values()]
    assert min(failures) > 0 and page.count("data:image/webp") == sum(failures)
    assert '<a href="#failure-0-0"' in page and '<li id="failure-0-0">' in page


@pytest.mark.slow
def test_every_error_is_shown_in_its_cell(written: Path) -> None:
    page = (written / "report.html").read_text("utf-8")
    (first, *_) = json.loads((written / "metrics.json").read_text())["models"]
    for row, column in np.argwhere(np.array(first["confusion"]) > 0):
        if row != column:
            (cell,) = re.findall(
                rf'<div id="cell-0-{row}-{column}">(.*?)</div></details>', page, re.S
            )
            count = first["confusion"][row][column]
            assert cell.count("<img") == min(count, report.CELL)


@pytest.mark.slow
def test_the_page_of_a_model_that_guesses_is_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every cell of the confusion matrix has pictures, and noise does not compress."""
    images = torch.from_numpy(RNG.integers(0, 256, (2000, 1, 28, 28), np.uint8))
    logits = RNG.normal(size=(2000, 10)).astype(np.float32)
    path = tmp_path / "guess.onnx"
    path.touch()
    test = measure(stand_in(logits, str(path)), Split(images, torch.arange(2000) % 10))
    nothing = {"size_bytes": 0, "parameters": None, "macs": 0}
    monkeypatch.setattr(cost, "cost", lambda model: nothing)
    monkeypatch.setattr(facts, "cost", lambda model: nothing)
    split = Split(test.images, test.labels)
    material = Material(["guess"], [test.model], tmp_path, Dataset("made up", split, split, split))
    found = facts.begin(material.names, material.models, "none")
    found |= facts.of_tiles(material.names, material.tests, "made up")
    report.write(tmp_path, found, material)
    page = (tmp_path / "report.html").read_text("utf-8")
    assert page.count("<img") > 90 * report.CELL and len(page) < 5e6 / 2


# Of the pictures in closed details, the least; paper cannot be clicked.
HEIGHT_OF_DETAILS = """Math.min(...[...document.querySelectorAll("details:not([open]) img")]
    .map(image => image.getBoundingClientRect().height))"""

# On paper cells of few tiles stand side by side: a line each takes four pages.
TOPS_OF_CELLS = """[...document.querySelectorAll("details:not(:has(figure))")]
    .map(cell => cell.getBoundingClientRect().top)"""


@pytest.mark.slow
def test_a_figure_on_a_phone_is_wide_enough_to_read(written: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as browsers:
        try:
            browser = browsers.chromium.launch(args=["--no-sandbox"], executable_path=chromium())
        except playwright.Error:
            pytest.skip("no browser")
        page = browser.new_page(viewport={"width": 380, "height": 800})
        page.goto((written / "report.html").as_uri())
        widths = page.evaluate(
            "[...document.querySelectorAll('figure svg')].map(s => s.getBoundingClientRect().width)"
        )
        browser.close()
    assert len(widths) > 5 and min(w for w in widths if w) >= 500


def test_a_figure_in_a_page_has_the_pages_colours(tmp_path: Path) -> None:
    plots.draw_accuracies(tmp_path / "accuracy", [("tiny", 0.99, (0.98, 0.995))])
    svg = report.inline(tmp_path / "accuracy")
    assert {"ink", "line", "page", "blue"} <= set(re.findall(r"var\(--(\w+)\)", svg))
    assert not re.search(f"{style.INK}|{style.BLUE}", svg)  # dim on a dark page


def test_the_axis_of_accuracies_has_few_words(tmp_path: Path) -> None:
    plots.draw_accuracies(tmp_path / "accuracy", [("best", 0.9975, (0.9963, 0.9983))])
    svg = (tmp_path / "accuracy.svg").read_text("utf-8")
    assert 3 <= svg.count("%</text>") - 1 <= 6


LIGHT = """
import sys

class Absent:
    def find_spec(self, name, *_):
        if name.partition(".")[0] in ("torch", "torchvision", "onnx", "onnxscript", "captum"):
            raise ModuleNotFoundError(name=name)

sys.meta_path.insert(0, Absent())
from digits.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.slow
def test_the_reports_extra_makes_a_report(tmp_path: Path) -> None:
    """Without PyTorch and onnx; what only they know is not known."""
    (tmp_path / "own" / "5").mkdir(parents=True)
    shutil.copy(TEST_IMAGES / "dark_on_light.png", tmp_path / "own" / "5")
    flags = ["--model", "micro", "--folder", str(tmp_path / "own"), "--dataset", "uci"]
    command = [sys.executable, "-c", LIGHT, "evaluate", *flags, "--output", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (model,) = json.loads((tmp_path / "out" / "metrics.json").read_text())["models"]
    assert model["parameters"] is model["macs"] is None and model["accuracy"] > 0.9


def test_a_library_that_is_not_there_has_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "LIBRARIES", ("numpy", "no-such-library"))
    found = facts.made("none")["libraries"]
    assert found["numpy"] == np.__version__ and found["no-such-library"] is None


@pytest.mark.parametrize("flags, says", [
    (["--output", "file/report"], "--output file/report: cannot be written"),
    (["--output", "/proc/report"], "--output /proc/report: cannot be written"),
    (["--explain", "--output", "report"], "[explain]'"),
    (["--numbers", "--dataset", "own"], "own: no picture for test"),
    (["--numbers", "--dataset", "many"], "--numbers needs test tiles of all ten digits"),
    (["--robustness", "--dataset", "uci", "--folder", "own", "--expect", "x"], "--expect x"),
])  # fmt: skip
def test_what_cannot_work_is_said_before_anything_is_measured(
    run_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
    flags: list[str],
    says: str,
) -> None:
    for label, ink in (("1", np.ones((40, 4))), ("7", np.triu(np.ones((40, 30))))):
        for folder, count in (("own", 1), ("many", 6)):
            Path(folder, label).mkdir(parents=True)
            for i in range(count):
                page = np.pad(255 * (1 - ink[3 * i :]), 10, constant_values=255)  # none twice
                Image.fromarray(page.astype(np.uint8)).save(Path(folder, label, f"{i}.png"))
    Path("file").touch()
    monkeypatch.setitem(sys.modules, "captum", None)
    monkeypatch.setattr(parts, "measure", lambda *_: pytest.fail("it is measured"))
    model = str(SHIPPED["micro"].with_suffix(".pth"))
    known = [] if "--dataset" in flags else ["--dataset", "uci"]
    code = 2 if "--expect" in flags else 1
    assert main(["evaluate", "--cpu", "--model", model, *known, *flags]) == code
    said = capsys.readouterr()
    assert says in said.err and said.out == "" and not Path("report").exists()


def test_explain_says_what_an_artefact_lacks(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "captum", None)
    explain.check(classifier.load(SHIPPED["micro"]))
    assert "micro.onnx has no gradients: occlusion alone" in capsys.readouterr().err


@pytest.mark.slow
def test_a_browser_opens_it_without_an_error(written: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    said: list[str] = []
    with playwright.sync_playwright() as browsers:
        try:
            browser = browsers.chromium.launch(args=["--no-sandbox"], executable_path=chromium())
        except playwright.Error:
            pytest.skip("no browser")
        for scheme, width in (("light", 1100), ("dark", 1100), ("light", 380), ("dark", 320)):
            page = browser.new_page(
                viewport={"width": width, "height": 800},
                color_scheme=scheme,
                java_script_enabled=True,
            )
            page.on("console", lambda message: said.append(message.text))
            page.on("pageerror", lambda error: said.append(str(error)))
            page.on("request", lambda request: said.append(request.url)
                    if not request.url.startswith(("file:", "data:")) else None)  # fmt: skip
            page.goto((written / "report.html").as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            page.click("td.error a")
            assert page.evaluate("document.querySelector('details:has(:target)').open")
            page.emulate_media(media="print")
            assert page.evaluate(HEIGHT_OF_DETAILS) > 0
            tops = page.evaluate(TOPS_OF_CELLS)
            assert width < 1100 or len(set(tops)) < len(tops)
            page.set_viewport_size({"width": 720, "height": 1000})  # A4 less its margins
            assert page.evaluate("document.documentElement.scrollWidth") <= 720
        browser.close()
    assert said == []


def chromium() -> str | None:
    """A browser of the system, where there is one; else playwright's own."""
    import shutil

    return shutil.which("chromium") or shutil.which("google-chrome")


@pytest.mark.parametrize("kind", ["png", "webp"])
def test_a_picture_goes_into_a_page_without_a_warning(
    capfd: pytest.CaptureFixture[str], kind: str
) -> None:
    assert report.data_uri(np.zeros((8, 8), np.uint8), kind).startswith(
        f"data:image/{kind};base64,"
    )
    assert capfd.readouterr().err == ""
