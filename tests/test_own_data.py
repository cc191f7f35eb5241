"""One's own data: folders, CSV and .npz files, what is said of them, and how they are split."""

import base64
import json
import re
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from digits import checkpoint, classifier, data
from digits.__main__ import main
from digits.data import tile_store
from digits.data.look import Look
from digits.data.own import in_order
from digits.data.own_files import Item, folder_of, items_of
from digits.data.own_split import parts_of
from digits.data.split import Dataset, Split
from digits.errors import DigitsError
from tests.letters import LETTERS, fill, picture, table


def test_a_folder_is_split_by_class_and_the_same_each_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(tmp_path, count=10)
    dataset = data.load(str(tmp_path))
    assert dataset.classes == tuple(LETTERS) and dataset.shape == (1, 28, 28)
    parts = dataset.train, dataset.validation, dataset.test
    for part in parts:
        assert np.bincount(part.labels, minlength=5).min() >= 1
    sizes = [len(part) for part in parts]
    said = "50 pictures of 5 classes: train {}, validation {}, test {}".format(*sizes)
    assert sum(sizes) == 50 and said in capsys.readouterr().err
    for file in tmp_path.rglob("*.png"):  # the split is of what they show, not of their names
        file.rename(file.with_name(f"{hash(file.name) % 997}-{file.name}"))
    again = data.load(str(tmp_path))
    first, second = (
        {tile.tobytes() for tile in part.images.numpy()} for part in (dataset.test, again.test)
    )
    assert first == second
    assert {part for _, _, part in dataset.listing} == {"train", "validation", "test"}


@pytest.mark.parametrize("mapped", [False, True])
def test_the_sizes_of_pictures_are_said(
    mapped: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    rng = np.random.default_rng(0)
    for name, side in (("a", 40), ("a", 90), ("b", 64), ("b", 70), ("b", 300)):
        (tmp_path / "set" / name).mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 255, (side - 10, side), np.uint8)
        cv2.imwrite(str(tmp_path / "set" / name / f"{side}.png"), pixels)
    (tmp_path / "set/a/no.png").write_text("no picture")
    monkeypatch.setattr(tile_store, "IN_MEMORY", 0 if mapped else 1 << 20)
    for _ in range(2):
        data.load(str(tmp_path / "set"), tmp_path, look=Look("none"))
        said = "pixels: 40x30 the smallest, 70x60 the median, 300x290 the largest"
        assert said in capsys.readouterr().err


def test_what_is_drawn_is_framed_as_in_reading(tmp_path: Path) -> None:
    tiles = data.load(str(fill(tmp_path, count=4))).train.images.numpy()
    rows = np.arange(28)
    for tile in tiles[:, 0].astype(float):
        assert abs((tile.sum(axis=1) @ rows) / tile.sum() - 14) < 0.6
        assert (tile > 16).any(axis=1).sum() == 20 or (tile > 16).any(axis=0).sum() == 20


@pytest.mark.parametrize(
    "names", [("train", "val", "test"), ("Train", "Valid", "Test"), ("training", "val", "testing")]
)
def test_parts_of_its_own_are_kept(names: tuple[str, str, str], tmp_path: Path) -> None:
    for seed, (part, count) in enumerate(zip(names, (5, 2, 3), strict=True)):
        fill(tmp_path / part, "AB", count, seed)
    dataset = data.load(str(tmp_path))
    sizes = [len(part) for part in (dataset.train, dataset.validation, dataset.test)]
    assert sizes == [10, 4, 6]


def test_pictures_beside_the_folders_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(tmp_path, "AB", 6)
    (tmp_path / "A" / "0-0.png").rename(tmp_path / "lost.png")
    data.load(str(tmp_path))
    assert "1 pictures lie in no folder: lost.png" in capsys.readouterr().err


@pytest.mark.parametrize("label", ["a", "/", ".", "..", "50%", "%2F", "a/b", "\u00e9", ".x", "10"])
def test_every_class_has_a_folder_that_says_which(label: str, tmp_path: Path) -> None:
    fill(tmp_path / folder_of(label)).rename(tmp_path / "x")
    (tmp_path / "x/A").rename(tmp_path / folder_of(label))
    shutil.rmtree(tmp_path / "x")
    assert data.load(str(tmp_path)).classes == (label,)


