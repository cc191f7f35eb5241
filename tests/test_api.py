"""The Python interface: its surface, its examples, what it takes and refuses, threads."""

import doctest
import inspect
import multiprocessing
import os
import pickle
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

import digits
import digits.api.reading
import digits.api.training
from digits.classifier import Classifier
from digits.reading.answer import Answer

ROOT = Path(__file__).parents[1]
NUMBER = ROOT / "test_images" / "number.png"

MODEL = "model: 'str | Path | Classifier' = 'reader', expect: str = 'auto'"
SURFACE = {  # what programs rely on: a change here is one that CHANGELOG.md tells
    "Answer": "",
    "Classifier": "",
    "DigitsError": "",
    "Reader": f"({MODEL}, seconds: float | None = None) -> None",
    "Report": (
        "(accuracy: float, metrics: dict[str, typing.Any], history: list[dict[str, float]], "
        "model: pathlib.Path, run: pathlib.Path, test: 'Measurement | None') -> None"
    ),
    "load": "(model: str | pathlib.Path | None = 'reader', device: Any = 'cpu') -> 'Classifier'",
    "read": f"(source: 'Source', {MODEL}) -> 'Answer'",
    "train": (
        "(arch: str | None = None, dataset: str = 'auto', epochs: int | None = None, *, "
        "save_dir: str | pathlib.Path | None = None, data_dir: str | pathlib.Path | None = None, "
        "device: str | None = None, force: bool = False, **settings: Any) "
        "-> 'tuple[Classifier, Report]'"
    ),
}
MEMBERS = {
    digits.Reader: {"pages", "read", "read_many"},
    digits.Report: {"onnx"},
    Classifier: {"card", "classes", "labels", "name", "path", "predict_proba", "takes", "shape",
                 "temperature", "thresholds", "trained_on"},
    Answer: {"as_json", "error", "expect", "image", "model", "page", "pages", "places",
             "probability", "rows", "seconds", "seen_as", "status", "text", "trained_on",
             "warnings", "why"},
}  # fmt: skip
NOT_FOR_PROGRAMS = {"forward"}
PROCESSES = """
import multiprocessing, digits
number = {number!r}
if __name__ == "__main__":
    reader = digits.Reader(expect="number")
    print(reader.read(number).text)
    with multiprocessing.get_context({start!r}).Pool(2) as pool:
        for answer in pool.map(reader.read, [number] * 6):
            print(answer.text)
    if {start!r} == "fork":
        def inherited(_):
            return reader.read(number).text
        with multiprocessing.get_context("fork").Pool(2) as pool:
            print(*pool.map(inherited, range(2)))
    else:
        print("40917 40917")
"""


def test_the_surface_is_what_it_was() -> None:
    assert set(digits.__all__) == {*SURFACE, "__version__"}
    for name, signature in SURFACE.items():
        if signature:
            assert str(inspect.signature(getattr(digits, name))) == signature, name


@pytest.mark.parametrize("kind", MEMBERS, ids=lambda kind: kind.__name__)
def test_so_are_the_members(kind: type) -> None:
    fields = set(getattr(kind, "__dataclass_fields__", {}))
    members = {name for name in vars(kind) if not name.startswith("_")}
    if kind is not digits.Report:  # whose fields are its arguments, above
        members |= fields
    assert members - NOT_FOR_PROGRAMS == MEMBERS[kind]


