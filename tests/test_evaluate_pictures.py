"""A user's own pictures: which are found, what counts as right, what a mistake in a table says."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digits.__main__ import main
from digits.errors import DigitsError
from digits.evaluation.pictures import Labelled, drawn, judge, labelled

TEST_IMAGES = Path(__file__).parents[1] / "test_images"


def picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((40, 30), 200, np.uint8)).save(path)


def answer(text: str, status: str = "read", **more: object) -> dict[str, object]:
    return {"text": text, "status": status, "probability": 0.9, "warnings": [], "rows": []} | more


def test_folders_are_labels(tmp_path: Path) -> None:
    for name in ("7/a.png", "007/b.png", "none/c.jpg"):
        picture(tmp_path / name)
    found = {Path(item.path).name: item.label for item in labelled(tmp_path)}
    assert found == {"a.png": "7", "b.png": "007", "c.jpg": ""}


def test_a_table_keeps_zeros_rows_and_signs(tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_text(
        '\ufeffpath,label,who\na.png,007,x\nsub/b.png,"20\n11",y\nc.png,-4.50,z\nd.png,None,z\n'
    )
    items = labelled(table)
    assert [item.label for item in items] == ["007", "20\n11", "-4.50", ""]
    assert items[1].path == str(tmp_path / "sub" / "b.png")


@pytest.mark.parametrize("content, says", [
    ("image,label\na.png,7\n", "its first line is path,label"),
    ("path,label\n", "its first line is path,label"),
    ("path,label\na.png\n", "its first line is path,label"),
    ("path,label\na.png,cat\n", "'cat' is no label"),
])  # fmt: skip
def test_a_table_that_is_none_says_what_it_should_be(
    tmp_path: Path, content: str, says: str
) -> None:
    (tmp_path / "labels.csv").write_text(content)
    with pytest.raises(DigitsError, match=says):
        labelled(tmp_path / "labels.csv")


def test_folders_that_are_none_say_what_they_should_be(tmp_path: Path) -> None:
    with pytest.raises(DigitsError, match="no folders in it"):
        labelled(tmp_path)
    with pytest.raises(DigitsError, match="cannot be read"):
        labelled(tmp_path / "labels.csv")
    picture(tmp_path / "cats" / "a.png")
    with pytest.raises(DigitsError, match="'cats' is no label"):
        labelled(tmp_path)


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
    found = judge(items, [given for _, given in pairs])
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
    failed = [(row["path"], row["label"]) for row in found["failures"]]
    assert failed == [
        ("1.png", "7"),
        ("3.png", "407"),
        ("4.png", "007"),
        ("5.png", "5"),
        ("8.png", "none"),
    ]


def test_without_digits_there_is_nothing_to_be_right() -> None:
    found = judge([Labelled("a.png", "")], [answer("", "no_digit")])
    assert found["all"] is found["character_error_rate"] is found["right_of_read"] is None
    assert found["none_not_read"]["share"] == 1


def test_failures_are_drawn_with_their_boxes(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    items = [Labelled(str(tmp_path / "a.png"), "7"), Labelled("b.png", "5"), Labelled("c.png", "1")]
    rows = [{"digits": [{"box": [5, 10, 20, 20]}]}]
    shown = drawn(items, [answer("1", rows=rows), answer("", "error"), answer("1")])
    assert len(shown) == 2 and shown[1] is None and shown[0] is not None
    coloured = np.argwhere(np.ptp(shown[0].astype(int), axis=2) > 0)
    assert coloured.min(axis=0).tolist() == [10, 5] and coloured.max(axis=0).tolist() == [30, 25]


def test_a_table_of_pictures_is_read_into_the_report(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    rows = [("dark_on_light.png", "5"), ("number.png", "40918"), ("blank.png", "none")]
    with (tmp_path / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("path", "label"), *((TEST_IMAGES / p, t) for p, t in rows)])
    small = ["--model", "tiny", "--dataset", "uci", "--folder", str(tmp_path / "labels.csv")]
    assert main(["evaluate", *small, "--output", str(tmp_path / "report")]) == 0
    assert "right of read" in capsys.readouterr().out
    found = json.loads((tmp_path / "report" / "metrics.json").read_text())["pictures"]
    assert found["count"] == 3 and found["models"]["tiny"]["all"]["right"] == 1
    assert [row["text"] for row in found["models"]["tiny"]["failures"]] == ["40917"]
    page = (tmp_path / "report" / "report.html").read_text("utf-8")
    assert "40918" in page and page.count("data:image/jpeg") == 1
