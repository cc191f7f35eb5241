"""How a run begins, afresh or resumed, and how its model is handed out."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from torch import nn
from torch.nn import functional as F

from digits import checkpoint, data, spec
from digits.data import Dataset, Split, extras
from digits.data.extras import Extras
from digits.errors import DigitsError, reason
from digits.training.calibrate import calibrate
from digits.training.config import TrainConfig
from digits.training.ensemble import Trained
from digits.training.ranks import Ranks
from digits.training.run import Run
from digits.training.step import logits_of


def prepare(
    given: dict[str, Any],
    preset: str | None,
    resume: str | None,
    data_dir: str | None,
    ranks: Ranks,
) -> tuple[Run, TrainConfig, Dataset]:
    """The folder, the settings and the data of a run; one rank makes the folder.

    `given` are settings that go before the recipe; `resume` names the folder of a run whose
    settings and data set are taken instead.

    Raises:
        DigitsError: there is no such run, or the data cannot be had.
    """
    if resume:
        run = Run.find(resume)
        config = _settings(run.config)
        return run, config, _load(config, data_dir)
    config = TrainConfig.make(given, preset)
    dataset = _load(config, data_dir)
    config = dataclasses.replace(config, dataset=dataset.name)  # not `auto`: what it came to be
    run = Run(Path(ranks.same(str(Run.create(config.arch).folder) if ranks.first else "")))
    if ranks.first:
        checkpoint.write_json(run.config, config.as_dict())
    return run, config, dataset


def publish(
    trained: Trained,
    validation: Split,
    config: TrainConfig,
    run: Run,
    best_model: Path,
    data_dir: str | None = None,
) -> dict[str, Any]:
    """Calibrate what was trained, save it in the run's folder and a copy as `best_model`.

    Returns the checkpoint's content.

    Raises:
        DigitsError: one of them cannot be written.
    """
    temperature, thresholds = calibrate(trained.model, validation, config, folder_of(data_dir))
    content = checkpoint.pack(
        trained.arch,
        trained.model,
        arch_args=trained.arch_args,
        classes=config.classes,
        temperature=temperature,
        thresholds=thresholds,
        config=config.as_dict(),
        metrics={
            "validation": measure(trained.model, validation),
            "best_epochs": [outcome.best_epoch for outcome in trained.outcomes],
            "train_seconds": sum(outcome.train_seconds for outcome in trained.outcomes),
            "warmup_seconds": sum(outcome.warmup_seconds for outcome in trained.outcomes),
        },
    )
    for path in (run.model, best_model):
        checkpoint.save(path, content)
    return content


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


def _settings(path: Path) -> TrainConfig:
    """The settings of a run, from its config.json."""
    try:
        return TrainConfig.stored(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, RecursionError, DigitsError) as error:
        why = reason(error)
        raise DigitsError(f"{path}: not the settings of a run ({why}); train afresh") from None


def _load(config: TrainConfig, data_dir: str | None) -> Dataset:
    """The data set with what the settings add to its training part."""
    dataset = data.load(config.dataset, data_dir, config.hold_out)
    more = Extras(config.strokes, config.nondigits, config.hands, folder_of(data_dir))
    train = extras.extend(dataset.train, more, config.seed)
    return dataclasses.replace(dataset, train=train)
