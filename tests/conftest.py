"""What several test files share: UCI, MNIST where it is, a reader with the shipped model."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from digits import classifier
from digits.reading.reader import Reader
from digits.spec import data_dir

if TYPE_CHECKING:  # only tests that ask for data wait for torch
    from digits.data import Dataset

# Tests often share the cores: threads that wait for each other then take ten times as long.
os.environ["OMP_NUM_THREADS"] = "1"  # read when torch is imported

MNIST_FOLDER = Path(os.environ.get("DIGITS_DATA_DIR") or Path(__file__).parents[1] / data_dir())


@pytest.fixture(scope="session")
def uci() -> "Dataset":
    from digits import data

    return data.load("uci")


@pytest.fixture(scope="session")
def mnist() -> "Dataset":
    from digits import data
    from digits.data.mnist import MD5

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
