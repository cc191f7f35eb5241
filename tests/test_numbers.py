"""Numbers of several digits: what is drawn, how it is put together, read and scored."""

import gzip
import itertools
from pathlib import Path

import numpy as np
import pytest
import torch

from digits.classifier import Classifier
from digits.data import Dataset, Split
from digits.errors import DigitsError
from digits.evaluation import measure, numbers
from digits.evaluation.numbers import compose, readings, score, tasks, writers_of
from digits.spec import CLASSES, NONE

TASKS = tasks()
RNG = np.random.default_rng(0)
CARD = {"arch": "tiny", "metrics": {}, "config": {}, "versions": {}}


@pytest.mark.parametrize("name", TASKS)
def test_what_is_drawn_is_valid_and_of_its_length(name: str) -> None:
    drawn = TASKS[name].draw(3000, np.random.default_rng(1))
    lengths = {"ZIP codes": {5}, "amounts": {3, 4, 5, 6, 7}, "times": {3, 4}}
    assert all(map(TASKS[name].valid, drawn)) and {len(text) for text in drawn} == lengths[name]
    assert drawn == TASKS[name].draw(3000, np.random.default_rng(1))
    assert drawn != TASKS[name].draw(3000, np.random.default_rng(2))


@pytest.mark.parametrize("name, good, bad", [
    ("ZIP codes", ["00601", "10001", "97330"], ["00000", "99999", "11111"]),
    ("amounts", ["050", "123", "1200", "9999999"], ["0123", "0000000"]),
    ("times", ["000", "959", "2359", "0930"], ["960", "2400", "1260", "9999"]),
])  # fmt: skip
def test_validity_is_that_of_the_benchmark(name: str, good: list[str], bad: list[str]) -> None:
    assert all(map(TASKS[name].valid, good)) and not any(map(TASKS[name].valid, bad))


def test_amounts_follow_benfords_law() -> None:
    first = [int(text[0]) for text in TASKS["amounts"].draw(20_000, np.random.default_rng(3))]
    shares = np.bincount(first, minlength=10)[1:] / len(first)
    assert np.abs(shares - np.log10(1 + 1 / np.arange(1, 10))).max() < 0.01


def test_readings_come_in_the_order_of_all_of_them() -> None:
    logs = np.log(RNG.dirichlet(np.ones(10), 3))
    every = {
        "".join(map(str, digits)): sum(logs[i, d] for i, d in enumerate(digits))
        for digits in itertools.product(range(10), repeat=3)
    }
    found = list(readings(logs))
    assert found == sorted(every, key=lambda text: -every[text])


def test_a_valid_reading_is_the_likeliest_of_all_valid_ones() -> None:
    valid = TASKS["times"].valid
    for logs in np.log(RNG.dirichlet(np.ones(10), (20, 4))):
        texts = [f"{hour:02}{minute:02}" for hour in range(24) for minute in range(60)]
        best = max(texts, key=lambda text: sum(logs[i, int(c)] for i, c in enumerate(text)))
        assert next(filter(valid, readings(logs))) == best


def test_digits_of_a_number_are_of_one_writer_who_wrote_them_all() -> None:
    labels = np.tile(np.arange(10), 6)
    writers = np.repeat([3, 5, 8], 20)
    labels[(writers == 5) & (labels == 7)] = 1  # the second writes no 7
    placed = compose(["777", "1203", "98"] * 40, labels, writers, np.random.default_rng(0))
    for number, places in zip(["777", "1203", "98"] * 40, placed, strict=True):
        assert "".join(map(str, labels[places])) == number and len(set(writers[places])) == 1
    assert 5 not in {int(writers[places[0]]) for places in placed[::3]}
    assert 5 in {int(writers[places[0]]) for places in placed[1::3]}
    with pytest.raises(DigitsError, match="nobody wrote every digit of 17"):
        compose(["17"], np.array([1, 7]), np.array([0, 1]), np.random.default_rng(0))


