"""What several test files share: UCI, MNIST where it is, a reader with the shipped model."""

import os
import subprocess
import sys
from collections.abc import Iterator
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


class Servers:
    """Runs `serve.py` with flags, on a free port; calling it gives the address."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self.running: dict[str, subprocess.Popen[str]] = {}

    def __call__(self, *flags: str) -> str:
        command = [sys.executable, str(Path(__file__).parents[1] / "src" / "serve.py")]
        path = self._logs / f"{len(list(self._logs.iterdir()))}.log"
        with path.open("w") as log:
            process = subprocess.Popen(
                [*command, "--port", "0", "--workers", "1", *flags],
                stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        assert process.stdout
        line = process.stdout.readline()
        assert line.startswith("reading at "), path.read_text()
        address = line.split()[2].rstrip("/")
        self.running[address] = process
        return address

    def stop(self, address: str) -> int:
        """End one as an operator would; its exit code."""
        process = self.running.pop(address)
        process.terminate()
        process.communicate(timeout=60)
        return process.returncode


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    servers = Servers(tmp_path_factory.mktemp("serve"))
    yield servers
    for address in list(servers.running):
        servers.stop(address)
