"""Train a model: the one flow behind `digits.train` and the command. Loads without torch."""

import signal
import sys
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from digits.errors import DigitsError, did_you_mean
from digits.extras import brought, needs
from digits.spec import BEST_MODEL

if TYPE_CHECKING:
    import torch

    from digits.classifier import Classifier
    from digits.evaluation import Measurement
    from digits.training.ensemble import Trained


@dataclass(frozen=True)
class Report:
    """What a training gave.

    `accuracy` is a fraction of the test set; of a row model, of made-up rows by held-out writers.
    `history` has a row an epoch (loss, accuracy, seconds), `metrics` is what metrics.json holds.
    `model` is the checkpoint, with an ONNX file beside it; `run` the folder of everything else.

    >>> model, report = train("micro", "uci", epochs=1, save_dir=folder / "own", device="cpu")
    >>> report.onnx.name, len(report.history), 0 <= report.accuracy <= 1
    ('best_model.onnx', 1, True)
    """

    accuracy: float
    metrics: dict[str, Any] = field(repr=False)
    history: list[dict[str, float]] = field(repr=False)
    model: Path
    run: Path
    test: "Measurement | None" = field(repr=False)

    @property
    def onnx(self) -> Path:
        """The model as ONNX, which reads without PyTorch."""
        return self.model.with_suffix(".onnx")


class Stopped(Exception):
    """A signal ended a training: its number, the run to go on with, the epoch kept (0: none)."""

    def __init__(self, number: int, run: Path, epoch: int) -> None:
        self.number, self.run, self.epoch = number, run, epoch


def train(
    arch: str | None = None,
    dataset: str = "auto",
    epochs: int | None = None,
    *,
    save_dir: str | Path | None = None,
    data_dir: str | Path | None = None,
    device: str | None = None,
    force: bool = False,
    **settings: Any,
) -> "tuple[Classifier, Report]":
    """Train an architecture, keep its best epoch, measure it once on the test set.

    `arch` is by default that of the model `init` to start from, or "improved".
    `dataset` is a name or the path of your own (docs/own-data.md); `settings` are the flags of
    `digits train` by their names (`learning_rate=0.01`), and go before the architecture's recipe.
    `device` demands one: "cpu", "cuda", "mps"; otherwise it is a GPU if one works. Files go where
    those of `digits train` go: into `models/` and `runs/` of the working directory, or both into
    `save_dir`; a better best_model.pth that is there stays, unless `force`. Progress goes to
    standard error.

    Raises:
        DigitsError: a setting or a data set is not known, something cannot be written, or PyTorch
            is not installed.
        KeyboardInterrupt: Ctrl-C; the state is saved, and `digits train --resume` goes on.
        SystemExit: SIGTERM, with 143, in the same way.

    >>> model, report = train("cnn2", "uci", epochs=3, save_dir=folder, device="cpu")
    >>> report.accuracy > 0.9, model.classes[:3], report.model.name
    (True, ('0', '1', '2'), 'best_model.pth')
    """
    from digits.device import pick

    asked = {"arch": arch, "dataset": str(dataset), "epochs": epochs, **settings}
    given = {name: value for name, value in asked.items() if value is not None}
    try:
        with brought("train"):
            check(given)
            done = carry_out(
                given,
                pick(device=device),
                data_dir=str(data_dir) if data_dir is not None else None,
                save_dir=Path(save_dir) if save_dir is not None else None,
                force=force,
            )
    except Stopped as stopped:
        if stopped.number == signal.SIGINT:
            raise KeyboardInterrupt from None
        raise SystemExit(128 + stopped.number) from None
    assert done, "one process is the first"
    return done


def check(given: dict[str, Any]) -> None:
    """See that settings are known and of their kinds, before anything is made.

    Raises:
        DigitsError: one is not.
    """
    from digits import archs
    from digits.training.config import TrainConfig

    known = TrainConfig.names()
    for name in given:
        if name not in known:
            raise DigitsError(f"no setting {name!r}{did_you_mean(name, known)}")
    TrainConfig.stored(given)
    kinds = archs.names(*archs.KINDS)
    arch = given.get("arch", TrainConfig.arch)
    if arch not in kinds:
        hint = did_you_mean(arch, kinds)
        raise DigitsError(f"no architecture {arch!r}{hint}; known are {', '.join(kinds)}")


