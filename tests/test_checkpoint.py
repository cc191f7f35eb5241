"""Checkpoints: what goes in comes out, and nothing damaged or dangerous gets in."""

import os
import pickle
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from digits import archs, checkpoint
from digits.errors import DigitsError
from digits.spec import pretrained_dir


@pytest.fixture
def content() -> dict:
    torch.manual_seed(0)
    return checkpoint.pack("cnn3", archs.create("cnn3"), temperature=1.5, metrics={"a": [1, 2.5]})


def test_round_trip_rebuilds_the_model(content: dict, tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "m.pth", content)
    loaded = checkpoint.load(tmp_path / "m.pth")
    assert loaded["temperature"] == 1.5 and loaded["metrics"] == {"a": [1, 2.5]}
    weights = checkpoint.build(loaded).state_dict()
    assert all(torch.equal(weights[name], value) for name, value in content["state_dict"].items())
    assert [p.name for p in tmp_path.iterdir()] == ["m.pth"]


def test_a_flipped_bit_anywhere_is_found(content: dict, tmp_path: Path) -> None:
    path = tmp_path / "m.pth"
    checkpoint.save(path, content)
    whole = path.read_bytes()
    for position in range(len(whole) // 10, len(whole), len(whole) // 9):
        damaged = bytearray(whole)
        damaged[position] ^= 16
        path.write_bytes(damaged)
        try:
            loaded = checkpoint.load(path)
        except DigitsError:
            continue
        # zip headers hold dates and padding: a flip there may pass, but then nothing has changed
        assert checkpoint.digest(loaded) == checkpoint.digest({"format": 1, **content})


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.99])
def test_truncated(content: dict, tmp_path: Path, share: float) -> None:
    path = tmp_path / "m.pth"
    checkpoint.save(path, content)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(DigitsError, match="damaged, or not a checkpoint"):
        checkpoint.load(path)


class Evil:
    def __reduce__(self) -> tuple:
        return os.system, ("touch evil-was-here",)


def test_code_in_a_pickle_is_refused_and_not_run(run_folder: Path) -> None:
    torch.save({"format": 1, "x": Evil()}, "zip.pth")
    Path("bare.pth").write_bytes(pickle.dumps(Evil()))
    for name in ("zip.pth", "bare.pth"):
        with pytest.raises(DigitsError, match="refused"):
            checkpoint.load(name)
    assert not Path("evil-was-here").exists()


def test_what_fills_the_memory_while_it_is_read_is_refused(
    content: dict, run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save({**content, "format": 1, "x": bytearray(10)}, "m.pth")
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("it was read"))
    with pytest.raises(DigitsError, match="refused: not plain data"):
        checkpoint.load("m.pth")


def repeated(value: object, times: int) -> object:
    """A list of 2^times of a value, in a few bytes: each list holds the one before it twice."""
    for _ in range(times):
        value = [value, value]
    return value


