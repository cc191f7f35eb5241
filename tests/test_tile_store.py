"""Many pictures: mapped from a file that is made once, and trained on in little memory."""

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from digits import data
from digits.data import tile_store
from digits.data.look import Look
from digits.errors import DigitsError

MOST_BYTES_A_TILE = 1500  # of memory, beside that of the program: 1.5 GB of a million
FEW, MANY = 500, 30_500  # the program's own memory differs by 2 MB from run to run


def fill(folder: Path, count: int) -> Path:
    """Pictures of 28x28 pixels in two classes, each another."""
    rng = np.random.default_rng(0)
    for name, grey in (("dark", 0), ("light", 120)):
        (folder / name).mkdir(parents=True)
        for i in range(count // 2):
            pixels = rng.integers(0, 100, (28, 28), np.uint8) + grey
            (folder / name / f"{i}.png").write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    return folder


def load(folder: Path) -> data.Dataset:
    return data.load(str(folder), folder.parent / "data", look=Look("none"))


@pytest.mark.medium
def test_mapped_tiles_are_the_same_splits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path / "set", 40)
    (tmp_path / "set/dark/no.png").write_text("no picture")
    plain = load(tmp_path / "set")
    monkeypatch.setattr(tile_store, "IN_MEMORY", 0)
    mapped = load(tmp_path / "set")
    assert plain.listing == mapped.listing
    for part in ("train", "validation", "test"):
        one, other = getattr(plain, part), getattr(mapped, part)
        assert isinstance(other._given[0], np.memmap) and len(one) == len(other)
        assert one.images.equal(other.images) and one.labels.equal(other.labels)
        assert one[2:5].images.equal(other[2:5].images)
        assert (one.arrays[0] == other.arrays[0]).all() and one.shape == other.shape


def test_what_has_not_changed_is_not_looked_at_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tile_store, "IN_MEMORY", 0)
    fill(tmp_path / "set", 20)
    (tmp_path / "set/dark/no.png").write_text("no picture")
    load(tmp_path / "set")
    said = capsys.readouterr().err
    with monkeypatch.context() as patch:
        patch.setattr(tile_store, "tile_of", lambda *_: pytest.fail("it is known"))
        load(tmp_path / "set")
    assert capsys.readouterr().err == said and "no.png" in said
    (tmp_path / "set/dark/no.png").unlink()
    cv2.imwrite(str(tmp_path / "set/dark/0.png"), np.full((28, 28), 50, np.uint8))
    again = load(tmp_path / "set")
    assert sum(len(p) for p in (again.train, again.validation, again.test)) == 20
    assert len(list((tmp_path / "data/tiles").iterdir())) == 2, "the old ones are gone"


@pytest.mark.skipif(sys.platform != "linux", reason="names are text elsewhere")
def test_a_name_that_is_not_utf8_is_one_of_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tile_store, "IN_MEMORY", 0)
    folder = fill(tmp_path / os.fsdecode(b"caf\xe9"), 20)
    (folder / "dark/0.png").rename(folder / "dark" / os.fsdecode(b"\xe9.png"))
    assert len(load(folder).listing) == 20


def test_a_kill_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tile_store, "IN_MEMORY", 0)
    fill(tmp_path / "set", 10)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(tile_store, "tile_of", stop)
        load(tmp_path / "set")
    assert not list((tmp_path / "data/tiles").iterdir())
    load(tmp_path / "set")
    (place,) = (tmp_path / "data/tiles").glob("*.npy")
    place.write_bytes(b"no array")
    with pytest.raises(DigitsError, match=r"cannot be used: .*; delete it"):
        load(tmp_path / "set")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_what_a_killed_writer_left_is_swept_when_it_is_old(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(Path("set"), 10)
    code = (
        "import os; from digits import data; from digits.data import tile_store\n"
        "tile_store.IN_MEMORY, tile_store.tile_of = 0, lambda *_: os.kill(os.getpid(), 9)\n"
        "data.load('set', 'data')"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(data.__file__).parents[2])}
    assert subprocess.run([sys.executable, "-c", code], env=environment).returncode == -9
    (left,) = Path("data/tiles").iterdir()
    monkeypatch.setattr(tile_store, "IN_MEMORY", 0)
    load(Path("set"))
    assert left.exists(), "another process may be writing it"
    os.utime(left, (0, 0))
    load(Path("set"))
    assert not left.exists() and len(list(Path("data/tiles").iterdir())) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells what is mapped")
def test_tiles_are_closed_before_they_are_renamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tile_store, "IN_MEMORY", 0)
    replace, renamed = Path.replace, []

    def closed(path: Path, to: Path) -> None:
        assert path.name not in Path("/proc/self/maps").read_text(), "Windows renames no open file"
        renamed.append(to)
        replace(path, to)

    monkeypatch.setattr(Path, "replace", closed)
    load(fill(tmp_path / "set", 10))
    assert len(renamed) == 1


PEAK = """
import sys, torch
from pathlib import Path
from digits import data
from digits.data import tile_store
from digits.data.look import Look
tile_store.IN_MEMORY = 0
train = data.load(sys.argv[1], "data", look=Look("none")).train.to(torch.device("cpu"))
for some in torch.randperm(len(train)).split(128):
    assert train[some].images.float().mean() > 0
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is Linux's to tell")
def test_a_million_tiles_take_little_memory(run_folder: Path) -> None:
    peaks = []
    for count in FEW, MANY:
        fill(run_folder / str(count), count)
        told = subprocess.run(
            [sys.executable, "-c", PEAK, str(count)], capture_output=True, text=True,
            env={**os.environ, "PYTHONPATH": str(Path(data.__file__).parents[2])}, check=False,
        )  # fmt: skip
        assert told.returncode == 0, told.stderr
        peaks.append(1024 * int(told.stdout))
    assert (peaks[1] - peaks[0]) / (MANY - FEW) < MOST_BYTES_A_TILE, peaks