def parts(keys: list[str], writers: list[str] | None = None) -> dict[str, set[str]]:
    """Which keys of one class are in which part."""
    by = writers or [""] * len(keys)
    items = [Item(key, key, "a", writer) for key, writer in zip(keys, by, strict=True)]
    found: dict[str, set[str]] = {"train": set(), "validation": set(), "test": set()}
    for key, part in zip(keys, parts_of(Path(), items, keys, 12), strict=True):
        found[part].add(key)
    return found


@pytest.mark.parametrize("by_writers", [False, True])
def test_adding_pictures_moves_none_from_training_to_the_test(by_writers: bool) -> None:
    for seed in range(100):
        keys = [f"{seed}-{i}" for i in range(60)]
        seen: set[str] = set()
        for count in (5, 6, 7, 10, 25, 60):
            now = parts(keys[:count], keys[:count] if by_writers else None)
            assert not now["test"] & seen and all(now.values())
            seen |= now["train"]


def test_a_fifth_is_held_out_and_of_three_one_for_each_part() -> None:
    whole = parts([str(i) for i in range(3000)])
    assert len(whole["test"]) == pytest.approx(600, abs=60)
    assert len(whole["validation"]) == pytest.approx(200, abs=40)
    for seed in range(100):
        assert all(parts([f"{seed}-{i}" for i in range(3)]).values())


def test_a_class_that_a_part_lacks_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(tmp_path, "AB", 6)
    fill(tmp_path, "C", 1)
    data.load(str(tmp_path))
    said = capsys.readouterr().err
    assert "no picture for validation of C" in said and "no picture for test of C" in said
    assert "no picture for train" not in said


def test_classes_are_in_the_order_that_people_expect() -> None:
    assert in_order(["10", "9", "none", "b", "a"]) == ("9", "10", "a", "b", "none")


def test_writers_are_held_out_whole(tmp_path: Path) -> None:
    fill(tmp_path, "AB", 12)
    files = [(letter, i) for letter in "AB" for i in range(12)]
    rows = [(f"{letter}/0-{i}.png", letter, f"w{i % 6}") for letter, i in files]
    dataset = data.load(table(tmp_path / "l.csv", [("path", "label", "writer"), *rows]))
    writer_of = {path: writer for path, _, writer in rows}
    parts: dict[str, set[str]] = {}
    for path, _, part in dataset.listing:
        parts.setdefault(part, set()).add(writer_of[path])
    assert all(parts[part] for part in ("train", "validation", "test"))
    assert not parts["validation"] & parts["test"]
    assert not parts["train"] & parts["test"] and not parts["train"] & parts["validation"]


def test_a_path_with_a_newline_in_quotes_is_one_row(tmp_path: Path) -> None:
    fill(tmp_path, "AB", 4)
    (tmp_path / "A/0-0.png").rename(tmp_path / "A/two\nlines.png")
    rows = [(str(f.relative_to(tmp_path)), f.parent.name) for f in tmp_path.rglob("*.png")]
    dataset = data.load(table(tmp_path / "l.csv", [("path", "label"), *rows]))
    assert "A/two\nlines.png" in {path for path, _, _ in dataset.listing}
    assert len(dataset.listing) == 8


def test_an_npz_file_with_colour(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (30, 20, 20, 3), np.uint8)
    np.savez(tmp_path / "a.npz", images=images, labels=np.arange(30) % 3)
    look = Look("none", 32, colour=True)
    dataset = data.load(str(tmp_path / "a.npz"), look=look)
    assert dataset.shape == (3, 32, 32) and dataset.classes == ("0", "1", "2")
    with pytest.raises(DigitsError, match="--size and --colour need --frame none"):
        Look("digit", 32)


