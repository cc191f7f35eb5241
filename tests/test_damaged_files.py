"""What lies in the folders of data and of runs, damaged anywhere: one line, never a traceback.

`test_no_traceback.py` does the same for the files that commands are given by name.
"""

import contextlib
import gzip
import io
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from digits import archs, checkpoint
from digits.data import hands, tile_store
from digits.data.look import Look
from digits.data.own_files import Item
from digits.errors import DigitsError
from digits.evaluation import facts, numbers
from digits.training.config import TrainConfig
from digits.training.run import Run
from digits.training.state import TrainingState
from tests.test_no_traceback import damaged, quick, somewhere

CONFIG = TrainConfig(arch="micro", dataset="uci", epochs=2)
PLAIN = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5),
              st.just(torch.zeros(3))),
    lambda inner: st.one_of(st.lists(inner, max_size=3),
                            st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)  # fmt: skip


def archive(**arrays: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def state() -> TrainingState:
    torch.manual_seed(0)
    return TrainingState(archs.create("micro"), CONFIG, 20, None)


@cache
def saved() -> bytes:
    """A state after an epoch of ten steps."""
    with somewhere() as folder:
        made = state()
        made.progress.step = 10
        for _ in range(10):
            made.optimizer.step()
            made.schedule.step()
        made.keep_if_best(
            {"epoch": 1.0, "train_loss": 1.0, "validation_loss": 1.0, "validation_accuracy": 0.5}
        )
        run = Run(folder)
        run.save_state(10, made.content())
        return run.states()[0].read_bytes()


def resumed(folder: Path) -> None:
    """What `train --resume` does with a state before it trains on, and after each epoch."""
    content = Run(folder).load_state()
    if content is None:
        return
    again = state()
    again.restore(content)
    last = {"epoch": 2.0, "train_loss": 1.0, "validation_loss": 0.5, "validation_accuracy": 0.9}
    again.keep_if_best(last)
    Run(folder).write_history(again.progress.history)


@quick
@given(st.data())
def test_a_damaged_state(data: st.DataObject) -> None:
    with somewhere() as folder, contextlib.suppress(DigitsError):
        (folder / "state-000000010.pth").write_bytes(data.draw(damaged(saved())))
        resumed(folder)


@pytest.mark.slow
@quick
@given(st.data())
def test_a_state_with_a_right_checksum_and_anything_in_a_place_of_it(data: st.DataObject) -> None:
    with somewhere() as folder, contextlib.suppress(DigitsError):
        path = folder / "state-000000010.pth"
        path.write_bytes(saved())
        content = checkpoint.load(path)
        place: Any = content
        for _ in range(data.draw(st.integers(0, 3))):
            inner = [v for v in (place.values() if isinstance(place, dict) else place)
                     if isinstance(v, dict | list) and v]  # fmt: skip
            place = data.draw(st.sampled_from(inner)) if inner else place
        key = data.draw(st.sampled_from(list(place) if isinstance(place, dict)
                                        else range(len(place))))  # fmt: skip
        place[key] = data.draw(PLAIN)
        checkpoint.save(path, content)
        resumed(folder)


@cache
def study() -> bytes:
    from digits.training import tune

    with somewhere():
        opened = tune.open_study(Path("it.db"), CONFIG)
        opened.optimize(lambda trial: trial.suggest_float("learning_rate", 0.001, 0.1), n_trials=1)
        return Path("it.db").read_bytes()


@pytest.mark.slow
@quick
@given(st.data())
def test_a_damaged_study(data: st.DataObject) -> None:
    from digits.training import tune

    pytest.importorskip("optuna")
    with somewhere(), contextlib.suppress(DigitsError):
        Path("it.db").write_bytes(data.draw(damaged(study())))
        opened = tune.open_study(Path("it.db"), CONFIG)
        assert all(trial.number >= 0 for trial in opened.trials)


@quick
@given(st.data())
def test_a_damaged_table_of_epochs(data: st.DataObject) -> None:
    row = {"epoch": 1.0, "train_loss": 1.0, "train_accuracy": 0.5, "validation_loss": 1.0,
           "validation_accuracy": 0.5, "learning_rate": 0.1, "seconds": 1.0}  # fmt: skip
    with somewhere() as folder, contextlib.suppress(DigitsError):
        run = Run(folder)
        run.write_history([row, row])
        run.model.write_bytes(b"weights")
        run.history.write_bytes(data.draw(damaged(run.history.read_bytes())))
        facts._in_runs(run.model)


def own_tiles(folder: Path) -> tuple[np.ndarray, list[str], list[str]]:
    items = [Item(np.full((40, 40), 255, np.uint8), f"{i}", "1", "") for i in range(4)]
    items[0].source[10:30, 18:22] = 0
    return tile_store.tiles_of(folder / "own", items, Look(), folder)


@pytest.mark.slow
@quick
@given(st.data())
def test_damaged_tiles_on_the_disk(data: st.DataObject) -> None:
    with pytest.MonkeyPatch.context() as patch, somewhere() as folder:
        patch.setattr(tile_store, "IN_MEMORY", 0)
        own_tiles(folder)
        (array,) = folder.glob("tiles/*.npy")
        chosen = data.draw(st.sampled_from([array, array.with_suffix(".json")]))
        chosen.write_bytes(data.draw(damaged(chosen.read_bytes())))
        with contextlib.suppress(DigitsError):
            tiles, why_not, sizes = own_tiles(folder)
            assert tiles.shape == (4, 1, 28, 28) and tiles.dtype == np.uint8
            assert len(why_not) == 4 and all(isinstance(why, str) for why in why_not)
            assert len(sizes) in (0, 3)


HANDS = archive(
    label=np.array(list("123")), use=np.ones(3, bool), writer=np.arange(3),
    kind=np.array(["digit"] * 3), rel_size=np.ones(3), sample_start=np.arange(4),
    stroke_start=np.array([0, 2, 4, 6]), points=np.zeros((6, 2)),
)  # fmt: skip


@quick
@given(st.data())
def test_damaged_hands(data: st.DataObject) -> None:
    with somewhere() as folder, contextlib.suppress(DigitsError):
        (folder / "hands").mkdir()
        for path in hands_in(folder):
            path.write_bytes(data.draw(damaged(HANDS)))
        hands.load(folder, held_out=False)


def hands_in(folder: Path) -> list[Path]:
    return [folder / "hands" / f"{name}.npz" for name in hands.COLLECTIONS]


WRITERS = gzip.compress(b"\0\0\x0c\x02" + np.array([3, 8], ">i4").tobytes()
                        + np.arange(24, dtype=">i4").tobytes())  # fmt: skip


@quick
@given(st.data())
def test_a_damaged_table_of_writers(data: st.DataObject) -> None:
    with somewhere() as folder, contextlib.suppress(DigitsError):
        path = folder / numbers.WRITERS
        path.parent.mkdir(parents=True)
        path.write_bytes(data.draw(damaged(WRITERS)))
        numbers.writers_of(folder, np.array([0, 8, 16]))
