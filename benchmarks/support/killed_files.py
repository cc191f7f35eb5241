"""`predict --output`, `optimize`, `learn` and `tune`, killed with SIGKILL at random moments.

What has to hold: no answer is lost, changed or there twice; a model is the old one or the new one,
whole, and a shipped one never changes; no trial that was done is lost; no process of a killed
command lives on, and no file of it stays beside what it made once it ran to its end.
"""

import csv
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np

from digits import classifier, data

PICTURES = 100
GROUP_ENDS_S = 300.0  # of a clock: on a busy machine a process notices late
ROOT = Path(__file__).parents[2]
MICRO = classifier.shipped()["micro"]
PREDICT = "predict --model micro --image pictures --output answers.csv --resume"
OPTIMIZE = (
    f"optimize --dataset uci --model {MICRO.with_suffix('.pth')} --output a.onnx --quantize "
    "--max_drop 100"
)
LEARN = "learn --from own --model micro --dataset uci --epochs 2 --max_loss 100 --cpu"
TRIALS = 3
TUNE = f"tune --arch micro --dataset uci --epochs 1 --trials {TRIALS} --seeds 0 --cpu"


def start(folder: Path, command: str) -> subprocess.Popen[bytes]:
    """A command as the first process of a session, and so of a group, of its own."""
    argv = [sys.executable, "-m", "digits", *command.split()]
    settings = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    nothing = subprocess.DEVNULL
    return subprocess.Popen(
        argv, cwd=folder, env=settings, stdout=nothing, stderr=nothing, start_new_session=True
    )


def group_ends(group: int) -> bool:
    """Whether the last process of a group ends in time."""
    end = time.monotonic() + GROUP_ENDS_S
    while time.monotonic() < end:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def killed(
    folder: Path, command: str, kills: int, rng: random.Random, check: Callable[[bool], str]
) -> list[str]:
    """Kill a command `kills` times, each time started anew, and let it end once. What did not hold:
    what `check` says, which is told if it ran to its end, and processes that live on."""
    began = time.monotonic()
    wrong, done = [_ran(folder, command), check(True)], 0
    seconds = time.monotonic() - began
    while done < kills:
        process = start(folder, command)
        time.sleep(rng.uniform(0, seconds))
        process.kill()
        code = process.wait()
        done += code == -signal.SIGKILL
        if code not in (0, -signal.SIGKILL):
            wrong.append(f"exit code {code}")
        if not group_ends(process.pid):
            wrong.append("a process lives on")
        for path in folder.rglob(".*"):  # what is old is swept by the next
            os.utime(path, (0, 0))
        wrong.append(check(code == 0))
    return list(filter(None, [*wrong, _ran(folder, command), check(True)]))


def _ran(folder: Path, command: str) -> str:
    code = start(folder, command).wait()
    return f"exit code {code}" if code else ""


def predict_survives(kills: int, rng: random.Random) -> list[str]:
    """What did not hold."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        whole: list[list[tuple[str, ...]]] = []
        _draw(folder / "pictures")

        def check(ended: bool) -> str:
            if not ended:
                return ""  # what was torn is mended by the next
            rows = _rows(folder / "answers.csv")
            (folder / "answers.csv").unlink()
            whole.append(rows)
            if len(rows) != PICTURES or rows != whole[0]:
                return f"{len(rows)} rows, {len(set(rows) ^ set(whole[0]))} differ"
            return _left(folder)

        return killed(folder, PREDICT, kills, rng, check)


def optimize_survives(kills: int, rng: random.Random) -> list[str]:
    """What did not hold."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        place = folder / "a.onnx"
        place.write_bytes(MICRO.read_bytes())

        def check(ended: bool) -> str:
            shape = classifier.load(place)(np.zeros((1, 1, 28, 28), np.uint8)).shape
            is_old = place.read_bytes() == MICRO.read_bytes()
            place.write_bytes(MICRO.read_bytes())
            if shape != (1, 10) or (ended and is_old):
                return "no new model"
            return _left(folder) if ended else ""

        return killed(folder, OPTIMIZE, kills, rng, check)


def learn_survives(kills: int, rng: random.Random) -> list[str]:
    """What did not hold."""
    with tempfile.TemporaryDirectory() as scratch:
        folder, shipped = Path(scratch), _shipped()
        places = [folder / "models" / f"learned{suffix}" for suffix in (".pth", ".onnx")]
        _turn(folder / "own")

        def check(ended: bool) -> str:
            for path in (folder / "models").glob("[!.]*"):
                if ".before" in path.name and not path.stat().st_size:
                    continue  # there was none before
                if classifier.load(path)(np.zeros((1, 1, 28, 28), np.uint8)).shape != (1, 10):
                    return f"{path.name} is no model"
            if not all(place.exists() for place in places):
                return "what was kept is lost"  # the first run ended, and kept it
            if _shipped() != shipped:
                return "a shipped model is changed"
            return _left(folder / "models") if ended else ""

        return killed(folder, LEARN, kills, rng, check)


def tune_survives(kills: int, rng: random.Random) -> list[str]:
    """What did not hold."""
    with tempfile.TemporaryDirectory() as scratch:
        folder, shipped, done = Path(scratch), _shipped(), [0]
        study = folder / "runs" / "tune-micro.db"

        def check(ended: bool) -> str:
            before, done[0] = done[0], _trials_done(study) if study.exists() else 0
            if done[0] < before or (ended and done[0] != TRIALS):
                return f"{done[0]} trials after {before}"
            if _shipped() != shipped:
                return "a shipped model is changed"
            if ended:
                study.unlink()
                done[0] = 0
            return _left(study.parent) if ended else ""

        return killed(folder, TUNE, kills, rng, check)


def _shipped() -> dict[str, tuple[int, int]]:
    """Size and time of change of each file of the shipped models."""
    stats = {path.name: path.stat() for path in MICRO.parent.iterdir()}
    return {name: (stat.st_size, stat.st_mtime_ns) for name, stat in stats.items()}


def _trials_done(study: Path) -> int:
    """How many trials of a study ended. Raises sqlite3.DatabaseError if the file is damaged."""
    with closing(sqlite3.connect(study)) as database:
        if database.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            raise sqlite3.DatabaseError(f"{study}: damaged")
        asked = "SELECT count(*) FROM trials WHERE state IN ('COMPLETE', 'PRUNED')"
        (found,) = database.execute(asked).fetchone()
    return int(found)


def _turn(folder: Path) -> None:
    """Corrections by a hand that `micro` does not know: twos and sevens upside down."""
    uci = data.load("uci").train
    for label in (2, 7):
        (folder / str(label)).mkdir(parents=True)
        for i, tile in enumerate(uci.images[uci.labels == label][:20].numpy()[:, 0]):
            cv2.imwrite(str(folder / str(label) / f"{i}.png"), tile[::-1])


def _left(folder: Path) -> str:
    left = [path.name for path in folder.glob(".*")]
    return f"left: {left}" if left else ""


def _draw(folder: Path) -> None:
    folder.mkdir()
    for i in range(PICTURES):
        sheet = np.full((120, 260), 255, np.uint8)
        cv2.putText(sheet, str(100 + i), (20, 90), cv2.FONT_HERSHEY_SIMPLEX, 2.5, 0, 5)
        cv2.imwrite(str(folder / f"{i:03}.png"), sheet)


def _rows(path: Path) -> list[tuple[str, ...]]:
    """Each answer without its time."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        return sorted(tuple(row[k] for k in row if k != "seconds") for row in rows)
