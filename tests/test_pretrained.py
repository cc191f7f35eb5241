"""Every shipped model loads, and keeps the accuracy that it says it has."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from digits import classifier, data, metrics
from digits.__main__ import main
from digits.data import Dataset
from digits.errors import DigitsError
from digits.spec import pretrained_dir
from tests.conftest import MNIST_FOLDER

IMAGES = Path(__file__).parents[1] / "test_images"
FILES = [
    path.with_suffix(suffix)
    for path in classifier.shipped().values()
    for suffix in (".pth", ".onnx")
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_shipped_models_load_and_have_a_card(path: Path) -> None:
    model = classifier.load(path)
    logits = model(np.zeros((2, 1, 28, 28), np.uint8))
    assert logits.shape == (2, len(model.classes)) and np.isfinite(logits).all()
    accuracy = model.card["metrics"]["test"]["accuracy"]
    assert f"{accuracy:.2%}" in path.with_suffix(".md").read_text("utf-8")


@pytest.fixture(scope="module")
def letters() -> Dataset:
    try:
        return data.load("unipen-letters", MNIST_FOLDER)
    except DigitsError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_shipped_models_keep_their_accuracy(path: Path, request: pytest.FixtureRequest) -> None:
    model = classifier.load(path)
    of_set = {"mnist": "mnist", "unipen-letters": "letters"}[model.card["config"]["dataset"]]
    test = request.getfixturevalue(of_set).test
    accuracy = metrics.accuracy(model(test.images.numpy()), test.labels.numpy())
    assert accuracy == pytest.approx(model.card["metrics"]["test"]["accuracy"], abs=2e-4)


def test_the_default_is_shipped_and_all_are_small() -> None:
    assert classifier.DEFAULT_SHIPPED in classifier.shipped()
    assert sum(path.stat().st_size for path in pretrained_dir().iterdir()) < 40e6


def test_the_test_images_are_read_as_expected(capsys: pytest.CaptureFixture) -> None:
    with (IMAGES / "expected.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = [str(IMAGES / row["image"]) for row in rows]
    assert (
        main(["predict", "--model", classifier.DEFAULT_SHIPPED, "--json", "--image", *names]) == 0
    )
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(answers) == len(rows) >= 16
    for row, answer in zip(rows, answers, strict=True):
        assert (answer["text"], answer["status"]) == (row["text"], row["status"]), row["image"]


@pytest.mark.parametrize(
    "command",
    ["train --dataset uci --init tiny", "train --dataset uci --arch tiny --teacher tiny",
     "optimize --model tiny"],
)  # fmt: skip
def test_a_checkpoint_that_the_package_leaves_out_is_one_line(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    left = tmp_path / "tiny.onnx"
    left.write_bytes(classifier.shipped()["tiny"].read_bytes())
    monkeypatch.setattr(classifier, "pretrained_dir", lambda: left.parent)
    monkeypatch.chdir(tmp_path)
    assert main(command.split()) == 1
    *_, said = capsys.readouterr().err.splitlines()
    assert "tiny: of this model the package has the ONNX file alone" in said
    assert "models/pretrained/tiny.pth of a clone" in said


def test_the_letters_read_a_letter(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    paper = np.full((120, 120), 255, np.uint8)
    cv2.putText(paper, "K", (30, 80), cv2.FONT_HERSHEY_SIMPLEX, 2.0, 0, 5, cv2.LINE_AA)
    name = str(tmp_path / "a.png")
    cv2.imwrite(name, paper)
    assert main(["predict", "--model", "letters", "--image", name]) == 0
    assert capsys.readouterr().out == f"{name}: k\n"
