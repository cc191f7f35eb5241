"""An artefact in a process of its own, where it takes its turns against others in theirs: none has
the memory, the caches or the threads of another.
"""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import digits
from digits import classifier, speed
from digits.classifier import Classifier
from digits.errors import DigitsError
from digits.optimization import c_program, html_program, phone_program
from digits.optimization.integer import Run

PACKAGE = Path(digits.__file__).parents[1]
CODE = "import sys; from digits.optimization import worker; worker.work(*sys.argv[1:])"
STATUS = Path("/proc/self/status")  # Linux; getrusage counts the parent's memory in
# By whom each suffix is loaded that `digits.classifier` does not know; it takes the classes' count
LOADED: dict[str, Callable[[Path, int], Run | None]] = {
    ".c": c_program.load,
    ".html": html_program.load,
    ".pte": lambda path, count: phone_program.load_pte(path),
    ".tflite": lambda path, count: phone_program.load_tflite(path),
}


def python(code: str, *arguments: str) -> tuple[list[str], dict[str, str]]:
    """The command and the environment of a new Python that finds this package."""
    seen = os.pathsep.join(filter(None, [str(PACKAGE), os.environ.get("PYTHONPATH")]))
    return [sys.executable, "-c", code, *arguments], os.environ | {"PYTHONPATH": seen}


class Worker:
    """A process that loads an artefact of these classes and has the tiles (N, C, H, W) uint8 of a
    .npy file; as a context it ends with it. It is asked and answers in lines of JSON."""

    def __init__(self, path: Path, tiles: Path, classes: Sequence[str]) -> None:
        command, environment = python(CODE, str(path), str(tiles), json.dumps(classes))
        pipe = subprocess.PIPE
        self.path = path
        self.process = subprocess.Popen(
            command, env=environment, stdin=pipe, stdout=pipe, text=True, start_new_session=True
        )  # a session of its own, so that Ctrl-C ends it by its parent

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *raised: object) -> None:
        self.process.kill()
        with contextlib.suppress(OSError):  # what was asked last was not written
            self.process.communicate()

    def turn(self, size: int, calls: int, budget_s: float, count: int) -> list[float]:
        """A `speed.Turn`."""
        return self._ask([size, calls, budget_s, count])

    def peak_bytes(self) -> int | None:
        """The most memory that it has had, where the system tells it."""
        return self._ask([])

    def _ask(self, what: list[float]) -> Any:
        assert self.process.stdin and self.process.stdout
        with contextlib.suppress(BrokenPipeError):  # then there is no answer either
            print(json.dumps(what), file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            raise DigitsError(
                f"{self.path.name}: its process ended with {self.process.wait()}, and gave no "
                "figures; was there memory for it?"
            )
        return json.loads(answer)


def races(
    paths: Sequence[Path], tiles: Path, classes: Sequence[str], repeats: int
) -> tuple[list[list[speed.Speed]], list[int | None]]:
    """Artefacts race `repeats` times: of each race their speeds, and at the end the most bytes of
    memory of each process.

    Raises:
        DigitsError: a process ended early.
    """
    count = len(np.load(tiles, mmap_mode="r"))
    with contextlib.ExitStack() as stack:
        workers = [stack.enter_context(Worker(path, tiles, classes)) for path in paths]
        turns = [worker.turn for worker in workers]
        found = [speed.race_in_turns(turns, count) for _ in range(repeats)]
        return found, [worker.peak_bytes() for worker in workers]


def work(path: str, tiles: str, classes: str) -> None:
    """What the process does until its input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    given = np.load(tiles)
    turn = speed.turns_of(_loaded(Path(path), json.loads(classes), given.shape[1:]), given)
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(turn(*asked) if asked else _peak_bytes()), file=answers, flush=True)


def _loaded(path: Path, classes: list[str], shape: tuple[int, ...]) -> Classifier:
    if path.suffix not in LOADED:
        return classifier.load(path)
    forward = LOADED[path.suffix](path, len(classes))
    assert forward is not None, f"{path}: what runs it was there when it was made"
    return Classifier(forward, path, tuple(classes), shape=shape)


def _peak_bytes() -> int | None:
    try:
        return int(STATUS.read_text().partition("VmHWM:")[2].split()[0]) * 1024
    except OSError:
        return None