@pytest.mark.parametrize(
    "module",
    [
        digits,
        digits.api.reading,
        digits.classifier,
        digits.reading.answer,
        pytest.param(digits.api.training, marks=pytest.mark.slow),
    ],
)
def test_the_examples_in_docstrings(
    module: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    result = doctest.testmod(module, extraglobs={"folder": tmp_path})
    assert result.attempted and not result.failed


def test_importing_it_loads_nothing_heavy() -> None:
    heavy = ("torch", "cv2", "numpy", "PIL")
    code = f"import digits, sys; print([m for m in {heavy} if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


@pytest.mark.slow
def test_every_kind_of_picture_gives_the_same_answer() -> None:
    reader = digits.Reader(expect="number")
    with Image.open(NUMBER) as image:
        grey = np.asarray(image.convert("L"))
        rgb = np.stack([grey] * 3, axis=-1)
        sources = [NUMBER, str(NUMBER), NUMBER.read_bytes(), image, grey, rgb, grey / 255.0]
        answers = list(reader.read_many(sources))
    assert {(answer.text, answer.model) for answer in answers} == {("40917", "reader")}


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((3, 20, 20), np.uint8),
        np.zeros((20, 20), np.int64),
        np.full((20, 20), 200.0),
        np.full((20, 20), np.nan),
        np.zeros((0, 5), np.uint8),
        np.zeros(5, np.uint8),
        np.zeros((20, 20, 4), np.uint8),
        np.eye(20, dtype=np.uint8),
    ],
    ids=[
        "channels first",
        "integers",
        "to 255",
        "nan",
        "empty",
        "a line",
        "transparent",
        "0 and 1",
    ],
)
def test_what_is_ambiguous_is_an_error_that_says_what_to_give(array: np.ndarray) -> None:
    with pytest.raises(digits.DigitsError, match="give"):
        digits.read(array)


def test_what_is_no_picture_or_no_model_is_said() -> None:
    assert digits.Reader().read(b"no picture").status == "error"
    assert "nowhere.png" in digits.Reader().read("nowhere.png").error
    with pytest.raises(digits.DigitsError, match="no such model"):
        digits.Reader("nothing")
    with pytest.raises(digits.DigitsError, match="--expect"):
        digits.Reader(expect="nothing")
    with pytest.raises(digits.DigitsError, match="seconds=nan: give more than 0"):
        digits.Reader(seconds=float("nan"))


@pytest.mark.slow
def test_threads_share_a_reader() -> None:
    reader = digits.Reader(expect="number")
    with ThreadPoolExecutor(4) as pool:
        texts = list(pool.map(lambda _: reader.read(NUMBER).text, range(16)))
    assert texts == ["40917"] * 16


def test_threads_share_a_classifier() -> None:
    classifier = digits.load("tiny")
    tiles = np.random.default_rng(0).integers(0, 256, (64, 1, 28, 28), np.uint8)
    alone = classifier(tiles)
    with ThreadPoolExecutor(4) as pool:
        for logits in pool.map(classifier, [tiles] * 16):
            np.testing.assert_array_equal(logits, alone)


@pytest.mark.parametrize("array", [
    np.zeros((2, 1, 28, 28)),
    np.zeros((28, 28), np.uint8),
    np.zeros((2, 1, 20, 20), np.uint8),
    np.zeros((2, 28, 28), np.uint8),
    [[1, 2], [3, 4]],
], ids=["floats", "one", "small", "no channel", "a list"])  # fmt: skip
def test_what_are_no_tiles_is_an_error_that_says_what_to_give(array: Any) -> None:
    with pytest.raises(digits.DigitsError, match=r"give tiles as uint8 \(N, 1, 28, 28\)"):
        digits.load("tiny")(array)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["reader", digits.load("reader")], ids=["name", "loaded"])
def test_a_reader_is_pickled(model: Any) -> None:
    reader = digits.Reader(model, expect="/[0-9]{5}/", seconds=60)
    again = pickle.loads(pickle.dumps(reader))
    assert again._reader.seconds == 60
    answer = again.read(NUMBER)
    assert (answer.text, answer.model) == ("40917", "reader")
    assert again.read(ROOT / "test_images" / "two_rows.png").text != "2026\n1147"


@pytest.mark.slow
@pytest.mark.parametrize("start", ["spawn", "fork"])
def test_processes_share_a_reader(start: str) -> None:
    """By handing it over, in a process that has read before: its threads are not copied. A fork
    that hangs is a failure, not a wait."""
    if start not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {start} here")
    code = PROCESSES.format(start=start, number=str(NUMBER))
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )  # fmt: skip
    assert shown.stdout.split() == ["40917"] * 9, shown.stderr


def test_a_loaded_classifier_reads() -> None:
    assert digits.read(NUMBER, digits.load("reader"), expect="number").text == "40917"


