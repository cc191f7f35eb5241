"""Models whose classes are no digits, or that see whole pictures, and what `--expect` allows."""

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from digits.__main__ import main
from digits.api import Reader
from digits.classifier import Classifier
from digits.errors import DigitsError
from digits.tile import as_tile, frame

HUES = ("red", "green", "blue")


def of_letters(*logits: float, classes: str = "abc") -> Classifier:
    """A model that gives every tile the same logits."""
    row = np.array([logits], np.float32)
    return Classifier(lambda tiles: row.repeat(len(tiles), 0), Path("m.onnx"), tuple(classes))


def of_hues(side: int = 32) -> Classifier:
    """A model of whole pictures that names the brightest channel."""
    return Classifier(
        lambda tiles: tiles.mean(axis=(2, 3)) / 10, Path("hues.onnx"), HUES, shape=(3, side, side)
    )


def letter() -> np.ndarray:
    paper = np.full((80, 80), 255, np.uint8)
    cv2.putText(paper, "b", (22, 58), cv2.FONT_HERSHEY_SIMPLEX, 2, 0, 5, cv2.LINE_AA)
    return paper


@pytest.mark.parametrize("expect, text", [
    ("auto", "a"), ("digit", "a"), ("letter", "a"), ("letters", "a"), ("/[bc]/", "b"),
    ("/./", "a"), ("/[^a]/", "b"), ("/c/", "c"), ("/a?[b-z]/", "b"),
])  # fmt: skip
def test_the_likeliest_class_that_fits_is_the_answer(expect: str, text: str) -> None:
    answer = Reader(of_letters(3, 2, 1.5), expect).read(letter())
    assert answer.text == text and answer.rows[0].digits[0].label == text


def test_the_probability_is_the_share_among_those_that_fit() -> None:
    shares = np.exp([3, 2, 1.5])
    answer = Reader(of_letters(3, 2, 1.5), "/[bc]/").read(letter())
    assert answer.probability == pytest.approx(shares[1] / shares[1:].sum())
    assert [label for label, _ in answer.rows[0].digits[0].ranking] == ["b", "c"]
    assert answer.status == "unsure", "its ink fits no better because it is expected"
    unlikely = Reader(of_letters(9, 0, 0), "/b/").read(letter())
    assert unlikely.status == "no_digit"


@pytest.mark.parametrize("expect", ["/d/", "zip", "/ab/", "/[0-9]/", "number"])
def test_a_format_that_fits_no_class_is_refused(expect: str) -> None:
    with pytest.raises(DigitsError, match=r"knows none that fits; it knows a, b, c"):
        Reader(of_letters(3, 2, 1), expect)


def test_lists_and_names_of_several_characters(tmp_path: Path) -> None:
    (tmp_path / "l.txt").write_text("green\nyellow\n")
    red = np.full((50, 40, 3), (100, 90, 20), np.uint8)
    assert Reader(of_hues(), f"@{tmp_path / 'l.txt'}").read(red).text == "green"
    assert Reader(of_hues(), "/gr..n|blue/").read(red).text == "green"
    with pytest.raises(DigitsError, match="letter: the model reads no letters"):
        Reader("reader", "letter")


@pytest.mark.parametrize("side", [32, 28])
def test_a_whole_picture_in_colour_is_one_row(side: int) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 60, (90, 60, 3), np.uint8)
    pixels[..., 2] += 150
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    for source in (pixels, file.getvalue(), Image.fromarray(pixels)):
        answer = Reader(of_hues(side)).read(source)
        (row,) = answer.rows
        assert answer.text == row.text == "blue" and answer.status == "read"
        assert row.box == (0, 0, 60, 90) and answer.seen_as == "whole"
        assert row.digits[0].tile.shape == (side, side, 3)


def test_a_grey_whole_picture_is_seen_as_in_training(tmp_path: Path) -> None:
    from digits.data.look import Look
    from digits.data.pictures import tile_of

    seen: list[np.ndarray] = []

    def forward(tiles: np.ndarray) -> np.ndarray:
        seen.append(tiles)
        return np.eye(2, dtype=np.float32)[[0] * len(tiles)]

    card = {"config": {"frame": "none"}}
    model = Classifier(forward, Path("m.onnx"), ("cat", "dog"), card=card)
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), letter())
    assert Reader(model).read(path).seen_as == "whole"
    assert (seen[0][0] == tile_of(path, Look("none"))[0]).all()


def test_many_pictures_at_once_are_resized_too() -> None:
    from digits.pictures.load import from_array
    from digits.reading.reader import Reader as Inner

    tile = frame(255 - letter())
    assert as_tile(tile) is not None
    reader = Inner.expecting(of_hues())
    assert reader.read_tiles([from_array(tile)] * 2) == [None, None]
    assert reader.read(from_array(letter())).rows


def test_what_a_label_rests_on_is_drawn_for_any_tile() -> None:
    from digits.web.worker import rests_on

    tile = np.zeros((64, 64, 3), np.uint8)
    tile[40:, 40:, 0] = 255
    heat = rests_on(of_hues(64), tile, "red")
    assert heat.shape == (64, 64, 3) and heat[50, 50, 0] > heat[5, 5, 0]


@pytest.mark.slow
def test_a_whole_model_goes_through_predict_with_its_drawings(run_folder: Path) -> None:
    for name, value in (("dark", 40), ("light", 200)):
        Path("set", name).mkdir(parents=True)
        for i in range(12):
            rng = np.random.default_rng(i)
            cv2.imwrite(f"set/{name}/{i}.png", rng.integers(0, 40, (30, 30), np.uint8) + value)
    flags = "--dataset set --frame none --size 20 --epochs 4 --batch_size 4 --cpu"
    assert main(["train", "--arch", "micro", *flags.split()]) == 0
    argv = ["predict", "--image", "set/dark/0.png", "--model", "models/best_model.onnx"]
    assert main([*argv, "--explain", "why.png", "--save_tiles", "tiles", "--json"]) == 0
    (tile,) = Path("tiles").rglob("*.png")
    assert cv2.imread(str(tile), 0).shape == (20, 20)
    assert main([*argv, "--output", "answers.csv"]) == 0
    assert Path("answers.csv").read_text().splitlines()[1].startswith("set/dark/0.png")
