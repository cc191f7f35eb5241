"""Broken folders and files of one's own data: one line each."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from digits.__main__ import main
from tests.letters import fill, picture, table


def spoil(folder: Path, how: str) -> str:
    """A folder or file that cannot be learned from; its path."""
    path = folder / "data"
    if how == "no such folder":
        return f"{path}/"
    if how == "no folders":
        path.mkdir()
        cv2.imwrite(str(path / "a.png"), picture("A", np.random.default_rng(0)))
    elif how == "csv beside":
        path.mkdir()
        (path / "labels.csv").write_text("path,label\n")
    elif how == "empty classes":
        (path / "a").mkdir(parents=True)
        (path / "b").mkdir()
    elif how == "one class":
        fill(path, "A", 6)
    elif how == "too few":
        fill(path, "AB", 1)
    elif how == "only texts":
        for name in "ab":
            (path / name).mkdir(parents=True)
            (path / name / "a.txt").write_text("a")
    elif how == "folder beside train":
        fill(path / "train", "AB", 3)
        (path / "more").mkdir()
    elif how == "class called blank":
        fill(path, "AB", 3)
        (path / "A").rename(path / "blank")
    elif how == "long name":
        fill(path, "AB", 3)
        (path / "A").rename(path / ("a" * 60))
    else:
        return spoil_file(folder, how)
    return str(path)


def spoil_file(folder: Path, how: str) -> str:
    path = folder / ("a.npz" if how.startswith("npz") else "a.csv")
    texts = {
        "csv without header": "a.png,3\n",
        "csv of other columns": "file,class\na.png,3\n",
        "csv with an empty label": "path,label\na.png,\n",
        "csv with too many": "path,label\na.png,3,4\n",
        "csv of files that are not there": "path,label\na.png,3\nb.png,4\n",
        "csv with a wrong split": "path,label,split\na.png,3,trian\n",
        "csv with nothing": "",
    }
    images, labels = np.zeros((4, 9, 9), np.uint8), np.arange(4)
    if how in texts:
        path.write_text(texts[how])
    elif how == "csv in another encoding":
        path.write_bytes("path,label\nä.png,3\n".encode("latin-1"))
    elif how == "csv with two writers":
        fill(folder, "AB", 3)
        rows = [(f"{c}/0-{i}.png", c, f"w{i % 2}") for c in "AB" for i in range(3)]
        table(path, [("path", "label", "writer"), *rows])
    elif how == "npz of text":
        path.write_text("no zip")
    elif how == "npz without labels":
        np.savez(path, images=images)
    elif how == "npz of floats":
        np.savez(path, images=images.astype(float), labels=labels)
    elif how == "npz of another count":
        np.savez(path, images=images, labels=labels[:3])
    elif how == "npz of objects":
        np.savez(path, images=images, labels=np.array([{}, 1, 2, 3], object))
    else:
        raise AssertionError(how)
    return str(path)


@pytest.mark.parametrize("how, says", [
    ("no such folder", "no such folder or file; expected a folder with one folder a class"),
    ("no folders", "no folders in it; expected"),
    ("csv beside", "did you mean"),
    ("empty classes", "no picture in it can be read"),
    ("one class", "only one class"),
    ("too few", "no picture for"),
    ("only texts", "no picture in it can be read"),
    ("folder beside train", "has a folder 'more' beside train/"),
    ("class called blank", "a class has a name that none can have"),
    ("long name", "a class has a name that none can have"),
    ("csv without header", "its first line names no path and label"),
    ("csv of other columns", "its first line names no path and label"),
    ("csv with an empty label", "line 2 is not path,label"),
    ("csv with too many", "line 2 is not path,label"),
    ("csv of files that are not there", "no picture in it can be read"),
    ("csv with a wrong split", "line 2: split is 'trian'"),
    ("csv with nothing", "its first line names no path and label"),
    ("csv in another encoding", "cannot be read"),
    ("csv with two writers", "2 writers; to hold some out it takes three"),
    ("npz of text", "damaged, or no .npz file"),
    ("npz without labels", "holds no arrays"),
    ("npz of floats", "should be uint8"),
    ("npz of another count", "should be uint8"),
    ("npz of objects", "damaged, or no .npz file"),
])  # fmt: skip
def test_broken_data_is_one_line(
    how: str, says: str, run_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    argv = ["train", "--arch", "micro", "--cpu", "--dataset", spoil(run_folder, how)]
    assert main(argv) == 1
    lines = capfd.readouterr().err.splitlines()
    said = [line for line in lines if line.startswith("train: ")]
    assert len(said) == 1 and says in said[0] and len(said[0]) < 400
    assert not any("Traceback" in line for line in lines)
    assert not (run_folder / "runs").exists()


@pytest.mark.parametrize("command", ["evaluate --cpu", "optimize --output x.onnx"])
def test_a_set_without_test_pictures_is_not_measured(
    command: str, run_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fill(run_folder / "one", "01", 1)
    assert main([*command.split(), "--model", "tiny", "--dataset", "one"]) == 1
    said = capfd.readouterr().err.splitlines()[-1]
    assert said.endswith(": one: no picture for test; three of some class are the least")
    assert not (run_folder / "x.onnx").exists()


def test_a_table_of_test_pictures_alone_can_be_measured(
    run_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fill(run_folder, "01", 3)
    rows = [(f"{c}/0-{i}.png", c, "test") for c in "01" for i in range(3)]
    table(run_folder / "test.csv", [("path", "label", "split"), *rows])
    assert main(["evaluate", "--cpu", "--model", "tiny", "--dataset", "test.csv"]) == 0
    assert "6 tiles" in capfd.readouterr().out
    assert main(["train", "--cpu", "--arch", "micro", "--dataset", "test.csv"]) == 1
    assert "train: test.csv: no picture for train" in capfd.readouterr().err.splitlines()[-1]