def test_what_cannot_be_used_is_named_left_out_or_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(tmp_path, "AB", 5)
    (tmp_path / "A" / "notes.txt").write_text("no picture")
    (tmp_path / "A" / ".DS_Store").write_text("not looked at, nor the next")
    (tmp_path / "A" / "half.123.tmp").write_text("what `serve` is writing")
    (tmp_path / "A" / "cut.png").write_bytes((tmp_path / "A/0-0.png").read_bytes()[:60])
    cv2.imwrite(str(tmp_path / "B" / "blank.png"), np.full((40, 40), 255, np.uint8))
    (tmp_path / "B" / "copy.png").write_bytes((tmp_path / "B/0-0.png").read_bytes())
    (tmp_path / "B" / "torn.png").write_bytes((tmp_path / "A/0-1.png").read_bytes())
    dataset = data.load(str(tmp_path))
    assert sum(len(p) for p in (dataset.train, dataset.validation, dataset.test)) == 9
    said = capsys.readouterr().err
    for words in ("notes.txt: not a picture", "cut.png: ", "blank.png: nothing is drawn on it",
                  "3 pictures cannot be used", "the same as B/0-0.png",
                  "2 pictures are there with two labels"):  # fmt: skip
        assert words in said
    left_out = {name: why for name, _, why in dataset.listing if why.startswith("left out: ")}
    assert len(dataset.listing) == 15 and len(left_out) == 6
    assert left_out["B/copy.png"] == "left out: B/copy.png: the same as B/0-0.png"
    with pytest.raises(DigitsError, match="3 pictures cannot be used, the first"):
        data.load(str(tmp_path), look=Look(strict=True))


def test_a_class_without_a_picture_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for label in ("a", "b", "c"):
        (tmp_path / "set" / label).mkdir(parents=True)
    for k, label in enumerate("aaabbb"):
        cv2.imwrite(str(tmp_path / "set" / label / f"{k}.png"), np.full((28, 28), k, np.uint8))
    assert len(list(items_of(tmp_path / "set"))) == 6
    assert capsys.readouterr().err == f"warning: {tmp_path / 'set' / 'c'}: no pictures in it\n"


def test_a_picture_in_two_parts_is_refused(tmp_path: Path) -> None:
    fill(tmp_path / "train", "AB", 4)
    fill(tmp_path / "test", "AB", 2, seed=1)
    (tmp_path / "test/A/again.png").write_bytes((tmp_path / "train/A/0-0.png").read_bytes())
    with pytest.raises(DigitsError, match="are the same picture in two parts"):
        data.load(str(tmp_path))


def small(classes: tuple[str, ...], count: int, shape: tuple[int, ...] = (1, 28, 28)) -> Dataset:
    import torch

    def part() -> Split:
        labels = torch.arange(count) % len(classes)
        return Split(torch.zeros(count, *shape, dtype=torch.uint8), labels)

    return Dataset("+".join(classes), part(), part(), part(), classes)


def test_mixtures_have_all_classes_and_their_weights() -> None:
    from digits.data.datasets import mixed

    dataset = mixed([small(("0", "1"), 10), small(("1", "none", "a"), 6)], [0.5, 3])
    assert dataset.classes == ("0", "1", "a", "none")
    counts = np.bincount(dataset.train.labels, minlength=4)
    assert counts[:2].sum() == 5 + 6 and counts[2:].tolist() == [6, 6] and len(dataset.test) == 16
    with pytest.raises(DigitsError, match="tiles of 3x28x28, and the model takes 1x28x28"):
        mixed([small(("0",), 2), small(("0",), 2, (3, 28, 28))], [1, 1])


@pytest.mark.parametrize("weights", ["1", "1,2,3", "a,b", "0,1", "-1,1", "1,inf"])
def test_weights_that_do_not_fit_are_one_line(weights: str) -> None:
    with pytest.raises(DigitsError, match="not 2 numbers above 0"):
        data.load("uci,uci", weights=weights)
    with pytest.raises(DigitsError, match="--weights are for several sets"):
        data.load("uci", weights="1")


