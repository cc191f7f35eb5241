"""How a run begins, afresh or resumed, and how its model is handed out."""

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from digits import archs, card, checkpoint, classifier, data, spec
from digits.data import Dataset, Split, extras
from digits.data.extras import Extras
from digits.errors import DigitsError, reason
from digits.spec import RUNS_DIR, SAVE_DIR, SMALL_SET
from digits.training import teacher, transfer
from digits.training.calibrate import calibrate
from digits.training.config import TrainConfig
from digits.training.ensemble import Trained
from digits.training.ranks import Ranks
from digits.training.run import Run
from digits.training.step import logits_of

# In config.json beside the settings: where a run's model goes, the threads that compute it, as
# their number decides in which order sums are rounded, and a digest of what it learns from.
KEPT_IN, THREADS, LEARNED = "save_dir", "threads", "learned_digest"
DIGEST = "digest"  # among the figures of validation: of its tiles, so that models compare
SPLIT = ("dataset", "hold_out")  # settings that stand for it in models that have none
MOST_THREADS = 1024
OF_DIGITS = ("strokes", "nondigits", "hands")  # what can be added to digits alone
OF_TILES = ("patience", "on_nan", "teacher", "ensemble", "augment", "mixing", "compile",
            "label_smoothing", "nondigits")  # fmt: skip
SMALL_EPOCHS, SMALL_BATCH = 12, 64  # of presets on it: 240 steps, 99.4% of its test set
FEW_STEPS = 100


def prepare(
    given: dict[str, Any],
    preset: str | None,
    resume: str | None,
    data_dir: str | None,
    save_dir: Path | None,
    ranks: Ranks,
) -> tuple[Run, TrainConfig, Dataset, Path]:
    """The folder, the settings and the data of a run, and where its model goes; one rank makes the
    folder.

    `given` are settings that go before the recipe; `resume` names the folder of a run whose
    settings, data set and place of the model (unless there is a `save_dir`) are taken instead. Runs
    lie in `runs/`, of the `save_dir` if one is named.

    Raises:
        DigitsError: there is no such run, or the data cannot be had.
    """
    runs = save_dir / RUNS_DIR if save_dir else RUNS_DIR
    if resume:
        run = Run.find(resume, runs)
        config, kept_in, threads, learned = _settings(run.config)
        _require_one_process(config, ranks)
        torch.set_num_threads(threads or torch.get_num_threads())
        dataset = _load(config, data_dir)
        if dataset.classes != config.labels:
            raise DigitsError(f"{config.dataset}: has other classes than when {run.folder} began")
        dataset = _extended(dataset, config, data_dir)
        if learned not in ("", learned_digest(dataset)):
            raise DigitsError(
                f"{config.dataset}: has changed since {run.folder} began; train afresh"
            )
        return run, config, dataset, save_dir or kept_in
    config, dataset = begin(given, data_dir, preset)
    _require_one_process(config, ranks)
    tiles = len(dataset.train)
    if preset and config.dataset == SMALL_SET:
        config = _for_few_tiles(config, given)
    for said in (_said_of_steps(config, preset, tiles), transfer.said_of_none(config)):
        if ranks.first and said:
            print(f"warning: {said}", file=sys.stderr)
    run = Run(Path(ranks.same(str(Run.create(config.arch, runs).folder) if ranks.first else "")))
    save_dir = save_dir or SAVE_DIR
    if ranks.first:
        more = {KEPT_IN: str(save_dir.resolve()), THREADS: torch.get_num_threads()}
        more[LEARNED] = learned_digest(dataset)
        if config.init:
            begun = classifier.find_checkpoint(config.init)
            checkpoint.write_bytes(run.init, begun.read_bytes())
        checkpoint.write_json(run.config, {**config.as_dict(), **more})
        run.write_splits(dataset.listing)
    return run, config, dataset, save_dir


def learned_digest(dataset: Dataset) -> str:
    """Tells what is learned and chosen by from what it was before a change: by the labels and the
    tiles of validation, as all training tiles would take as long as an epoch of `fast`."""
    return checkpoint.digest([dataset.train.labels, validation_digest(dataset.validation)])


