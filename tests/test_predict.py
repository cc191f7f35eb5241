"""The command: what it prints, where, and how it ends."""

import io
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from digits import Reader
from digits.__main__ import main
from digits.reading.answer import Answer, Row

CLASSES = [*"0123456789", "none"]


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An ONNX model that knows: no ink in the tile's middle is 0, none on its left is 1."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weights = np.zeros((784, 11), np.float32)
    image = np.zeros((28, 28), np.float32)
    image[10:18, 11:17] = 1
    weights[:, 0] = -image.ravel() / 255
    weights[:, 1] = image.ravel() / 255 * 0.5
    left = np.zeros((28, 28), np.float32)
    left[4:24, 3:10] = 1
    weights[:, 1] -= left.ravel() / 255
    bias = np.array([10, 0, *[-8] * 8, 1], np.float32)
    nodes = [
        helper.make_node("Cast", ["tiles"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Flatten", ["float"], ["flat"]),
        helper.make_node("Gemm", ["flat", "w", "b"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "rule",
        [helper.make_tensor_value_info("tiles", TensorProto.UINT8, ["n", 1, 28, 28])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 11])],
        [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(bias, "b")],
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    entry = proto.metadata_props.add()
    entry.key = "digits"
    entry.value = json.dumps(
        {"classes": CLASSES, "temperature": 1.0, "thresholds": {}, "arch": "rule",
         "metrics": {}, "config": {}, "versions": {}}
    )  # fmt: skip
    path = tmp_path_factory.mktemp("model") / "rule.onnx"
    onnx.save(proto, path)
    return str(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    zero = np.full((100, 90), 255, np.uint8)
    cv2.ellipse(zero, (45, 50), (20, 35), 0, 0, 360, 0, 5, cv2.LINE_AA)
    Image.fromarray(zero).save(tmp_path / "a_zero.png")
    Image.fromarray(255 - zero).save(tmp_path / "b_light_zero.jpg", quality=90)
    Image.new("L", (50, 50), 255).save(tmp_path / "c_blank.png")
    (tmp_path / "d_broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "notes.txt").write_text("not looked at")
    return tmp_path


def test_a_picture(model: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = str(folder / "a_zero.png")
    assert (
        main(["predict", "--image", image, "--model", model, "--top-k", "3", "--confidence"]) == 0
    )
    out = capsys.readouterr().out
    assert re.fullmatch(
        re.escape(image) + r": 0  [0-9.]+%\n(\t1\t\w+\t[01]\.[0-9]{4}\n){3}", out
    ), out


def test_a_folder_as_json(model: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["predict", "--image", str(folder), "--model", model, "--json", "--top_k", "2"]) == 1
    )
    said = capsys.readouterr()
    assert f"{folder}: passed over for their suffixes: 1 .txt" in said.err
    answers = [json.loads(line) for line in said.out.splitlines()]
    assert [a["status"] for a in answers] == ["read", "read", "no_digit", "error"]
    assert [a["text"] for a in answers] == ["0", "0", "", ""]
    first = answers[0]
    assert set(first) == {
        "image", "page", "pages", "status", "text", "value", "probability", "model", "rows",
        "cells", "expect", "seen_as", "trained_on", "warnings", "seconds", "why",
    }  # fmt: skip
    (row,) = first["rows"]
    keys = {"text", "value", "status", "probability", "box", "alternatives", "digits"}
    assert set(row) == keys and row["status"] == "read"
    (digit,) = row["digits"]
    assert set(digit) == {"label", "probability", "box", "top_k"} and len(digit["top_k"]) == 2
    x, y, width, height = digit["box"]
    assert abs(x - 23) < 4 and abs(y - 13) < 4 and abs(width - 45) < 6 and abs(height - 75) < 6
    assert "inverted" in answers[1]["warnings"][0] and "d_broken.png" in answers[3]["error"]


def test_a_pattern_and_several_names(
    model: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [str(folder / "*zero*"), str(folder / "c_blank.png")]
    assert main(["predict", "--image", *names, "--model", model]) == 0
    assert [line.rpartition(": ")[2] for line in capsys.readouterr().out.splitlines()] == [
        "0", "0", "no digit",
    ]  # fmt: skip


def test_standard_input(
    model: str, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = (folder / "a_zero.png").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert main(["predict", "--image", "-", "--model", model]) == 0
    assert capsys.readouterr().out == "-: 0\n"


@pytest.mark.parametrize("name", ["none.png", "*.nothing", "empty"])
def test_what_is_not_there_is_one_line(
    name: str, model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    assert main(["predict", "--image", str(tmp_path / name), "--model", model]) == 1
    captured = capsys.readouterr()
    assert not captured.out and captured.err.count("\n") == 1 and name in captured.err


@pytest.mark.parametrize(
    "flags", [["--gpu", "--cpu"], ["--top_k", "0"], ["--nonsense"], ["--output", ""]]
)
def test_wrong_usage(flags: list[str], model: str, folder: Path) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["predict", "--image", str(folder), "--model", model, *flags])
    assert stopped.value.code == 2


def test_reading_with_onnx_imports_no_torch(model: str, folder: Path) -> None:
    image = str(folder / "a_zero.png")
    code = (
        "import sys; from digits.__main__ import main\n"
        f"main(['predict', '--image', {image!r}, '--model', {model!r}, '--gpu'])\n"
        "assert not {'torch', 'sklearn', 'scipy', 'matplotlib'} & set(sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout.endswith(": 0\n") and result.stderr.startswith("warning: --gpu")


def test_explain_and_tiles(model: str, folder: Path, tmp_path: Path) -> None:
    out, tiles = tmp_path / "why.png", tmp_path / "tiles"
    names = [str(folder / name) for name in ("a_zero.png", "c_blank.png")]
    flags = ["--model", model, "--explain", str(out), "--save_tiles", str(tiles)]
    assert main(["predict", "--image", *names, *flags]) == 0
    for path in (out, tmp_path / "why-1.png"):
        with Image.open(path) as drawn:
            assert drawn.size[0] >= 900
    (path,) = tiles.rglob("*.png")
    with Image.open(path) as tile:
        assert path == tiles / "0/a_zero_1_1.png" and tile.size == (28, 28)


def test_two_pictures_of_one_name_keep_their_tiles(
    model: str, folder: Path, tmp_path: Path
) -> None:
    names = []
    for name in ("x/a.png", "y/a.png", "x-2/a-2.png", "z/A.png"):  # some disks know no case
        (tmp_path / name).parent.mkdir()
        shutil.copy(folder / "a_zero.png", tmp_path / name)
        names.append(str(tmp_path / name))
    flags = ["--model", model, "--save_tiles", str(tmp_path / "tiles")]
    assert main(["predict", "--image", *names, *flags]) == 0
    tiles = sorted(path.name for path in (tmp_path / "tiles/0").iterdir())
    assert tiles == ["A-3_1_1.png", "a-2-2_1_1.png", "a-2_1_1.png", "a_1_1.png"]
    before = {path: path.read_bytes() for path in (tmp_path / "tiles").rglob("*.png")}
    assert main(["predict", "--image", names[0], *flags]) == 1, "of another run"
    assert {path: path.read_bytes() for path in (tmp_path / "tiles").rglob("*.png")} == before


@pytest.mark.parametrize("out", ["first.png", "../x/first.png", "link.png", "second.png"])
def test_explain_never_overwrites_a_picture(
    out: str, model: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x").mkdir()
    monkeypatch.chdir(tmp_path / "x")
    for name in ("first.png", "second.png", "second-1.png"):
        shutil.copy(folder / "a_zero.png", name)
    Path("link.png").symlink_to("first.png")
    before = Path("first.png").read_bytes()
    images = ["first.png", "second-1.png"]
    assert main(["predict", "--image", *images, "--model", model, "--explain", out]) == 1
    assert {Path(name).read_bytes() for name in images} == {before}


def test_explain_to_nowhere_is_one_line(
    model: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--image", str(folder / "a_zero.png"), "--model", model]
    assert main(["predict", *flags, "--explain", str(folder / "no" / "x.png")]) == 1
    assert main(["predict", *flags, "--explain", str(folder / "x.nonsense")]) == 1
    assert capsys.readouterr().err.count("\n") == 2


def test_what_stands_where_a_flag_is_missing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    for typed, said in [
        (["a.png"], "--image; write --image a.png"), (["--json"], "--image"),
        (["--imgae", "a.png"], "did you mean --image?"),
    ]:  # fmt: skip
        with pytest.raises(SystemExit):
            main(["predict", *typed])
        assert capsys.readouterr().err.rstrip().endswith(said)


def test_output_with_all_cores_and_resume(
    model: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = folder / "answers.jsonl"
    flags = ["--model", model, "--output", str(out)]
    assert main(["predict", "--image", str(folder / "a*.png"), *flags]) == 0
    assert main(["predict", "--image", str(folder), *flags]) == 1  # it exists
    assert main(["predict", "--image", str(folder), *flags, "--resume"]) == 1  # a broken picture
    answers = [json.loads(line) for line in out.read_text().splitlines()]
    assert [a["status"] for a in answers] == ["read", "read", "no_digit", "error"]
    assert "1 were there before\n" in capsys.readouterr().err
    # an error stays one: what is gone on with says so
    assert main(["predict", "--image", str(folder), *flags, "--resume"]) == 1
    assert "4 were there before, 1 of them with an error" in capsys.readouterr().err


def test_a_name_of_nothing_is_said_and_leaves_no_row(
    model: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With nothing else there is no file either, which the right name would find in its way."""
    out, flags = folder / "answers.csv", ["--model", model]
    flags += ["--output", str(folder / "answers.csv"), "--image", str(folder / "scans")]
    assert main(["predict", *flags]) == 1 and not out.exists()
    assert "scans: no such picture or folder; check the path" in capsys.readouterr().err
    assert main(["predict", *flags, str(folder / "a_zero.png")]) == 1
    assert out.read_text().count("\n") == 2 and "scans" not in out.read_text()


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_answers_that_were_made_otherwise_are_not_gone_on_with(
    suffix: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = folder / f"answers{suffix}"
    flags = ["predict", "--image", str(folder / "a*.png"), "--output", str(out), "--resume"]
    assert main([*flags, "--model", "tiny"]) == 0
    before = out.read_bytes()
    assert main([*flags, "--model", "micro"]) == 1
    assert f"--output {out}: its answers are by --model tiny, not micro" in capsys.readouterr().err
    assert main([*flags, "--model", "tiny", "--expect", "digit"]) == 1
    assert "its answers are by --expect auto, not digit" in capsys.readouterr().err
    assert out.read_bytes() == before and main([*flags, "--model", "tiny"]) == 0


@pytest.mark.slow
@pytest.mark.parametrize("more", [[], ["--output", "a.csv"], ["--output", "a.csv", "--table"]])
def test_a_picture_has_the_seconds_that_it_is_allowed(
    more: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    picture = str(Path(__file__).parents[1] / "test_images" / "two_rows.png")
    assert main(["predict", "--image", picture, "--seconds", "1e-6", *more]) == 1
    said = capsys.readouterr()
    written = (tmp_path / "a.csv").read_text() if more == ["--output", "a.csv"] else ""
    assert "allow it more --seconds" in said.err + written
    assert main(["predict", "--image", picture, "--seconds", "60", *more, "--output", "b.csv"]) == 0


@pytest.mark.parametrize(
    ("unsure", "said"),
    [([1], "unsure of 1 of 12 rows: 2"),
     ([], "each row by itself is read, but not all together: something else"),
     (range(12), "unsure of 12 of 12 rows: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ...")],
)  # fmt: skip
def test_rows_in_doubt_are_named(
    unsure: list[int], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    rows = [
        Row("7", 0.9, (0, 0, 9, 9), [], [], 0.9, status="unsure" if k in unsure else "read")
        for k in range(12)
    ]
    page = Answer("a.png", "unsure", "\n".join("7" * 12), 0.3, rows, why="something else")
    monkeypatch.setattr(Reader, "pages", lambda *_: [page])
    assert main(["predict", "--image", "a.png"]) == 0
    out, error = capsys.readouterr()
    assert out == f"a.png: {' / '.join('7' * 12)}  (unsure)\n"
    assert error.splitlines()[-1] == f"a.png: {said}"
