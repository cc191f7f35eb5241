"""The report: figures against oracles, a page that stands alone, in a browser without an error."""

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

from digits import card, classifier, metrics
from digits.__main__ import main
from digits.classifier import Classifier
from digits.data import Dataset, Split
from digits.errors import DigitsError
from digits.evaluation import baselines, cost, explain, facts, measure, parts, plots, report, style
from digits.evaluation.measure import Measurement, at_threshold, confused_pairs, differences
from digits.evaluation.parts import Material

RNG = np.random.default_rng(0)
SHIPPED = classifier.shipped()


def stand_in(logits: np.ndarray, name: str = "stand_in.onnx", **more: object) -> Classifier:
    """A classifier that answers these logits whatever it is shown."""
    card = {"arch": "tiny", "metrics": {}, "config": {}, "versions": {}}
    return Classifier(lambda tiles: logits[: len(tiles)], Path(name), card=card, **more)  # type: ignore[arg-type]


def measured(predicted: list[int], labels: list[int], **more: object) -> Measurement:
    """One whose answers are as given, each a little less sure than the one before."""
    logits = np.zeros((len(labels), 10), np.float32)
    logits[np.arange(len(labels)), predicted] = 9 - 0.1 * np.arange(len(labels))
    split = Split(torch.zeros(len(labels), 1, 28, 28, dtype=torch.uint8), torch.tensor(labels))
    return measure(stand_in(logits, **more), split)


def test_the_threshold_parts_answers_as_worked_out_by_hand() -> None:
    test = measured([0, 1, 2, 3], [0, 9, 2, 9])
    assert at_threshold(test) is None
    between = float(test.confidence[2:4].mean())
    test = measured([0, 1, 2, 3], [0, 9, 2, 9], thresholds={"read": between})
    assert at_threshold(test) == {"threshold": between, "coverage": 3 / 4, "risk": 1 / 3}


def test_the_most_confused_pairs_come_first() -> None:
    test = measured([7, 7, 4, 1, 1], [1, 1, 9, 1, 2])
    assert confused_pairs(test)[0] == {"label": "1", "predicted": "7", "count": 2}
    assert {pair["count"] for pair in confused_pairs(test)[1:]} == {1}
    assert len(confused_pairs(test)) == 3


def test_differences_are_between_each_pair_once() -> None:
    labels = [1] * 6
    tests = [measured([1] * 6, labels), measured([1] + [2] * 5, labels), measured([1] * 6, labels)]
    rows = differences(["a", "b", "c"], tests)
    assert [row["models"] for row in rows] == [["a", "b"], ["a", "c"], ["b", "c"]]
    assert rows[0]["p"] == pytest.approx(2 / 32) and rows[1]["p"] == 1
    assert rows[0]["accuracy_difference"] == pytest.approx(5 / 6)
    assert (rows[2]["only_first_right"], rows[2]["only_second_right"]) == (0, 5)


def test_swapped_labels_are_suspected_first() -> None:
    labels = np.repeat(np.arange(5), 40)
    probabilities = np.full((200, 5), 0.02)
    probabilities[np.arange(200), labels] = 0.92
    noisy = labels.copy()
    noisy[[3, 77, 150]] = (noisy[[3, 77, 150]] + 1) % 5
    assert set(metrics.suspected_labels(probabilities, noisy)) == {3, 77, 150}
    assert not len(metrics.suspected_labels(probabilities, labels))


def test_a_class_without_labels_is_not_suspected() -> None:
    probabilities = np.array([[0.1, 0.9, 0.0], [0.2, 0.8, 0.0], [0.1, 0.2, 0.7]])
    assert not len(metrics.suspected_labels(probabilities, np.array([1, 1, 1])))


@pytest.mark.parametrize("a, b, distance", [
    ("", "", 0), ("123", "123", 0), ("123", "", 3), ("kitten", "sitting", 3), ("407", "470", 2),
])  # fmt: skip
def test_edit_distance_of_known_pairs(a: str, b: str, distance: int) -> None:
    assert metrics.edit_distance(a, b) == metrics.edit_distance(b, a) == distance


@pytest.mark.parametrize("name", ["tiny", "fast", "micro"])
def test_onnx_and_pytorch_count_the_same_multiplications(name: str) -> None:
    onnx, checkpoint = (cost.cost(classifier.load(SHIPPED[name].with_suffix(s)))
                        for s in (".onnx", ".pth"))  # fmt: skip
    assert onnx["macs"] == checkpoint["macs"]
    stated = classifier.load(SHIPPED[name]).card["metrics"]["size"]["parameters"]
    assert checkpoint["parameters"] == stated
    assert 0.95 * stated < (onnx["parameters"] or 0) <= stated  # its batch norms are folded