BOMBS = {
    "expanded": lambda: torch.zeros(1).expand(2 * 10**8),
    "shared": lambda: [torch.zeros(10**6)[:]] * 300,
    "nested": lambda: repeated(1, 60),
    "of another kind": lambda: torch.FloatStorage,
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_more_than_a_file_has_bytes_is_refused_unread(
    bomb: Callable[[], object], content: dict, run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save({**content, "format": 1, "bomb": bomb(), "checksum": "0" * 64}, "m.pth")
    assert Path("m.pth").stat().st_size < 5e6
    monkeypatch.setattr(checkpoint, "digest", lambda _: pytest.fail("it was read"))
    with pytest.raises(DigitsError, match="refused: holds more than it has bytes"):
        checkpoint.load("m.pth")


def test_a_packed_archive_is_refused_before_it_is_unpacked(run_folder: Path) -> None:
    torch.save({"format": 1, "x": torch.zeros(10**6)}, "plain.pth")
    with zipfile.ZipFile("plain.pth") as given, zipfile.ZipFile("m.pth", "w", 8) as made:
        for name in given.namelist():
            made.writestr(name, given.read(name))
    with pytest.raises(DigitsError, match="refused: holds more than it has bytes"):
        checkpoint.load("m.pth")


def test_a_whole_file_of_other_content_is_refused(content: dict, tmp_path: Path) -> None:
    torch.save({**content, "format": 1, "checksum": "0" * 64}, tmp_path / "m.pth")
    with pytest.raises(DigitsError, match="its checksum does not fit"):
        checkpoint.load(tmp_path / "m.pth")


def test_other_formats_are_refused(content: dict, tmp_path: Path) -> None:
    several = torch.zeros(3)  # of which no comparison is true or false
    others = [{**content, "format": one} for one in (2, several, "1", None)]
    for other in (content["state_dict"], [1, 2], *others):
        torch.save(other, tmp_path / "weights.pth")
        with pytest.raises(DigitsError, match="not a checkpoint of this program"):
            checkpoint.load(tmp_path / "weights.pth")


def test_what_was_shipped_goes_on_loading() -> None:
    assert checkpoint.load(pretrained_dir() / "micro.pth")["format"] == 1


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(content: dict, value: float) -> None:
    next(iter(content["state_dict"].values())).view(-1)[0] = value
    with pytest.raises(DigitsError, match="NaN or infinite"):
        checkpoint.build(content)


def test_what_a_model_says_of_itself_is_checked(content: dict, tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "m.pth", {**content, "temperature": -1.0})
    with pytest.raises(DigitsError, match="temperature cannot be right"):
        checkpoint.load(tmp_path / "m.pth")


def test_failed_save_leaves_the_old_file(content: dict, tmp_path: Path) -> None:
    path = tmp_path / "m.pth"
    path.write_bytes(b"old")

    def fails(file: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(DigitsError, match="No space left"):
        checkpoint.write_atomically(path, fails)
    assert path.read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1


def test_digest_sees_values_types_and_order() -> None:
    values = [1, 1.0, "1", True, [1], {"1": 1}, torch.tensor(1), torch.tensor(1.0)]
    values += [torch.zeros(2, 3), torch.zeros(3, 2), [1, [2]], [1, 2]]
    assert len({checkpoint.digest(value) for value in values}) == len(values)


@pytest.mark.parametrize("around", [lambda x: x, lambda x: [x], lambda x: {"x": x}])
def test_digest_sees_every_number_of_a_large_tensor(around: Callable) -> None:
    """However it is packed: as text a tensor leaves most of its numbers out."""
    large = torch.zeros(5000)
    before = checkpoint.digest(around(large))
    large[2500] = 1
    assert checkpoint.digest(around(large)) != before


def test_what_others_are_writing_is_left_alone(content: dict, run_folder: Path) -> None:
    in_another_container = f".m.pth.{2**30}.x"  # where numbers of processes are other ones
    others = {f".m.pth.{os.getpid()}.x", in_another_container, ".m.pth.mine.x"}
    for name in others:
        Path(name).touch()
    os.utime(".m.pth.mine.x", (0, 0))
    checkpoint.save("m.pth", content)
    assert {path.name for path in run_folder.iterdir()} == {"m.pth", *others}


def test_what_a_killed_save_left_is_swept_when_it_is_old(content: dict, run_folder: Path) -> None:
    code = (
        "import os, signal; from digits.checkpoint import write_atomically\n"
        "write_atomically('m.pth', lambda file: os.kill(os.getpid(), signal.SIGKILL))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == -signal.SIGKILL
    (left,) = run_folder.iterdir()
    os.utime(left, (0, 0))
    checkpoint.save("m.pth", content)
    assert [path.name for path in run_folder.iterdir()] == ["m.pth"]


def test_where_the_system_has_no_locks_there_is_no_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "fcntl", None)
    with checkpoint.locked(tmp_path / "models"):
        assert (tmp_path / "models").is_dir()
