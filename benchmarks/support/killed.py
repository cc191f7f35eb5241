"""Training that is killed with SIGKILL at random moments and resumed, on the UCI scans.

Each of ROWS is trained once undisturbed and once killed and resumed; the weights are compared.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from digits import checkpoint

TRAIN = Path(__file__).parents[2] / "src" / "train.py"
ROWS = ("--arch cnn3", "--arch improved --average 0.95", "--arch cnn2 --augment light")
COMMON = "--dataset uci --patience 1000 --save_every 0.1 --cpu --seed 1"
EPOCHS_A_KILL = 8  # so that a run is not over before all its kills
STARTUP_SHARE = 0.2  # of the kills that fall before the first step, while things are being loaded


def start(folder: Path, flags: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(TRAIN), *flags.split()]
    # the same number of threads, whatever else runs: sums are rounded in their order
    fixed = {"OMP_NUM_THREADS": str(os.cpu_count()), **os.environ}
    return subprocess.Popen(
        command, cwd=folder, env=fixed, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )


def kill_at_random(process: subprocess.Popen[str], rng: random.Random) -> str:
    """SIGKILL a run at a random moment; says which: `loading`, `training` or `finished`."""
    assert process.stderr is not None
    moment = "training"
    if rng.random() < STARTUP_SHARE:
        moment = "loading"
        time.sleep(rng.uniform(0, 2))
    else:
        for line in process.stderr:
            if line.startswith("epoch") or line.split()[0].isdigit():  # the table of epochs
                break
        time.sleep(rng.uniform(0, 1.5))
    with process.stderr:
        if process.poll() is not None:
            return "finished"
        process.kill()
        process.wait()
    return moment


def final_weights(folder: Path) -> str:
    (path,) = folder.glob("runs/*/model.pth")
    return checkpoint.digest(checkpoint.load(path)["state_dict"])


def survive(flags: str, kills: int, rng: random.Random) -> tuple[bool, list[str]]:
    """Whether a run that is killed `kills` times ends with the weights of an undisturbed one, and
    the moments of the kills."""
    flags = f"{flags} {COMMON} --epochs {EPOCHS_A_KILL * kills}"
    with tempfile.TemporaryDirectory() as scratch:
        whole, broken = Path(scratch, "whole"), Path(scratch, "broken")
        whole.mkdir()
        broken.mkdir()
        start(whole, flags).communicate()
        moments: list[str] = []
        while True:
            resumable = list(broken.glob("runs/*/state-*.pth"))
            process = start(broken, f"--resume {resumable[0].parent} --cpu" if resumable else flags)
            if len(moments) < kills:
                moments.append(kill_at_random(process, rng))
                if moments[-1] == "finished":
                    break
            else:
                _, errors = process.communicate()
                assert process.returncode == 0, errors
                break
        return final_weights(whole) == final_weights(broken), moments
