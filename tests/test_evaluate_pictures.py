"""A user's own pictures: which are found, what counts as right, what a mistake in a table says."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digits import classifier
from digits.__main__ import main
from digits.classifier import Classifier
from digits.commands._pictures import Reading
from digits.data.own_files import folder_of
from digits.errors import DigitsError
from digits.evaluation import labelled as labels
from digits.evaluation import printed
from digits.evaluation.judged import Answered, differences, judge
from digits.evaluation.labelled import Labelled, labelled
from digits.evaluation.pictures import drawn
from digits.spec import CLASSES

TEST_IMAGES = Path(__file__).parents[1] / "test_images"


def picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((40, 30), 200, np.uint8)).save(path)


def answer(text: str, status: str = "read", **more: object) -> dict[str, object]:
    plain = {"text": text, "status": status, "probability": 0.9, "warnings": [], "rows": []}
    return plain | {"pages": 1, "seconds": 0.1} | more


def knowing(*classes: str) -> Classifier:
    return Classifier(lambda tiles: np.zeros((len(tiles), len(classes))), Path("x.onnx"), classes)


def test_folders_are_labels(tmp_path: Path) -> None:
    for name in ("7/a.png", "007/b.png", "none/c.jpg"):
        picture(tmp_path / name)
    found = {Path(item.path).name: item.label for item in labelled(tmp_path).items}
    assert found == {"a.png": "7", "b.png": "007", "c.jpg": ""}


def test_folders_and_tables_are_those_that_train_reads(tmp_path: Path) -> None:
    for name in (f"{folder_of('/')}/a.png", ".ipynb_checkpoints/b.png", "7/.trash/c.png"):
        picture(tmp_path / name)
    assert [(Path(i.path).name, i.label) for i in labelled(tmp_path).items] == [("a.png", "/")]
    (tmp_path / "labels.csv").write_text('path, label\na.png, "4,5"\n')
    assert [item.label for item in labelled(tmp_path / "labels.csv").items] == ["4,5"]


def test_a_table_keeps_zeros_rows_and_signs(tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_text(
        '\ufeffpath,label,who\na.png,007,x\nsub/b.png,"20\n11",y\nc.png,-4.50,z\nd.png,None,z\n'
    )
    items = labelled(table).items
    assert [item.label for item in items] == ["007", "20\n11", "-4.50", ""]
    assert items[1].path == str(tmp_path / "sub" / "b.png")


@pytest.mark.parametrize("content, says", [
    ("image,label\na.png,7\n", "its first line is path,label"),
    ("path,label\n", "its first line is path,label"),
    ("path,label\na.png\n", "its first line is path,label"),
    ("label,path\n7\n", "its first line is path,label"),
])  # fmt: skip
def test_a_table_that_is_none_says_what_it_should_be(
    tmp_path: Path, content: str, says: str
) -> None:
    (tmp_path / "labels.csv").write_text(content)
    with pytest.raises(DigitsError, match=says):
        labelled(tmp_path / "labels.csv")


def test_folders_that_are_none_say_what_they_should_be(tmp_path: Path) -> None:
    with pytest.raises(DigitsError, match="nix: no such folder"):
        labelled(tmp_path / "nix")
    with pytest.raises(DigitsError, match="no folders in it"):
        labelled(tmp_path)
    with pytest.raises(DigitsError, match="cannot be read"):
        labelled(tmp_path / "labels.csv")
    (tmp_path / "cats").mkdir()
    with pytest.raises(DigitsError, match="no pictures in its folders"):
        labelled(tmp_path)


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    for name in ("7/a.png", "lies_beside.png"):
        picture(tmp_path / name)
    (tmp_path / "7" / "notes.txt").touch()
    (tmp_path / "7" / ".hidden").touch()
    (tmp_path / "8").mkdir()
    found = labelled(tmp_path)
    assert (len(found.items), found.empty, found.other_files) == (1, ("8",), 2)


def test_a_label_is_a_class_of_the_model_or_a_number_where_it_reads_them() -> None:
    digits, letters = knowing(*CLASSES), knowing("A", "cat")
    for label in ("7", "47.11", "20\n11", ""):
        labels.check([Labelled("a.png", label)], [digits])
    for label in ("A", "cat", ""):
        labels.check([Labelled("a.png", label)], [letters])
    with pytest.raises(DigitsError, match="'cat' is no label; it is what stands in the picture"):
        labels.check([Labelled("a.png", "cat")], [digits])
    with pytest.raises(DigitsError, match="'7' is no label; it is one of A, cat, or none"):
        labels.check([Labelled("a.png", "A"), Labelled("b.png", "7")], [letters])
    labels.check([Labelled("a.png", "A"), Labelled("b.png", "74")], [knowing(*CLASSES, "A")])


def test_judgement_of_a_case_worked_out_by_hand() -> None:
    pairs = [
        ("7", answer("7")),
        ("7", answer("1")),
        ("12", answer("12", "unsure")),
        ("407", answer("47", "unsure")),
        ("007", answer("7")),
        ("5", answer("", "error")),
        ("", answer("", "no_digit")),
        ("", answer("3", "unsure")),
        ("", answer("3")),
    ]
    items = [Labelled(f"{i}.png", label) for i, (label, _) in enumerate(pairs)]
    answered = Answered(items, [given for _, given in pairs], CLASSES)
    found = judge(answered)
    assert (found["all"]["right"], found["all"]["count"]) == (2, 6)
    assert (found["answered_read"]["right"], found["answered_read"]["count"]) == (3, 6)
    assert (found["right_of_read"]["right"], found["right_of_read"]["count"]) == (1, 3)
    assert (found["none_not_read"]["right"], found["none_not_read"]["count"]) == (2, 3)
    assert found["character_error_rate"] == pytest.approx((1 + 1 + 2 + 1) / 11)
    assert {key: row["right"] for key, row in found["by_length"].items()} == {
        "1": 1,
        "2": 1,
        "3": 0,
    }
    assert {key: row["right"] for key, row in found["by_status"].items()} == {
        "error": 0, "read": 1, "unsure": 1,
    }  # fmt: skip
    assert (found["whole_strings"]["right"], found["whole_strings"]["count"]) == (1, 3)
    assert (found["edits"], found["characters"]) == (5, 11)
    assert found["statuses"] == {"read": 4, "unsure": 3, "no_digit": 1, "error": 1}
    assert found["read"] == {"coverage": pytest.approx(4 / 9), "risk": pytest.approx(3 / 4)}
    failed = [(row["path"], row["label"]) for row in found["failures"]]
    assert failed == [
        ("1.png", "7"),
        ("3.png", "407"),
        ("4.png", "007"),
        ("5.png", "5"),
        ("8.png", "none"),
    ]


def test_the_confusion_is_of_labels_of_one_class() -> None:
    pairs = [("7", "7"), ("7", "1"), ("7", ""), ("1", "11"), ("", ""), ("", "7"), ("12", "12")]
    items = [Labelled(f"{i}.png", label) for i, (label, _) in enumerate(pairs)]
    found = judge(Answered(items, [answer(text) for _, text in pairs], ("1", "7", "none")))
    assert found["label_names"] == ["1", "7", "none"]
    assert found["answer_names"] == ["1", "7", "nothing", "more"]
    assert found["confusion"] == [[0, 0, 0, 1], [1, 1, 1, 0], [0, 1, 1, 0]]
    assert set(found["classes"]) == {"1", "7"}
    seven = found["classes"]["7"]
    assert (seven["precision"], seven["recall"], seven["support"]) == (1 / 2, 1 / 3, 3)
    assert found["confused"][0] == {"label": "1", "predicted": "more", "count": 1}
    assert len(found["confused"]) == 4


def test_where_nothing_is_confused_nothing_is_said_of_it() -> None:
    result = judge(Answered([Labelled("7.png", "7")], [answer("7")], CLASSES))
    left = {"empty_labels": [], "other_files": 0, "further_pages": 0}
    found = {"count": 1, "source": "own/", "models": {"tiny": result}}
    told = printed.pictures({**found, "left_out": left, "differences": []})
    assert told.endswith("0 error, 0.00% of the characters wrong")


def test_calibration_is_of_the_answers_that_are_given() -> None:
    given = [("7", "7", 0.9), ("7", "1", 0.9), ("1", "1", 0.5), ("1", "", 0.0), ("", "3", 0.5)]
    items = [Labelled(f"{i}.png", label) for i, (label, _, _) in enumerate(given)]
    answers = [answer(text, probability=p) for _, text, p in given]
    found = judge(Answered(items, answers, CLASSES))
    assert found["expected_calibration_error"] == pytest.approx((2 * 0.4 + 2 * 0.0) / 4)
    assert found["brier_score"] == pytest.approx((0.01 + 0.81 + 0.25 + 0.25) / 4)


def test_models_differ_on_pictures_in_which_something_stands() -> None:
    items = [Labelled(f"{i}.png", "7") for i in range(5)] + [Labelled("none.png", "")]
    first = Answered(items, [answer("7")] * 5 + [answer("", "no_digit")], CLASSES)
    second = Answered(items, [answer("1")] * 5 + [answer("3")], CLASSES)
    (row,) = differences(["a", "b"], [first, second])
    assert row["models"] == ["a", "b"] and row["accuracy_difference"] == 1
    assert (row["only_first_right"], row["p"]) == (5, pytest.approx(2 / 32))


def test_without_digits_there_is_nothing_to_be_right() -> None:
    alone = Answered([Labelled("a.png", "")], [answer("", "no_digit")], CLASSES)
    found = judge(alone)
    assert found["all"] is found["character_error_rate"] is found["right_of_read"] is None
    assert found["brier_score"] is found["whole_strings"] is None
    assert found["none_not_read"]["share"] == 1
    assert differences(["a", "b"], [alone, alone]) == []


def test_failures_are_drawn_as_explain_draws_them(tmp_path: Path) -> None:
    tiny = classifier.load(classifier.shipped()["tiny"])
    flags = ["predict", "--model", "tiny", "--image", str(TEST_IMAGES / "number.png")]
    assert main([*flags, "--explain", str(tmp_path / "drawn.png")]) == 0
    failures = [{"path": str(TEST_IMAGES / "number.png"), "status": "read"}]
    failures += [{"path": "b.png", "status": "error"}]
    sheet, nothing = drawn(tiny, Reading("auto"), failures)
    assert nothing is None and sheet is not None
    expected = Image.open(tmp_path / "drawn.png").convert("RGB")
    assert (sheet == np.asarray(expected)).all()


@pytest.mark.slow
def test_a_folder_is_the_report(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No data set is loaded, and none is in the report."""
    monkeypatch.setattr("digits.data.load", lambda *_, **__: pytest.fail("a data set is loaded"))
    rows = [("dark_on_light.png", "5"), ("number.png", "40918"), ("blank.png", "none")]
    with (tmp_path / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("path", "label"), *((TEST_IMAGES / p, t) for p, t in rows)])
    flags = ["--model", "tiny", "--folder", str(tmp_path / "labels.csv")]
    assert main(["evaluate", *flags, "--output", str(tmp_path / "report")]) == 0
    assert "right of read" in capsys.readouterr().out
    content = json.loads((tmp_path / "report" / "metrics.json").read_text())
    found = content["pictures"]
    assert content["data"] is None and content["models"][0]["size_bytes"] > 10_000
    assert found["count"] == 3 and found["models"]["tiny"]["all"]["right"] == 1
    assert [row["text"] for row in found["models"]["tiny"]["failures"]] == ["40917"]
    page = (tmp_path / "report" / "report.html").read_text("utf-8")
    assert f"How well tiny reads {tmp_path / 'labels.csv'}</h1>" in page
    assert "no data set's tiles were measured" in page and "Suspected" not in page
    assert "40918" in page and page.count("data:image/webp") == 1
    names = {path.stem for path in (tmp_path / "report").glob("*.svg")}
    assert names == {f"pictures_{name}" for name in
                     ("accuracy", "confusion_1", "reliability", "risk")}  # fmt: skip


