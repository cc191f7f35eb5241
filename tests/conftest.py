"""What several test files share: UCI, MNIST where it is, a reader with the shipped model."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from digits import classifier, data
from digits.data import Dataset
from digits.data.mnist import MD5
from digits.reading.reader import Reader
from digits.spec import data_dir

# Tests often share the cores: threads that wait for each other then take ten times as long.
os.environ["OMP_NUM_THREADS"] = "1"
torch.set_num_threads(1)

MNIST_FOLDER = Path(os.environ.get("DIGITS_DATA_DIR") or Path(__file__).parents[1] / data_dir())


@pytest.fixture(scope="session")
def uci() -> Dataset:
    return data.load("uci")


@pytest.fixture(scope="session")
def mnist() -> Dataset:
    if not all((MNIST_FOLDER / "MNIST" / "raw" / name).is_file() for name in MD5):
        pytest.skip(f"MNIST is not in {MNIST_FOLDER}; set DIGITS_DATA_DIR")
    return data.load("mnist", MNIST_FOLDER)


@pytest.fixture
def run_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def reader() -> Reader:
    if classifier.DEFAULT_SHIPPED not in classifier.shipped():
        pytest.skip("no model is shipped")
    return Reader.expecting(classifier.load(classifier.shipped()[classifier.DEFAULT_SHIPPED]))


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., str]]:
    """Starts `serve.py` with flags, on a free port; returns its address. Ended with the tests."""
    running: list[subprocess.Popen[str]] = []
    logs = tmp_path_factory.mktemp("serve")

    def start(*flags: str) -> str:
        command = [sys.executable, str(Path(__file__).parents[1] / "src" / "serve.py")]
        with (logs / f"{len(running)}.log").open("w") as log:
            process = subprocess.Popen(
                [*command, "--port", "0", "--workers", "1", *flags],
                stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        running.append(process)
        assert process.stdout
        line = process.stdout.readline()
        assert line.startswith("reading at "), (logs / f"{len(running) - 1}.log").read_text()
        return line.split()[2].rstrip("/")

    yield start
    for process in running:
        process.terminate()
    for process in running:
        process.wait(60)