def carry_out(
    given: dict[str, Any],
    on: "torch.device",
    *,
    preset: str | None = None,
    resume: str | None = None,
    data_dir: str | None = None,
    save_dir: Path | None = None,
    force: bool = False,
    tensorboard: bool = False,
) -> "tuple[Classifier, Report] | None":
    """Begin or go on with a run, train, save, measure and draw; None in all ranks but the first.

    Raises:
        DigitsError: what is wrong with the settings, the data or the disk.
        Stopped: a signal ended it; what it had learned is saved.
    """
    from digits import archs, checkpoint, classifier, evaluation
    from digits.training import ensemble, finder, lines, made_up, rows
    from digits.training.lifecycle import folder_of, packed, prepare, publish
    from digits.training.ranks import join

    with join(on) as ranks:
        run, config, dataset, save_dir = prepare(given, preset, resume, data_dir, save_dir, ranks)
        if ranks.first:
            print(f"run: {run.folder}", file=sys.stderr)
        if tensorboard and ranks.first:
            run.open_board()
        takes = archs.kind(config.arch)
        if config.samples:
            subjects: dict[str, made_up.Subject[Any]] = {
                archs.ROWS: rows.SUBJECT, archs.PAGES: finder.SUBJECT, archs.LINES: lines.SUBJECT,
            }  # fmt: skip
            subject = subjects[takes]
            folder = folder_of(data_dir)
            trained = made_up.train(subject, config, dataset, folder, run, on, bool(resume))
        else:
            trained = ensemble.train(config, dataset, run, ranks, on, bool(resume))
        if not ranks.first:
            return None

    if trained.kept:
        content = (
            made_up.packed(trained, config)
            if config.samples
            else packed(trained, dataset.validation, config)
        )
        place = save_dir / (f"{config.arch}.pth" if config.samples else BEST_MODEL.name)
        with checkpoint.locked(save_dir):  # two that end together keep one model, not half of each
            saved = publish(content, run, place, force or bool(config.samples))
            if trained.finished:
                _write_onnx(content, {run.model, saved})
    if not trained.finished:
        best = trained.outcomes[-1].best_epoch if trained.kept else 0
        raise Stopped(trained.stopped_by, run.folder, best)

    _draw_curves(trained)
    model = classifier.load(run.model, on, takes)
    metrics, test = content["metrics"], None
    accuracy = metrics["validation"]["validation_accuracy"]
    if not config.samples:
        test = evaluation.measure(model, dataset.test)
        evaluation.draw(run.folder, test)
        metrics, accuracy = {"test": test.summary, **metrics}, test.summary["accuracy"]
    checkpoint.write_json(run.metrics, metrics)
    for part in (run, *trained.runs):
        part.drop_states()
    return model, Report(accuracy, metrics, trained.outcomes[0].history, saved, run.folder, test)


def _write_onnx(content: dict[str, Any], checkpoints: set[Path]) -> None:
    """The model as float32 ONNX beside its checkpoints: it reads without PyTorch. Where what writes
    it is not installed, that is said."""
    from digits import checkpoint
    from digits.optimization import artefact

    missing = [name for name in ("onnx", "onnxscript") if find_spec(name) is None]
    if missing:
        print(f"warning: no ONNX file beside the model: it {needs(missing[0])}", file=sys.stderr)
        return
    built = artefact.build(content, ".onnx")
    for path in checkpoints:
        checkpoint.write_bytes(path.with_suffix(".onnx"), built)


def _draw_curves(trained: "Trained") -> None:
    from digits import evaluation

    for part, outcome in zip(trained.runs, trained.outcomes, strict=True):
        curves = part.folder / "training_curves.png"
        evaluation.draw_curves(curves, outcome.history, outcome.best_epoch)
