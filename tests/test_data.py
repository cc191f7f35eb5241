"""Data sets: their parts, their checks, and what happens without a network."""

import gzip
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import torch

from digits import data, spec
from digits.data import Dataset, fetch
from digits.data import mnist as mnist_module
from digits.data import uci as uci_module
from digits.data.split import every_nth
from digits.errors import DigitsError, reason
from tests.conftest import MNIST_FOLDER


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise urllib.error.URLError("no network")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)


def test_every_nth_is_stratified_disjoint_and_fixed() -> None:
    labels = np.random.default_rng(0).integers(0, 10, 6000)
    rest, held_out = every_nth(labels, 12)
    assert sorted([*rest, *held_out]) == list(range(6000)) and len(held_out) == 500
    shares = np.bincount(labels[held_out]) / np.bincount(labels)
    assert np.allclose(shares, 1 / 12, atol=0.002)


def test_more_can_be_held_out() -> None:
    half = data.load("uci", hold_out=2)
    assert len(half.train) + len(half.validation) + len(half.test) == 1797
    assert abs(len(half.train) - len(half.validation)) <= 10
    assert set(half.validation.labels.tolist()) == set(range(10))


def test_uci_tiles_are_tiles(uci: Dataset) -> None:
    assert (len(uci.train), len(uci.validation), len(uci.test)) == (1317, 120, 360)
    images = uci.train.images
    assert images.shape[1:] == spec.INPUT_SHAPE and images.dtype == torch.uint8
    rows = torch.arange(28.0)
    mass = images.float().sum(dim=(1, 2, 3))
    for axis in (2, 3):
        profile = images.float().sum(dim=(1, 5 - axis))
        assert ((profile @ rows / mass - 14).abs() <= 0.51).all(), "centre of mass in the middle"


def test_mnist_parts(mnist: Dataset) -> None:
    assert (len(mnist.train), len(mnist.validation), len(mnist.test)) == (55_000, 5_000, 10_000)
    pixels = torch.cat([mnist.train.images, mnist.validation.images]).double()
    assert pixels.mean().item() == pytest.approx(spec.PIXEL_MEAN, abs=1e-3)
    assert pixels.std().item() == pytest.approx(spec.PIXEL_STD, abs=1e-3)


@pytest.mark.parametrize("damage", ["truncate", "alter"])
def test_a_damaged_mnist_file_is_named(mnist: Dataset, tmp_path: Path, damage: str) -> None:
    raw = tmp_path / "MNIST" / "raw"
    shutil.copytree(MNIST_FOLDER / "MNIST" / "raw", raw)
    path = raw / "t10k-images-idx3-ubyte"
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[5000] ^= 1
    path.write_bytes(content if damage == "alter" else content[:-1])
    for name in ("mnist", "auto"):
        with pytest.raises(DigitsError, match="t10k-images-idx3-ubyte: truncated or altered"):
            data.load(name, tmp_path)


def test_an_mnist_file_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(DigitsError, match="a-file: cannot be read: Permission denied"):
        fetch.verified(tmp_path / "a-file", "0" * 32)


def test_no_network_is_touched_when_files_are_there(mnist: Dataset, offline: None) -> None:
    assert data.load("mnist", MNIST_FOLDER).name == "mnist"


def test_without_mnist_auto_warns_and_mnist_fails(
    tmp_path: Path, offline: None, capsys: pytest.CaptureFixture
) -> None:
    folder = tmp_path / "data"
    assert data.load("auto", folder).name == "uci"
    assert not folder.exists(), "an attempt leaves nothing behind"
    captured = capsys.readouterr()
    assert "WARNING" in captured.err and "uci" in captured.err and not captured.out
    with pytest.raises(DigitsError, match=r"could not be downloaded.*--dataset uci"):
        data.load("mnist", tmp_path)


def test_data_dir_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIGITS_DATA_DIR", "/somewhere")
    assert spec.data_dir() == Path("/somewhere")


def test_unknown_name() -> None:
    with pytest.raises(DigitsError, match="no such folder or data set 'emnist'"):
        data.load("emnist")


def test_the_list_of_files_is_complete() -> None:
    assert len(mnist_module.MD5) == 4


def test_the_scans_are_those_of_scikit_learn() -> None:
    from sklearn.datasets import load_digits

    scans = load_digits()
    with np.load(Path(uci_module.__file__).with_name("uci.npz")) as file:
        np.testing.assert_array_equal(file["images"], scans.images)
        np.testing.assert_array_equal(file["labels"], scans.target)


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that a server on this machine gives out, behind a mirror that is out of reach. The
    files in it stand for MNIST's."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    for place, name in enumerate(mnist_module.MD5):
        content = bytes([place]) * 5000
        (folder / f"{name}.gz").write_bytes(gzip.compress(content))
        monkeypatch.setitem(mnist_module.MD5, name, fetch.md5(content))
    handler = partial(QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        addresses = ("http://127.0.0.1:1/", f"http://127.0.0.1:{server.server_port}/")
        monkeypatch.setattr(mnist_module, "MIRRORS", addresses)
        yield folder
        server.shutdown()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def test_mnist_comes_from_the_mirror_that_answers(mirror: Path, tmp_path: Path) -> None:
    raw = tmp_path / "data" / "MNIST" / "raw"
    assert mnist_module.fetch(tmp_path / "data") is None
    assert {p.name: fetch.md5(p.read_bytes()) for p in raw.iterdir()} == mnist_module.MD5
    (raw / "t10k-labels-idx1-ubyte").unlink()
    assert mnist_module.fetch(tmp_path / "data") is None and len(list(raw.iterdir())) == 4


@pytest.mark.slow
@pytest.mark.parametrize(("content", "says"), [
    (gzip.compress(b"another file"), "another file lies at"),
    (gzip.compress(bytes(5000))[:-9], "damaged"),
    (b"<html>log in first</html>", "gzip"),
    (None, "404 File not found"),
], ids=["another", "cut off", "a page", "none"])  # fmt: skip
def test_what_is_not_mnist_is_not_kept(
    mirror: Path, tmp_path: Path, content: bytes | None, says: str
) -> None:
    file = mirror / "train-images-idx3-ubyte.gz"
    file.write_bytes(content) if content else file.unlink()
    why_not = mnist_module.fetch(tmp_path / "data")
    assert why_not and says in why_not and not (tmp_path / "data").exists()


def test_a_failed_download_removes_no_folder_that_was_there(tmp_path: Path) -> None:
    def download(folder: Path) -> None:
        (folder / "MNIST" / "raw").mkdir(parents=True)
        raise OSError("no network")

    (tmp_path / "mine").mkdir()
    for folder in (tmp_path / "mine", tmp_path / "new"):
        said = fetch.fetch(
            "MNIST", folder, [folder / "MNIST" / "raw" / "x"], partial(download, folder)
        )
        assert said and "no network" in said
    assert [path.name for path in tmp_path.rglob("*")] == ["mine"]


@pytest.mark.parametrize(
    ("text", "said"),
    [("Error downloading a.gz:\nno route\nmore", "Error downloading a.gz: no route"),
     ("first\nsecond", "first"), ("", "RuntimeError"), ("ends:", "ends:")],
)  # fmt: skip
def test_the_reason_of_an_error_is_not_cut_off_at_a_colon(text: str, said: str) -> None:
    assert reason(RuntimeError(text)) == said