def begin(
    given: dict[str, Any], data_dir: str | None, preset: str | None = None
) -> tuple[TrainConfig, Dataset]:
    """The settings and the data of a new run; `given` goes before the recipe.

    Raises:
        DigitsError: the data cannot be had, or do not suit the settings.
    """
    if given.get("init"):
        given = {**given, **transfer.network_of(given["init"], given.get("arch"))}
    config = TrainConfig.make(given, preset)
    unused = [f"--{name}" for name in OF_TILES if given.get(name) is not None]
    if config.samples and unused:
        raise DigitsError(f"{', '.join(unused)}: is of classifiers; --arch {config.arch} has none")
    if given.get("samples") and archs.kind(config.arch) == archs.CLASSIFIER:
        raise DigitsError(f"--samples: is of rows and pages; --arch {config.arch} learns tiles")
    if config.freeze and not config.init:
        raise DigitsError("--freeze is of the layers of --init; name one")
    dataset = _load(config, data_dir)
    config = _for_classes(config, dataset, given)
    if config.teacher:
        teacher.require_shape(config.teacher, dataset.shape)
    return config, _extended(dataset, config, data_dir)


def _require_one_process(config: TrainConfig, ranks: Ranks) -> None:
    if config.samples and ranks.count > 1:
        raise DigitsError(f"--arch {config.arch}: is trained by one process; leave out torchrun")
    if config.hardest < 1 and ranks.count > 1:
        raise DigitsError(
            "--preset: one process chooses the hardest tiles of its last epoch; leave out "
            f"torchrun, or take --arch {config.arch}"
        )


def _for_classes(config: TrainConfig, dataset: Dataset, given: dict[str, Any]) -> TrainConfig:
    """The settings with the set's classes, and its name for `auto`.

    What a recipe adds to digits is left out where other things are learned, or whole pictures, and
    where a model is taken over, which has learned from it.
    """
    config = dataclasses.replace(config, dataset=dataset.name, labels=dataset.classes)
    if not config.adds_digits:
        asked = [name for name in OF_DIGITS if given.get(name)]
        asked += [f"arch {config.arch}"] if config.samples else []
        if asked:
            raise DigitsError(
                f"--{asked[0]}: only where the classes are the digits 0 to 9, with --frame digit"
            )
    if config.adds_digits and not config.init:
        return config
    none: dict[str, Any] = {name: 0.0 for name in OF_DIGITS if name not in given}
    return dataclasses.replace(config, **none)


def _for_few_tiles(config: TrainConfig, given: dict[str, Any]) -> TrainConfig:
    """A preset's settings for the small scans: in its own large batches they would be four steps,
    which ended at 44.7%. What is given goes before."""
    small = {"epochs": max(config.epochs, SMALL_EPOCHS), "batch_size": SMALL_BATCH}
    small["patience"] = small["epochs"]
    few: dict[str, Any] = {name: n for name, n in small.items() if name not in given}
    return dataclasses.replace(config, **few)


