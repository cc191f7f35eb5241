"""Search for an architecture's settings with Optuna, by validation alone.

A study lies in one SQLite file. It is killed and gone on with as one likes, and several processes
may share it: each trial is in it as soon as it is done.
"""

import contextlib
import dataclasses
import math
import os
import sqlite3
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from digits import archs, checkpoint
from digits.data import Dataset
from digits.errors import DigitsError, reason
from digits.extras import required
from digits.training import ensemble, transfer
from digits.training.config import TrainConfig
from digits.training.ranks import Ranks
from digits.training.recipes import RANGES, RANGES_OF
from digits.training.run import Run

HEARTBEAT, GRACE = 15, 60  # seconds: a trial's sign of life, and without one it is dead
FAILED = math.nan  # what Optuna takes for a failed trial: it is not counted, nor learned from
STARTUP_TRIALS = 5  # at random, and none of them is pruned
# What all trials of a study share; of a study that was begun without one, the default.
ABOUT = ("arch", "dataset", "hold_out", "epochs", "seed", "weights", "frame", "size", "colour",
         "init", "freeze")  # fmt: skip


class Watch:
    """Stands where TensorBoard's writer would, and ends a trial that is worse than the median."""

    def __init__(self, trial: Any) -> None:
        self.trial = trial

    def add_scalar(self, name: str, value: float, step: float) -> None:
        if name == "validation_accuracy":
            self.trial.report(value, int(step))

    def flush(self) -> None:
        import optuna

        if self.trial.should_prune():
            raise optuna.TrialPruned


