"""The programs and notebooks of examples/: each does what it says."""

import csv
import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
NUMBER = ROOT / "test_images" / "number.png"


def run(name: str, *arguments: str, folder: Path) -> str:
    command = [sys.executable, str(EXAMPLES / name), *arguments]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def execute(name: str, monkeypatch: pytest.MonkeyPatch, **modules: Any) -> None:
    """Run a program in this process, with stand-ins for what cannot run here."""
    for module, content in modules.items():
        monkeypatch.setitem(sys.modules, module, content)
    exec(compile((EXAMPLES / name).read_text("utf-8"), name, "exec"), {"__name__": "__main__"})


def test_a_folder_becomes_a_table(tmp_path: Path) -> None:
    (tmp_path / "scans").mkdir()
    shutil.copy(NUMBER, tmp_path / "scans")
    run("folder_to_table.py", "scans", "answers.csv", folder=tmp_path)
    (row,) = csv.DictReader((tmp_path / "answers.csv").read_text().splitlines())
    assert (row["picture"], row["status"], row["text"]) == ("number.png", "read", "40917")


@pytest.mark.slow
def test_a_tables_names_are_no_formulas_and_any_bytes(tmp_path: Path) -> None:
    (tmp_path / "scans").mkdir()
    for name in (b"=1+1.png", b"\xff.png"):
        Path(os.fsdecode(bytes(tmp_path / "scans") + b"/" + name)).write_bytes(NUMBER.read_bytes())
    run("folder_to_table.py", "scans", "answers.csv", folder=tmp_path)
    _, *lines = (tmp_path / "answers.csv").read_bytes().splitlines()
    assert [line.partition(b",")[0] for line in lines] == [b"./=1+1.png", b"\xff.png"]


@pytest.mark.slow
def test_a_batch_job_uses_processes(tmp_path: Path) -> None:
    lines = run("many_processes.py", str(NUMBER), str(NUMBER), folder=tmp_path).splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["40917"] * 2


def test_a_webcam_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a camera that shows one picture twice, and a window that keeps what it is given."""
    frame, shown = cv2.imread(str(NUMBER)), []
    views = iter([(True, frame.copy()), (True, frame.copy()), (False, None)])
    camera = SimpleNamespace(read=lambda: next(views), release=lambda: None)
    monkeypatch.setattr(cv2, "VideoCapture", lambda _: camera)
    monkeypatch.setattr(cv2, "imshow", lambda _, picture: shown.append(picture))
    monkeypatch.setattr(cv2, "waitKey", lambda _: -1)
    execute("webcam.py", monkeypatch)
    assert len(shown) == 2 and all(np.any(picture != frame) for picture in shown)


def test_a_page_reads_what_is_dropped_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a stand-in for Gradio that hands the function one picture."""
    answers = []

    class Interface:
        def __init__(self, read: Any, *_: object) -> None:
            self.read = read

        def launch(self) -> None:
            answers.append(self.read(cv2.imread(str(NUMBER))))

    gradio = ModuleType("gradio")
    gradio.Interface, gradio.Image = Interface, lambda: None  # type: ignore[attr-defined]
    execute("gradio_page.py", monkeypatch, gradio=gradio)
    assert answers == ["40917"]


@pytest.mark.skipif(not find_spec("gradio"), reason="gradio is not installed")
def test_gradio_takes_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    import gradio

    monkeypatch.setattr(gradio.Interface, "launch", lambda self: None)
    execute("gradio_page.py", monkeypatch)


@pytest.mark.slow
def test_a_model_is_tuned(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for label in "17":
        (tmp_path / "mine" / label).mkdir(parents=True)
        for place in range(20):
            page = np.full((90, 70), 255, np.uint8)
            x, lean = 24 + place, int(rng.integers(-2, 9))
            cv2.line(page, (x, 12), (x - lean, 78), 0, 6, cv2.LINE_AA)
            if label == "7":
                cv2.line(page, (x - 20, 12), (x, 12), 0, 6, cv2.LINE_AA)
            cv2.imwrite(str(tmp_path / "mine" / label / f"{place}.png"), page)
    printed = run("fine_tune.py", "mine", folder=tmp_path)
    assert "before " in printed and "tuned/best_model.pth" in printed


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
    nbformat = pytest.importorskip("nbformat")
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    (tmp_path / "test_images").symlink_to(ROOT / "test_images")
    book = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(
        book, timeout=600, resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    shown = str([cell.get("outputs") for cell in book.cells])
    assert ("is right" if "train" in path.stem else "no_digit") in shown