def test_labels_become_places_in_the_models_classes() -> None:
    dataset = small(("3", "7"), 4).known_to(tuple("0123456789"), (1, 28, 28))
    assert dataset.test.labels.tolist() == [3, 7, 3, 7]
    with pytest.raises(DigitsError, match=r"classes that the model does not know \(a\)"):
        small(("3", "a"), 4).known_to(tuple("0123456789"), (1, 28, 28))


@pytest.mark.slow
def test_a_folder_of_letters_goes_through_all_commands(
    run_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fill(run_folder / "letters", count=40)
    flags = ["--dataset", "letters/", "--epochs", "12", "--batch_size", "16"]
    assert main(["train", "--arch", "cnn3", *flags, "--cpu"]) == 0
    (run,) = run_folder.glob("runs/*")
    assert len((run / "splits.csv").read_text().splitlines()) == 201
    accuracy = json.loads((run / "metrics.json").read_text())["test"]["accuracy"]
    assert accuracy > 0.9
    content = checkpoint.load("models/best_model.pth")
    assert content["classes"] == list(LETTERS)
    capfd.readouterr()
    model = ["--model", "models/best_model.pth"]
    assert main(["evaluate", *model, "--output", "report", "--cpu"]) == 0
    assert f"accuracy   {accuracy:.2%}" in capfd.readouterr().out
    assert main(["evaluate", *model, "--dataset", "uci", "--cpu"]) == 1
    assert "does not know" in capfd.readouterr().err
    output = ["--output", "models/l.onnx", "--quantize", "--max_drop", "5"]
    assert main(["optimize", *model, *output]) == 0
    assert classifier.load("models/l.onnx").classes == tuple(LETTERS)
    capfd.readouterr()
    cv2.imwrite("b.png", picture("B", np.random.default_rng(9)))
    assert main(["predict", "--image", "b.png", "--model", "models/l.onnx"]) == 0
    assert capfd.readouterr().out.startswith("b.png: B")
    argv = ["predict", "--image", "b.png", "--model", "models/l.onnx", "--expect"]
    assert main([*argv, "/[B-D]/"]) == 0
    assert capfd.readouterr().out.startswith("b.png: B")
    assert main([*argv, "zip"]) == 1
    assert "knows none that fits; it knows A, B, C, D, E" in capfd.readouterr().err


@pytest.mark.slow
def test_coloured_tiles_of_another_size_train_and_are_measured(
    run_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    for name, hue in (("red", 2), ("green", 1)):
        (run_folder / "hues" / name).mkdir(parents=True)
        for i in range(20):
            image = rng.integers(0, 60, (24, 24, 3), np.uint8)
            image[..., hue] += 150
            cv2.imwrite(f"hues/{name}/{i}.png", image)
    flags = "--dataset hues --frame none --size 32 --colour --epochs 10 --batch_size 8 --cpu"
    assert main(["train", "--arch", "micro", *flags.split()]) == 0
    model = classifier.load("models/best_model.pth")
    assert model.shape == (3, 32, 32)
    (run,) = run_folder.glob("runs/*")
    assert json.loads((run / "metrics.json").read_text())["test"]["accuracy"] == 1
    model = ["--model", "models/best_model.pth"]
    assert main(["evaluate", *model, "--output", "report", "--cpu"]) == 0
    cards = re.findall(r"data:image/png;base64,([^\"]+)", Path("report/report.html").read_text())
    pixels = [cv2.imdecode(np.frombuffer(base64.b64decode(c), np.uint8), 1) for c in cards]
    assert {int(tile.mean((0, 1)).argmax()) for tile in pixels} == {1, 2}  # green and red, BGR
    assert main(["evaluate", *model, "--robustness", "--cpu"]) == 1
    assert "28x28" in capfd.readouterr().err
    argv = ["optimize", *model, "--output", "hues.onnx", "--quantize", "--max_drop", "30"]
    assert main(argv) == 0 and classifier.load("hues.onnx").shape == (3, 32, 32)
    assert main(["optimize", *model, "--output", "hues.c", "--quantize"]) == 1
    capfd.readouterr()
    assert main(["predict", "--image", "hues/red/0.png", "--model", "hues.onnx"]) == 0
    assert capfd.readouterr().out.startswith("hues/red/0.png: red")
