"""Whose pictures a model learned from is said wherever it answers; the small scans are few."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import ImageDraw

from digits import Reader, classifier
from digits.__main__ import main
from digits.spec import SEEN_LITTLE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One with a picture of a 0."""
    zero = np.full((100, 90), 255, np.uint8)
    cv2.ellipse(zero, (45, 50), (20, 35), 0, 0, 360, 0, 5, cv2.LINE_AA)
    cv2.imwrite(str(tmp_path / "a_zero.png"), zero)
    return tmp_path


@pytest.fixture
def small(run_folder: Path) -> str:
    """A model that says that it learned from the small scans."""
    import onnx

    proto = onnx.load(classifier.shipped()["micro"])
    for entry in proto.metadata_props:
        entry.value = entry.value.replace('"dataset": "mnist"', '"dataset": "uci"')
    onnx.save(proto, "small.onnx")
    return "small.onnx"


def test_answers_say_what_their_model_learned_from(
    small: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    zero, drawn = str(folder / "a_zero.png"), []

    def text(self: object, at: object, words: str, *_: object, **__: object) -> None:
        drawn.append(words)

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", text)
    for model, learned_from in ((small, "uci"), ("micro", "mnist")):
        drawn.clear()
        flags = ["--image", zero, "--model", model, "--explain", f"of_{learned_from}.png", "--json"]
        assert main(["predict", *flags]) == 0
        said = json.loads(capsys.readouterr().out)
        warned = learned_from == "uci"
        assert said["trained_on"] == learned_from and (SEEN_LITTLE in said["warnings"]) == warned
        assert f"model {model}, trained on {learned_from}" in drawn
        assert (SEEN_LITTLE in drawn) == warned
        in_memory = Reader(model).read(Path(zero).read_bytes())
        assert (in_memory.trained_on, SEEN_LITTLE in in_memory.warnings) == (learned_from, warned)
        assert Reader(model).read("nowhere.png").trained_on == learned_from


@pytest.mark.slow
def test_evaluate_says_it_too(
    small: str, tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "own" / "0").mkdir(parents=True)
    shutil.copy(folder / "a_zero.png", tmp_path / "own" / "0")
    flags = ["--model", small, "--folder", str(tmp_path / "own"), "--dataset", "uci"]
    assert main(["evaluate", *flags]) == 0
    assert f"model: small.onnx (trained on uci)\nwarning: {SEEN_LITTLE}" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("output", [[], ["--output", "a.csv"]])
def test_a_model_of_the_small_scans_says_so(
    output: list[str], folder: Path, small: str, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["predict", "--image", str(folder / "a_zero.png"), *output]
    for model, warned in (("small.onnx", True), ("micro", False)):
        Path("a.csv").unlink(missing_ok=True)
        assert main([*flags, "--model", model]) == 0
        error = capsys.readouterr().err
        assert error.count("1,797 small scans") == warned
        assert f"model: {model} (trained on {'uci' if warned else 'mnist'})" in error
