"""How many threads compute, and how they wait for one another, beside other busy programs.

A thread that waits spins, which is best on free cores. Beside busy programs the one that is waited
for has no core to run on, so it spins for a short time only (docs/lab/speed.md). Decided before
PyTorch is loaded, whose OpenMP (GNU's) looks at it once.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHOSEN_BY_USER = ("OMP_NUM_THREADS", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
LOOK_S = 0.1  # for so long the cores are watched, unless nothing ran in the last minute
LEAST_BUSY = 0.5  # cores, from which on others count
SHORT_SPIN = "1000"  # rounds, some microseconds; 300,000 are usual
COUNTERS = Path(
    "/proc/stat"
)  # Linux: ticks of all cores since it started, idle and waiting 4th, 5th

of_onnx = 0  # threads of an ONNX model; 0: as many as there are cores


def count() -> int:
    """Those that PyTorch computes with; where it is not loaded, those that it would."""
    torch = sys.modules.get("torch")
    if torch is not None:
        return int(torch.get_num_threads())
    first = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()  # "4,2": nested ones
    return int(first) if first.isdecimal() and int(first) else os.cpu_count() or 1


@contextmanager
def exactly(number: int) -> Iterator[None]:
    """PyTorch, where it is loaded, and ONNX models, loaded already or not, on so many threads."""
    global of_onnx
    torch = sys.modules.get("torch")
    before = count(), of_onnx
    if torch is not None:
        torch.set_num_threads(number)
    of_onnx = number
    try:
        yield
    finally:
        if torch is not None:
            torch.set_num_threads(before[0])
        of_onnx = before[1]


def fit() -> None:
    """Let threads wait shortly where other programs keep cores busy, and say so.

    Nothing is done where the user has chosen, or PyTorch is there already.
    """
    if "torch" in sys.modules or any(name in os.environ for name in CHOSEN_BY_USER):
        return
    cores = os.cpu_count() or 1
    busy = busy_cores(cores)
    if busy < LEAST_BUSY:
        return
    os.environ["GOMP_SPINCOUNT"] = SHORT_SPIN
    print(
        f"threads: short waits; other programs keep {busy:.1f} of {cores} cores busy",
        file=sys.stderr,
    )


def busy_cores(cores: int) -> float:
    """How many cores other programs keep busy now; 0 where the system does not tell."""
    try:
        if os.getloadavg()[0] < LEAST_BUSY:
            return 0.0
        before = _ticks()
        time.sleep(LOOK_S)
        idle, whole = (now - then for now, then in zip(_ticks(), before, strict=True))
        return cores * (1 - idle / whole) if whole else 0.0
    except (OSError, AttributeError, ValueError, IndexError):  # no Linux, or a closed container
        return 0.0


def _ticks() -> tuple[int, int]:
    ticks = [int(number) for number in COUNTERS.read_text().partition("\n")[0].split()[1:9]]
    return ticks[3] + ticks[4], sum(ticks)