def test_names_are_the_shortest_that_tell_models_apart() -> None:
    paths = [Path("a/x.pth"), Path("b/y.pth"), Path("b/y.onnx"), Path("a/z.pth"), Path("b/z.pth")]
    assert facts.names_of(paths) == ["x", "y.pth", "y.onnx", "a/z.pth", "b/z.pth"]


TABLE = "epoch,train_loss,train_accuracy,validation_loss,validation_accuracy,learning_rate\n"


def test_the_table_of_epochs_is_found_from_a_copy_of_a_runs_model(run_folder: Path) -> None:
    for run, content in (("1", b"one"), ("2", b"two")):
        folder = Path("runs") / run
        folder.mkdir(parents=True)
        (folder / "model.pth").write_bytes(content)
        (folder / "history.csv").write_text(f"{TABLE}{run},0.5,0.9,0.4,0.95,0.01\n")
    Path("best_model.pth").write_bytes(b"two")
    copy = stand_in(np.zeros((1, 10)), "best_model.pth")
    (row,) = facts.history(copy)
    assert (row["epoch"], row["validation_accuracy"]) == (2, 0.95)
    Path("best_model.pth").write_bytes(b"ten")
    assert facts.history(copy) == []


def test_the_table_of_epochs_is_found_where_save_dir_put_the_run(run_folder: Path) -> None:
    run = Path("kept/runs/1")
    run.mkdir(parents=True)
    (run / "history.csv").write_text(f"{TABLE}7,0.5,0.9,0.4,0.95,0.01\n")
    for path in (run / "model.pth", Path("kept/best_model.pth")):
        path.write_bytes(b"one")
    (row,) = facts.history(stand_in(np.zeros((1, 10)), "kept/best_model.pth"))
    assert row["epoch"] == 7


def test_the_table_of_epochs_is_in_the_card() -> None:
    model = stand_in(np.zeros((1, 10)), "no/such/file.onnx")
    row = dict.fromkeys(card.EPOCHS, 0.1234567) | {"epoch": 1, "seconds": 3.5}
    model.card["metrics"] = {"epochs": card.epochs_of([row, row | {"epoch": 2}])}
    first, second = facts.history(model)
    assert (first["epoch"], second["epoch"], first["train_loss"]) == (1, 2, 0.12346)
    assert set(first) == set(card.EPOCHS)


@pytest.mark.parametrize("kept", [3, [], {}, {"epoch": [1]}, {"epoch": ["x"]}])
def test_a_card_may_keep_a_table_that_is_none(kept: object) -> None:
    assert card.history_of({"metrics": {"epochs": kept}}) == []


@pytest.mark.parametrize("content", ["", "epoch\n1\n", f"{TABLE}1,x,1,1,1,1\n", f"{TABLE}1\n"])
def test_a_table_of_epochs_that_is_none_is_one_line(run_folder: Path, content: str) -> None:
    Path("model.pth").write_bytes(b"one")
    Path("history.csv").write_text(content)
    if content:
        with pytest.raises(DigitsError, match=r"history\.csv: no table of epochs"):
            facts.history(stand_in(np.zeros((1, 10)), "model.pth"))
    else:
        assert facts.history(stand_in(np.zeros((1, 10)), "model.pth")) == []


@pytest.mark.parametrize("card, number", [
    ({}, None), ({"n": 3}, 3), ({"n": 2.5}, 2.5), ({"n": [7, 8]}, 7), ({"n": []}, None),
    ({"n": "x"}, None), ({"n": ["x"]}, None), ({"n": True}, None), ({"n": {"n": 1}}, None),
])  # fmt: skip
def test_a_card_may_say_anything_of_itself(card: dict[str, object], number: float | None) -> None:
    test = measured([1], [1])
    test.model.card["metrics"] = card
    assert facts.stated(test.model, "n") == number


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
    (["--explain", "--output", "report"], "digits[explain]"),
    (["--numbers", "--dataset", "own"], "--numbers needs test tiles of all ten digits"),
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
        Path("own", label).mkdir(parents=True)
        for i in range(6):
            page = np.pad(255 * (1 - ink), 10 + i, constant_values=255)
            Image.fromarray(page.astype(np.uint8)).save(Path("own", label, f"{i}.png"))
    Path("file").touch()
    monkeypatch.setitem(sys.modules, "captum", None)
    monkeypatch.setattr(parts, "measure", lambda *_: pytest.fail("it is measured"))
    model = str(SHIPPED["micro"].with_suffix(".pth"))
    known = [] if "--dataset" in flags else ["--dataset", "uci"]
    assert main(["evaluate", "--cpu", "--model", model, *known, *flags]) == 1
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
