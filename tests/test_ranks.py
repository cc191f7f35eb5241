"""Two processes under torchrun: the figures of one, and what happens when one of them is lost."""

import csv
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from digits import checkpoint
from digits.data import Split
from digits.errors import DigitsError
from digits.training.ranks import Ranks

pytestmark = pytest.mark.slow

TRAIN = str(Path(__file__).parents[1] / "src" / "train.py")
FLAGS = "--arch cnn3 --dataset uci --batch_size 128 --learning_rate 0.003 --cpu".split()  # noqa: SIM905
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]


def train(*flags: str, ranks: list[str], folder: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, *ranks, TRAIN, *flags]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=200)


def history(folder: Path) -> list[dict[str, float]]:
    (path,) = folder.glob("runs/*/history.csv")
    with path.open() as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


def test_two_processes_do_what_one_does(tmp_path: Path) -> None:
    rows = {}
    for name, ranks in (("one", []), ("two", TORCHRUN)):
        folder = tmp_path / name
        folder.mkdir()
        result = train(*FLAGS, "--epochs", "3", ranks=ranks, folder=folder)
        assert result.returncode == 0, result.stderr
        rows[name] = history(folder)
    assert result.stdout.count("test accuracy") == 1, "one rank writes and prints"
    for one, two in zip(rows["one"], rows["two"], strict=True):
        assert one["learning_rate"] == two["learning_rate"]
        assert two["train_loss"] == pytest.approx(one["train_loss"], rel=0.1)
        assert two["validation_accuracy"] == pytest.approx(one["validation_accuracy"], abs=0.08)


JOIN_AND_LEAVE = """
import os, sys
import torch
from digits.training.ranks import join
with join(torch.device("cpu")) as ranks:
    ranks.wrap(torch.nn.Linear(2, 2))(torch.ones(1, 2)).sum().backward()
threads = [open(f"/proc/self/task/{task}/comm").read() for task in os.listdir("/proc/self/task")]
sys.exit(any("gloo" in name for name in threads))
"""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="Linux lists its threads there")
def test_no_thread_of_the_process_group_outlives_it(tmp_path: Path) -> None:
    """One that does may abort the process while Python shuts down: once in some hundred runs."""
    script = tmp_path / "script.py"
    script.write_text(JOIN_AND_LEAVE)
    environment = os.environ | {"PYTHONPATH": str(Path(TRAIN).parent)}
    command = [sys.executable, *TORCHRUN, str(script)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100)
    assert result.returncode == 0, result.stderr


def test_a_lost_process_ends_the_run_and_one_alone_resumes_it(tmp_path: Path) -> None:
    flags = [*FLAGS, "--epochs", "30", "--patience", "30"]
    process = subprocess.Popen(
        [sys.executable, *TORCHRUN, TRAIN, *flags],
        cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    for line in process.stderr:
        if line.strip().startswith("2 "):  # the second epoch is done
            break
    workers = subprocess.run(
        ["ps", "--ppid", str(process.pid), "-o", "pid="], capture_output=True, text=True
    ).stdout.split()
    assert len(workers) == 2
    os.kill(int(workers[1]), signal.SIGKILL)
    errors = process.communicate(timeout=100)[1]
    assert process.returncode != 0
    assert "another process was lost" in errors and "--resume" in errors

    result = train("--resume", "--cpu", ranks=[], folder=tmp_path)
    assert result.returncode == 0, result.stderr
    assert len(history(tmp_path)) == 30
    assert checkpoint.load(tmp_path / "models" / "best_model.pth")["arch"] == "cnn3"


def test_a_batch_that_does_not_divide(tmp_path: Path) -> None:
    flags = ["127" if flag == "128" else flag for flag in FLAGS]
    result = train(*flags, ranks=TORCHRUN, folder=tmp_path)
    assert result.returncode != 0
    assert "--batch_size 127 does not divide among 2 processes; try 126" in result.stderr


@pytest.mark.parametrize(("tiles", "each"), [(2, 1), (5, 2), (1, None)])
def test_each_process_has_a_tile_at_least(tiles: int, each: int | None) -> None:
    images = torch.zeros(tiles, 1, 28, 28, dtype=torch.uint8)
    split = Split(images, torch.zeros(tiles, dtype=torch.long))
    if each is None:
        with pytest.raises(DigitsError, match=r"^1 tiles to learn from do not suffice for 2 proc"):
            Ranks(0, 2).even_share(split)
    else:
        assert [len(Ranks(rank, 2).even_share(split)) for rank in (0, 1)] == [each] * 2