def open_study(path: Path, config: TrainConfig) -> Any:
    """The study in this file, made if it is not there.

    Raises:
        DigitsError: Optuna is missing, the file is no study, or it is one of other settings.
    """
    optuna = required("optuna", "tune")
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # why a trial failed is said here
    about = {name: getattr(config, name) for name in ABOUT}
    try:
        is_first = not path.exists() and _make(path, about)
        _check(path)
        study = optuna.load_study(
            study_name="tune",
            storage=_storage(path),
            pruner=optuna.pruners.MedianPruner(STARTUP_TRIALS, max(config.epochs // 4, 1)),
        )
        before = study.user_attrs.get("about")
        study.get_trials(deepcopy=False)
        if not isinstance(before, dict | None):
            raise ValueError("of another program")
    except Exception as error:  # SQLAlchemy, Optuna and JSON trip over what is in it
        raise DigitsError(f"{path}: no study that can be used ({reason(error)})") from None
    if before is None:
        raise DigitsError(f"{path}: a study of another program; name another --study")
    before = {name: before.get(name, getattr(TrainConfig, name)) for name in ABOUT}
    if before != about:
        other = next(name for name in ABOUT if before[name] != about[name])
        raise DigitsError(
            f"{path}: a study of --{other} {before[other]}, not {about[other]}; "
            "name another --study"
        )
    # Only who makes the study draws by its seed: all others would draw the same trials again.
    study.sampler = optuna.samplers.TPESampler(
        n_startup_trials=STARTUP_TRIALS, seed=config.seed % 2**32 if is_first else None
    )
    with _quiet():
        optuna.storages.fail_stale_trials(study)
    return study


def _check(path: Path) -> None:
    """Raise sqlite3.DatabaseError if a page of the file is damaged, or it is no database."""
    with contextlib.closing(sqlite3.connect(path, timeout=GRACE)) as database:
        (found,) = database.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise sqlite3.DatabaseError(found.replace("\n", " "))


def _storage(path: Path) -> Any:
    """The file as Optuna's storage. Who runs a trial says every HEARTBEAT seconds that he lives;
    the trial of one who has not for GRACE seconds has failed, and its states are deleted."""
    import optuna

    def swept(_: Any, trial: Any) -> None:
        Run(folder_of(path, trial.number)).drop_states()

    with _quiet():
        return optuna.storages.RDBStorage(
            f"sqlite:///{path}",
            heartbeat_interval=HEARTBEAT,
            grace_period=GRACE,
            heartbeat_stale_trial_callback=swept,
        )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Within, Optuna does not say that what it is asked for is experimental."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def folder_of(study: Path, trial: int) -> Path:
    """Where a trial of the study in this file trains."""
    return study.with_suffix("") / f"{trial:04}"


def _make(path: Path, about: dict[str, Any]) -> bool:
    """A new study, there whole or not at all, whoever else begins it or kills us meanwhile; whether
    it is ours."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(".db", checkpoint.temporary_prefix(path), path.parent)
    os.close(descriptor)
    try:
        _fill(name, about)
        _put(Path(name), path)
        return True
    except FileExistsError:
        return False
    finally:
        Path(name).unlink(missing_ok=True)


def _fill(name: str, about: dict[str, Any]) -> None:
    """Make a study of an empty file, which is closed at the end: Windows deletes none that is
    open."""
    import optuna

    storage = optuna.storages.RDBStorage(f"sqlite:///{name}")
    try:
        study = optuna.create_study(study_name="tune", storage=storage, direction="maximize")
        study.set_user_attr("about", about)
    finally:
        storage.engine.dispose()


def _put(made: Path, path: Path) -> None:
    """Give a file its place. Raises FileExistsError if there is one."""
    try:
        os.link(made, path)
    except FileExistsError:
        raise
    except OSError:  # the file system has no links, as exFAT
        path.touch(exist_ok=False)
        made.replace(path)


def search(
    study: Any,
    config: TrainConfig,
    dataset: Dataset,
    folder: Path,
    on: torch.device,
    trials: int,
    minutes: float,
) -> int:
    """Go on until `trials` have ended or the time is over; the signal that stopped it, or 0.

    Raises:
        DigitsError: the model to start from does not fit.
    """
    import optuna
    from optuna.trial import TrialState

    if config.init:  # what is wrong with it would let every trial fail
        model = archs.create(
            config.arch, len(config.classes), dataset.shape, **config.arch_arguments
        )
        transfer.start(model, config, dataset.shape)
    ended = (TrialState.COMPLETE, TrialState.PRUNED)
    stopped = [0]

    def objective(trial: Any) -> float:
        settings = dataclasses.replace(config, **suggested(trial, config.arch))
        place = folder / f"{trial.number:04}"
        try:
            accuracy, stopped[0] = validated(settings, dataset, place, on, Watch(trial))
        except DigitsError as error:  # a loss that is not finite
            print(f"trial {trial.number}: failed: {error}", file=sys.stderr)
            return FAILED
        if stopped[0]:
            study.stop()
            return FAILED
        print(f"trial {trial.number}: {accuracy:.2%} {trial.params}", file=sys.stderr)
        return accuracy

    left = trials - len(study.get_trials(deepcopy=False, states=ended))
    if left > 0:
        study.optimize(
            objective,
            timeout=60 * minutes,
            callbacks=[optuna.study.MaxTrialsCallback(trials, ended)],
        )
    return stopped[0]


def suggested(trial: Any, arch: str) -> dict[str, Any]:
    """Settings for a trial, out of the ranges of its architecture."""
    settings: dict[str, Any] = {}
    for name, (kind, *values) in {**RANGES, **RANGES_OF.get(arch, {})}.items():
        if kind == "choice":
            settings[name] = trial.suggest_categorical(name, values)
        else:
            settings[name] = trial.suggest_float(name, *values, log=kind == "log")
    return settings


def validated(
    config: TrainConfig, dataset: Dataset, folder: Path, on: torch.device, board: Any = None
) -> tuple[float, int]:
    """Train once; the accuracy on validation of the best epoch, and the signal that stopped it."""
    folder.mkdir(parents=True, exist_ok=True)
    run = Run(folder)
    if board:
        run.board = board
    try:
        trained = ensemble.train(config, dataset, run, Ranks(), on, resume=False)
    finally:
        run.drop_states()
    (outcome,) = trained.outcomes
    best = max((row["validation_accuracy"] for row in outcome.history), default=0.0)
    return best, trained.stopped_by


def compared(
    study: Any, config: TrainConfig, dataset: Dataset, folder: Path, on: torch.device, seeds: int
) -> dict[str, list[float]]:
    """The accuracies on validation of the recipe and of the best settings, over the same seeds,
    none of which the search used; what was trained before a stop is not trained again."""
    found: dict[str, list[float]] = {}
    for name, settings in (("recipe", {}), ("best", study.best_params)):
        found[name] = []
        for seed in range(config.seed + 1, config.seed + seeds + 1):
            key = f"{name}, seed {seed}, trial {study.best_trial.number}"
            if key not in study.user_attrs:
                one = dataclasses.replace(config, seed=seed, **settings)
                accuracy, stopped = validated(one, dataset, folder / key, on)
                if stopped:
                    raise SystemExit(128 + stopped)
                study.set_user_attr(key, accuracy)
            found[name].append(study.user_attrs[key])
    return found


def draw(study: Any, folder: Path) -> list[Path]:
    """The plots that Optuna makes of a study; their files."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt
    from optuna.visualization import matplotlib as plots

    made = []
    with _quiet():
        for plot in (plots.plot_optimization_history, plots.plot_slice,
                     plots.plot_param_importances):  # fmt: skip
            try:
                plot(study)
            except (ValueError, RuntimeError):  # too few trials to say what is important
                continue
            path = folder / f"{plot.__name__.removeprefix('plot_')}.png"
            plt.savefig(path, dpi=110, bbox_inches="tight")
            plt.close("all")
            made.append(path)
    return made