def test_scores_of_a_case_worked_out_by_hand() -> None:
    true, read = ["930", "2359", "1200", "100"], ["930", "2959", "1205", "109"]
    found = score(TASKS["times"], true, read)
    assert (found["strict_error"], found["invalid"]) == (3 / 4, 1 / 4)
    assert (found["total_off"], found["most_off"], found["mean_off"]) == (14, 9, 14 / 3)
    found = score(TASKS["times"], ["930"], ["9999"])
    assert (found["invalid"], found["mean_off"], found["most_off"]) == (1, 0, 0)
    found = score(TASKS["amounts"], ["4711", "100"], ["1711", "100"])
    assert (found["total_off"], found["mean_off"], found["unit"]) == (30, -15, "dollars")
    found = score(TASKS["ZIP codes"], ["00601", "97330"], ["00000", "97331"])
    assert (found["strict_error"], found["invalid"]) == (1, 1 / 2) and "unit" not in found


def write_table(folder: Path, labels: np.ndarray, writers: np.ndarray) -> None:
    table = np.zeros((len(labels), 8), ">i4")
    table[:, 0], table[:, 2] = labels, writers
    head = bytes([0, 0, 12, 2]) + np.array(table.shape, ">i4").tobytes()
    path = folder / numbers.WRITERS
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.compress(head + table.tobytes()))


def test_writers_are_those_of_qmnists_table(tmp_path: Path) -> None:
    labels, writers = RNG.integers(0, 10, 50), RNG.integers(0, 9, 50)
    assert writers_of(tmp_path, labels) is None
    write_table(tmp_path, labels, writers)
    found = writers_of(tmp_path, labels[:40])
    assert found is not None and (found == writers[:40]).all()
    assert writers_of(tmp_path, (labels + 1) % 10) is None  # of other digits
    (tmp_path / numbers.WRITERS).write_bytes(b"no table")
    with pytest.raises(DigitsError, match="damaged"):
        writers_of(tmp_path, labels)


def test_a_model_is_scored_plainly_and_by_validity(tmp_path: Path) -> None:
    """It takes each 9 for a 6 as well as a 9, and a digit for none most of all."""
    labels = np.tile(np.arange(10), 30)
    classes = (*CLASSES, NONE)
    logits = np.eye(11, dtype=np.float32)[labels] * 20
    logits[labels == 9, 6], logits[:, 10] = 20.1, 30
    images = torch.zeros(300, 1, 28, 28, dtype=torch.uint8)
    model = Classifier(lambda tiles: logits, Path("x.onnx"), classes, card=CARD)
    test = measure(model, Split(images, torch.from_numpy(labels)))
    found = numbers.measure(["x"], [test], tmp_path, count=500)
    assert not found["by_writer"] and set(found["tasks"]) == set(TASKS)
    for name, rows in found["tasks"].items():
        drawn = TASKS[name].draw(500, np.random.default_rng(numbers.SEED))
        plain, valid = rows["x"]["plain"], rows["x"]["valid"]
        assert plain["strict_error"] == np.mean(["9" in text for text in drawn])
        read = [text.replace("9", "6") for text in drawn]
        assert plain["invalid"] == 1 - np.mean(list(map(TASKS[name].valid, read)))
        assert valid["invalid"] == 0 and valid["strict_error"] <= plain["strict_error"]
    assert found["tasks"]["ZIP codes"]["x"]["plain"]["invalid"] > 0
    assert "QMNIST's writers not on disk" in numbers.table(found)
    write_table(tmp_path, labels, labels * 0 + 4)
    assert numbers.measure(["x"], [test], tmp_path, count=5)["by_writer"]


def test_other_classes_than_digits_are_refused(uci: Dataset) -> None:
    logits = np.zeros((len(uci.test), 10), np.float32)
    model = Classifier(lambda tiles: logits, Path("x.onnx"), tuple("abcdefghij"), card=CARD)
    with pytest.raises(DigitsError, match="all ten digits"):
        numbers.measure(["x"], [measure(model, uci.test)], Path())