def _said_of_steps(config: TrainConfig, preset: str | None, tiles: int) -> str:
    """What to know before training on so few tiles; nothing if all is as usual."""
    steps = max(tiles // config.batch_size, 1) * config.epochs
    if steps < FEW_STEPS:
        of = "one step" if steps == 1 else f"{steps} steps"
        return f"only {of} of training; give more --epochs or a smaller --batch_size"
    if preset and config.dataset == SMALL_SET:
        return (
            f"--preset {preset} is made for MNIST: here {config.epochs} epochs in batches of "
            f"{config.batch_size}"
        )
    return ""


def publish(content: dict[str, Any], run: Run, best_model: Path, force: bool = False) -> Path:
    """Save a checkpoint's content in the run's folder, and a copy as `best_model`: unless a better
    one is there, or one that cannot be compared, which only `force` overwrites. Returns the path
    that it went to last.

    Raises:
        DigitsError: one of them cannot be written.
    """
    checkpoint.save(run.model, content)
    why_not = "" if force else better_than(content, best_model)
    if why_not:
        print(
            f"warning: {best_model} is kept: {why_not}; the new model is {run.model}; "
            "--force overwrites",
            file=sys.stderr,
        )
        return run.model
    best_model.with_suffix(".onnx").unlink(missing_ok=True)  # it was made of the model before
    checkpoint.save(best_model, content)
    return best_model


def packed(trained: Trained, validation: Split, config: TrainConfig) -> dict[str, Any]:
    """Calibrate what was trained; the content of its checkpoint."""
    temperature, thresholds = calibrate(trained.model, validation, config)
    return checkpoint.pack(
        trained.arch,
        trained.model,
        arch_args=trained.arch_args,
        classes=config.classes,
        input_shape=tuple(validation.images.shape[1:]),
        temperature=temperature,
        thresholds=thresholds,
        config=config.as_dict(),
        metrics={
            "validation": {
                **measure(trained.model, validation),
                DIGEST: validation_digest(validation),
            },
            "best_epochs": [outcome.best_epoch for outcome in trained.outcomes],
            "epochs": card.epochs_of(trained.outcomes[0].history),
            "train_seconds": sum(outcome.train_seconds for outcome in trained.outcomes),
            "warmup_seconds": sum(outcome.warmup_seconds for outcome in trained.outcomes),
        },
    )


def better_than(content: dict[str, Any], best_model: Path) -> str:
    """Why a model that is there already should stay, or nothing: it is not worse, or none is there.

    Models compare by their accuracy on validation, if that was of the same tiles. One of any other
    set goes before one of the small scans.
    """
    if not best_model.exists():
        return ""
    try:
        old = checkpoint.load(best_model)
        before, now = (c["metrics"]["validation"]["validation_accuracy"] for c in (old, content))
        splits = [c["metrics"]["validation"].get(DIGEST) for c in (old, content)]
        if None in splits:
            splits = [tuple(c["config"].get(k) for k in SPLIT) for c in (old, content)]
        old_set, new_set = (c["config"].get("dataset") for c in (old, content))
        better = before > now
    except (DigitsError, KeyError, TypeError):
        return "it is no model that can be compared with"
    if splits[0] == splits[1]:
        return f"{before:.2%} on validation against {now:.2%}" if better else ""
    if old_set == SMALL_SET != new_set:
        return ""
    return f"it was validated on other tiles (of {old_set}), so they do not compare"


def validation_digest(validation: Split) -> str:
    """Of the tiles and their labels: two of the same name may differ, as a folder grows."""
    return checkpoint.digest([validation.images, validation.labels])


def measure(model: nn.Module, split: Split) -> dict[str, float]:
    """Loss and accuracy of a model over a split on its device."""
    on = split.to(next(model.parameters()).device)
    logits = logits_of(model, on.images)
    return {
        "validation_loss": float(F.cross_entropy(logits, on.labels)),
        "validation_accuracy": float((logits.argmax(dim=1) == on.labels).float().mean()),
    }


def folder_of(data_dir: str | None) -> Path:
    """Where the data sets lie: the folder named, or the usual one."""
    return Path(data_dir) if data_dir else spec.data_dir()


def _settings(path: Path) -> tuple[TrainConfig, Path, int, str]:
    """The settings of a run, from its config.json, the folder for its model, its threads and the
    digest of what it learns from (0 and "" where they are not told)."""
    try:
        values = json.loads(path.read_text("utf-8"))
        config, kept_in = TrainConfig.stored(values), values.get(KEPT_IN, str(SAVE_DIR))
        if not isinstance(kept_in, str):
            raise DigitsError(f"{KEPT_IN} is no str")
        threads = values.get(THREADS, 0)
        if not isinstance(threads, int) or not 0 <= threads <= MOST_THREADS:
            raise DigitsError(f"{THREADS} is no number of threads")
        return config, Path(kept_in), threads, str(values.get(LEARNED, ""))
    except (OSError, ValueError, RecursionError, DigitsError) as error:
        why = reason(error)
        raise DigitsError(f"{path}: not the settings of a run ({why}); train afresh") from None


def _load(config: TrainConfig, data_dir: str | None) -> Dataset:
    """The data set.

    Raises:
        DigitsError: it cannot be had, or there is too little in it to learn, choose and measure.
    """
    dataset = data.load(config.dataset, data_dir, config.hold_out, config.look, config.weights)
    if len(dataset.classes) < 2:
        raise DigitsError(f"{dataset.name}: only one class; training takes at least two")
    dataset.require("train", "validation", "test")
    return dataset


def _extended(dataset: Dataset, config: TrainConfig, data_dir: str | None) -> Dataset:
    """The data set with what the settings add to its training part."""
    more = Extras(config.strokes, config.nondigits, config.hands, folder_of(data_dir))
    train = extras.extend(dataset.train, more, config.seed)
    return dataclasses.replace(dataset, train=train)
