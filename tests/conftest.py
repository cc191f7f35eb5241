"""What several test files share: UCI, MNIST where it is, a reader with the shipped model."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from digits import classifier
from digits.reading.reader import Reader
from digits.spec import data_dir

if TYPE_CHECKING:  # only tests that ask for data wait for torch
    from digits.data import Dataset
    from digits.web.corrections import Corrections
    from digits.web.desk import Desk
    from tests.asking import Client

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
        self.logs: dict[str, Path] = {}  # what was said on standard error, by address
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
        self.running[address], self.logs[address] = process, path
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


Clients = Callable[..., "Client"]
SERVED = ("reader", "letters")


@pytest.fixture(scope="session")
def desk() -> Iterator["Desk"]:
    """A reading process, for applications in this process."""
    from digits.web.desk import Desk

    desk = Desk({name: classifier.shipped()[name] for name in SERVED}, 1)
    desk.open()
    yield desk
    desk.close()


@pytest.fixture
def client(desk: "Desk") -> Clients:
    """Makes clients of applications with other settings."""
    from digits.web.app import make_app
    from digits.web.settings import Settings
    from tests.asking import Client

    def make(kept: "Corrections | None" = None, **settings: Any) -> "Client":
        return Client(make_app(replace(Settings(desk.models), **settings), desk, kept))

    return make
