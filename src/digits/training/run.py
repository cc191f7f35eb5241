"""The folder of one training run: runs/<date-time>-<arch>/, and what lies in it."""

import csv
import io
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from digits import checkpoint
from digits.cells import cell, text_cell
from digits.errors import DigitsError, reason
from digits.extras import needs
from digits.spec import RUNS_DIR


class NoBoard:
    """Stands in for TensorBoard's writer where none is wanted."""

    def add_scalar(self, name: str, value: float, step: float) -> None:
        pass

    def flush(self) -> None:
        pass


class Run:
    """Paths and files of one run; `config.json` in it marks a folder as one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "config.json"
        self.history = folder / "history.csv"
        self.metrics = folder / "metrics.json"
        self.model = folder / "model.pth"
        self.init = folder / "init.pth"  # a copy of the model that it began with
        self.splits = folder / "splits.csv"
        self.board: Any = NoBoard()

    @classmethod
    def create(cls, arch: str, parent: Path = RUNS_DIR) -> "Run":
        """Make a new folder named by the time and the architecture."""
        name = f"{datetime.now():%Y-%m-%d-%H%M%S}-{arch}"
        for suffix in ("", *(f"-{i}" for i in range(2, 100))):
            folder = parent / (name + suffix)
            try:
                folder.mkdir(parents=True)
            except FileExistsError:
                continue
            except OSError as error:
                raise DigitsError(f"{folder}: cannot be made: {reason(error)}") from None
            return cls(folder)
        raise DigitsError(f"{parent / name}: too many runs in one second")

    @classmethod
    def find(cls, folder: str, parent: Path = RUNS_DIR) -> "Run":
        """The run in this folder, or with 'latest' the one whose state was saved last.

        Its name says nothing: folders are copied and clocks are wrong.

        Raises:
            DigitsError: there is none.
        """
        if folder != "latest":
            run = cls(Path(folder))
            if not run.config.is_file():
                hint = f"; runs are in {within}" if (within := run.folder / "runs").is_dir() else ""
                raise DigitsError(f"{folder}: not the folder of a training run{hint}")
            return run
        saved = {
            run: max((state.stat().st_mtime_ns for state in run.rglob("state-*.pth")), default=0)
            for run in parent.glob("*/")
            if (run / "config.json").is_file()
        }
        newest = max(saved, key=saved.__getitem__, default=None)
        if newest is None or not saved[newest]:
            raise DigitsError(f"{parent}/: no run to resume; start one without --resume")
        return cls(newest)

    def begun_with(self, init: str) -> str:
        """The model to start from: the copy, as the one named `init` may be another since."""
        return str(self.init) if self.init.is_file() else init

    def part(self, name: str) -> "Run":
        """A run within this one, in a folder of this name."""
        part = Run(self.folder / name)
        part.folder.mkdir(exist_ok=True)
        part.board = self.board
        return part

    def open_board(self) -> None:
        """From now on write the rows for TensorBoard too.

        Raises:
            DigitsError: it is not installed.
        """
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise DigitsError(f"--tensorboard {needs('tensorboard')}") from None
        self.board = SummaryWriter(str(self.folder / "tensorboard"))

    def write_history(self, rows: Sequence[dict[str, float]]) -> None:
        """Write the table of epochs, and the newest row for TensorBoard."""
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
        checkpoint.write_atomically(self.history, lambda file: file.write(text.getvalue().encode()))
        for name, value in rows[-1].items():
            self.board.add_scalar(name, value, rows[-1]["epoch"])
        self.board.flush()

    def write_splits(self, listing: Sequence[tuple[str, str, str]]) -> None:
        """Write which part each picture of one's own is in, if there are any."""
        if listing:
            rows = [(cell(path), text_cell(label), part) for path, label, part in listing]
            with self.splits.open(
                "w",
                newline="",
                encoding="utf-8",
                errors="surrogateescape",  # names are bytes
            ) as file:
                csv.writer(file).writerows([("path", "label", "split"), *rows])

    def states(self) -> list[Path]:
        """Saved training states, oldest first."""
        return sorted(self.folder.glob("state-*.pth"))

    def save_state(self, step: int, content: dict[str, Any]) -> None:
        """Keep this state and the one before it, so that one damaged file loses little."""
        checkpoint.save(self.folder / f"state-{step:09d}.pth", content)
        for old in self.states()[:-2]:
            old.unlink(missing_ok=True)

    def drop_newest_state(self) -> str:
        """Of several states delete the newest; its name."""
        newest = self.states()[1:][-1:]
        for path in newest:
            path.unlink()
        return "".join(path.name for path in newest)

    def load_state(self) -> dict[str, Any] | None:
        """The newest undamaged state, or None; says which damaged ones it passed over."""
        for path in reversed(self.states()):
            try:
                return checkpoint.load(path)
            except DigitsError as error:
                print(f"warning: {error}: trying the state before it", file=sys.stderr)
        return None

    def state_to_resume(self) -> dict[str, Any]:
        """As `load_state`.

        Raises:
            DigitsError: the run is finished, or has no undamaged state.
        """
        finished = self.model.exists() and not self.states()
        state = self.load_state()
        if state is None:
            why = "finished; there is nothing to go on with" if finished else (
                "no undamaged state to resume from; train it afresh")  # fmt: skip
            raise DigitsError(f"{self.folder}: {why}")
        return state

    def drop_states(self) -> None:
        """Once a run is complete its states serve nothing, nor does what it began with."""
        for path in (*self.states(), self.init):
            path.unlink(missing_ok=True)
