"""Reading on a local Ray cluster of two workers, one of which is killed in the middle."""

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pyarrow.parquet
import pytest

from tests.test_bulk import FOLDER, children, wait_until

ray = pytest.importorskip("ray", reason="Ray is not installed")
COUNT = 400
DRIVER = """
import sys
from digits.bulk import ray_engine
from digits.pictures.files import files
import ray
ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False,
         runtime_env={"env_vars": {"PYTHONPATH": sys.argv[3]}})
for part in ray_engine.read_into(sys.argv[2], files(sys.argv[1]), True, 40, model="micro"):
    print(sum(part.values()), flush=True)
"""


def rows(folder: Path) -> list[dict[str, Any]]:
    return [
        row for path in sorted(folder.glob("*.parquet"))
        for row in pyarrow.parquet.read_table(path).to_pylist()
    ]  # fmt: skip


def picture_list(tmp_path: Path, names: list[str]) -> Path:
    found = tmp_path / "list.txt"
    found.write_text("\n".join(names) + "\n")
    return found


@pytest.mark.slow
def test_every_picture_has_one_row_though_a_worker_is_killed(tmp_path: Path) -> None:
    for i in range(COUNT):
        (tmp_path / f"{i}.png").symlink_to(FOLDER / "number.png")
    (tmp_path / "7.png").unlink()
    (tmp_path / "7.png").write_bytes(b"no picture")
    names = [f"{i}.png" for i in range(COUNT)]
    out, listing = tmp_path / "answers", picture_list(tmp_path, names)
    source = str(Path(__file__).parents[1] / "src")
    command = [sys.executable, "-c", DRIVER, str(listing), str(out), source]
    quiet = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0", "PYTHONPATH": source}
    run = subprocess.Popen(command, env=quiet, stdout=subprocess.DEVNULL)
    wait_until(lambda: any(out.glob("*.jsonl")))
    worker = next(pid for pid in children(run.pid) if is_worker(pid))
    os.kill(worker, signal.SIGKILL)
    assert run.wait(timeout=600) == 0
    found = rows(out)
    assert Counter(Path(row["image"]).name for row in found) == Counter(names)
    assert [row["error"] != "" for row in found].count(True) == 1
    assert not any(out.glob("*.jsonl"))


def is_worker(pid: int) -> bool:
    try:
        return "MapWorker" in Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return False


@pytest.mark.slow
def test_a_job_is_gone_on_with_and_a_strange_part_told(tmp_path: Path) -> None:
    listing = picture_list(tmp_path, [str(FOLDER / "number.png"), str(FOLDER / "two_rows.png")])
    flags = ["--image", str(listing), "--engine", "ray", "--model", "micro"]
    flags += ["--output", f"file://{tmp_path}/answers"]
    assert predict(*flags) == (0, ANY)
    assert len(rows(tmp_path / "answers")) == 2
    code, told = predict(*flags)
    assert code == 1 and told.endswith("has answers; add --resume to go on, or remove it")
    code, told = predict(*flags, "--resume")
    assert code == 0 and told.endswith("2 were there before")
    listing.write_text(f"{FOLDER / 'number.png'}\n")
    code, told = predict(*flags, "--resume")
    assert code == 1 and "parts of another list" in told


def predict(*flags: str) -> tuple[int, str]:
    """Exit code and last line: Ray's own warnings are none of the test's."""
    command = [sys.executable, "-m", "digits", "predict", *flags]
    run = subprocess.run(command, capture_output=True, text=True)
    return run.returncode, run.stderr.splitlines()[-1]