def test_all_pages_are_read_and_seen() -> None:
    seen: list[str] = []
    pages = digits.Reader().pages(NUMBER, lambda picture, answer: seen.append(answer.text))
    assert [page.text for page in pages] == seen == ["40917"]
    with Image.open(NUMBER) as image:
        digits.Reader().pages(image, lambda picture, answer: seen.append(answer.text))
    assert seen == ["40917"] * 2


@pytest.mark.parametrize("count", [1, 3])
def test_of_a_file_the_first_page_alone_is_read(tmp_path: Path, count: int) -> None:
    with Image.open(NUMBER) as image:
        page = image.convert("L")
    file = tmp_path / "a.tif"
    page.save(file, save_all=True, append_images=[page] * (count - 1))
    for source in (file, file.read_bytes()):
        answer = digits.read(source)
        assert (answer.text, answer.pages) == ("40917", 1)
        assert ("only the first page of the file was read" in answer.warnings) == (count > 1)


def test_what_fits_no_format_is_said_of_arrays_too() -> None:
    paper = np.full((60, 60), 255, np.uint8)
    assert "nothing in it fits what --expect asks for" in digits.read(paper, expect="zip").warnings


SMALL = {"arch": "micro", "dataset": "uci", "epochs": 1, "device": "cpu"}


@pytest.mark.parametrize(("wrong", "says"), [
    ({"epoch": 3}, "no setting 'epoch'; did you mean epochs?"),
    ({"arch": "cnn33"}, "did you mean cnn3?"),
    ({"epochs": 0}, "epochs is below 1"),
    ({"epochs": 2.5}, "epochs is no int"),
    ({"learning_rate": "fast"}, "learning_rate is no float"),
    ({"augment": "much"}, "augment is none of"),
    ({"learning_rate": -1}, "learning_rate is not above 0"),
    ({"learning_rate": float("nan")}, "learning_rate is nan, no finite number"),
    ({"label_smoothing": 2}, "label_smoothing is above 0.999"),
    ({"strokes": -0.5}, "strokes is below 0"),
    ({"weight_decay": -1}, "weight_decay is below 0"),
    ({"max_error": -1}, "max_error is below 0"),
    ({"frame": "none", "size": 30}, "--size 30 is not one of 16, 20, ... 128"),
    ({"frame": "none", "size": 200}, "--size 200 is not one of 16, 20, ... 128"),
    ({"freeze": 2}, "--freeze is of the layers of --init"),
    ({"arch": None, "init": "cnn3", "epochs": 0}, "epochs is below 1"),
    ({"dataset": "nothing"}, "no such folder or data set 'nothing'"),
])  # fmt: skip
def test_a_wrong_setting_is_said_before_anything_is_made(
    wrong: dict[str, object], says: str, tmp_path: Path
) -> None:
    with pytest.raises(digits.DigitsError, match=re.escape(says)):
        digits.train(**{**SMALL, **wrong}, save_dir=tmp_path / "here")  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_the_architecture_is_that_of_the_model_to_start_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from digits.training import ensemble

    def stop(config: Any, *_: object) -> None:
        raise digits.DigitsError(f"arch {config.arch}")

    monkeypatch.setattr(ensemble, "train", stop)
    for init, arch in ({"init": "micro"}, "micro"), ({}, "improved"):
        with pytest.raises(digits.DigitsError, match=f"arch {arch}"):
            digits.train(dataset="uci", device="cpu", save_dir=tmp_path, **init)


@pytest.mark.slow
def test_a_training_in_a_thread_leaves_signals_to_others(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        _, report = pool.submit(digits.train, **SMALL, save_dir=tmp_path).result()
    assert report.run.parent == tmp_path / "runs" and len(report.history) == 1


def test_ctrl_c_in_a_training_is_what_python_programs_expect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from digits.training import loop

    class Stopped(loop.StopRequest):
        def __enter__(self) -> "Stopped":
            self.signal, self._previous = signal.SIGINT, {}
            return self

    monkeypatch.setattr(loop, "StopRequest", Stopped)
    with pytest.raises(KeyboardInterrupt):
        digits.train(**SMALL, save_dir=tmp_path)
    assert list(tmp_path.glob("runs/*/state-*.pth"))
