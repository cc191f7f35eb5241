"""What a report says: figures against oracles, tables of epochs, cards."""

from pathlib import Path

import numpy as np
import pytest

from digits import card, checkpoint, classifier, metrics
from digits.errors import DigitsError
from digits.evaluation import cost, facts
from digits.evaluation.measure import at_threshold, confused_pairs, differences
from tests.measured import measured, stand_in

SHIPPED = classifier.shipped()


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


def test_a_column_without_numbers_is_not_kept(tmp_path: Path) -> None:
    row = dict.fromkeys(card.EPOCHS, 0.5) | {"train_accuracy": float("nan")}
    kept = card.epochs_of([row, row])
    assert set(kept) == set(card.EPOCHS) - {"train_accuracy"}
    assert card.history_of({"metrics": {"epochs": kept}}) == []
    checkpoint.write_json(tmp_path / "metrics.json", {"epochs": kept})
    with pytest.raises(ValueError, match="JSON"):
        checkpoint.write_json(tmp_path / "metrics.json", row)


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
    ({"n": float("nan")}, None),
])  # fmt: skip
def test_a_card_may_say_anything_of_itself(card: dict[str, object], number: float | None) -> None:
    test = measured([1], [1])
    test.model.card["metrics"] = card
    assert facts.stated(test.model, "n") == number