@pytest.mark.slow
def test_a_page_of_numbers_alone_has_no_empty_tables(tmp_path: Path) -> None:
    picture = TEST_IMAGES / "number.png"
    lines = ["path,label", *(f"{picture},{label}" for label in ("40918", "40918", "123"))]
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    flags = ["--model", "micro", "--folder", str(tmp_path / "labels.csv")]
    assert main(["evaluate", *flags, "--output", str(tmp_path)]) == 0
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "Labels of one class" not in page and 'class="matrix"' not in page
    assert page.count('<th scope="row">40918</th>') == 1  # occurs twice
    assert '<th scope="row">123</th>' not in page  # one picture is no share


@pytest.mark.slow
def test_a_set_beside_a_folder_is_measured_as_well(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    picture(tmp_path / "own" / "7" / "a.png")
    flags = ["--model", "micro", "--folder", str(tmp_path / "own"), "--dataset", "uci", "--cpu"]
    assert main(["evaluate", *flags]) == 0
    out = capsys.readouterr().out
    assert out.index(f"1 pictures of {tmp_path / 'own'}") < out.index("360 tiles) of uci")


def test_letters_are_labels_of_a_model_of_letters(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    for label in "ab":
        picture(tmp_path / label / "a.png")
    flags = ["evaluate", "--model", "letters", "--folder", str(tmp_path)]
    if "letters" not in classifier.shipped():
        pytest.skip("no model of letters is shipped")
    assert main(flags) == 0
    assert "2 pictures of" in capsys.readouterr().out
    picture(tmp_path / "7" / "a.png")
    assert main(flags) == 1
    assert "'7' is no label" in capsys.readouterr().err


def test_an_empty_label_is_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    picture(tmp_path / "7" / "a.png")
    (tmp_path / "8").mkdir()
    assert main(["evaluate", "--model", "micro", "--folder", str(tmp_path)]) == 0
    said = capsys.readouterr()
    assert said.err.endswith(f"warning: {tmp_path}: no pictures labelled 8\n")
    assert "left out: 1 labels without a picture" in said.out


def test_what_measures_tiles_asks_for_a_set(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["evaluate", "--folder", "own/", "--robustness"])
    assert stop.value.code == 2
    assert "--robustness measures test tiles: name their --dataset" in capsys.readouterr().err


def test_a_model_is_named_once(capsys: pytest.CaptureFixture) -> None:
    assert main(["evaluate", "--model", "tiny", "--model", "tiny", "--dataset", "uci"]) == 1
    assert "--model: one model is named twice" in capsys.readouterr().err
