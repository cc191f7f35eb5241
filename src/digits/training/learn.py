"""Teach a trained model a few examples of one's own, with what it knows replayed beside them.

Without the replay a model forgets: what it has learned is nowhere in so few examples.
"""

import copy
import dataclasses
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from digits import data, metrics
from digits.data import Dataset, Split, extras, hands
from digits.data.datasets import mixed
from digits.data.extras import Extras
from digits.data.look import Look
from digits.errors import DigitsError
from digits.spec import CLASSES, HOLD_OUT, NONE
from digits.training import ensemble, transfer
from digits.training.config import TrainConfig
from digits.training.ensemble import Trained
from digits.training.lifecycle import packed
from digits.training.ranks import Ranks
from digits.training.run import Run
from digits.training.step import logits_of

REPLAYED = 4000  # tiles an epoch of what the model has learned from
OWN_SHARE = 0.25  # of the examples in an epoch, each repeated as often as that takes, but
MOST_REPEATS = 50  # no more than that
# Each epoch is about 40 steps. What non-digits and drawn digits a model knows is replayed as well.
SETTINGS: dict[str, Any] = {
    "epochs": 5, "patience": 5, "batch_size": 128, "learning_rate": 3e-3, "weight_decay": 0.05,
    "label_smoothing": 0.05, "augment": "mixed", "average": 0.98,
}  # fmt: skip
# Of the way from the weights that it began with to those it learned (Wortsman et al. 2022): a part
# of it keeps more of what was known, and nearly all of what was learned.
SHARES = (1.0, 0.75, 0.5, 0.25)
ADDED = {"strokes": 0.1, "nondigits": 0.2}


def sets(
    init: str, examples: str, replay: str | None, data_dir: str | None
) -> tuple[Dataset, Dataset]:
    """The examples and what is replayed (a data set, by default that of the model), with labels as
    the model called `init` numbers them.

    Raises:
        DigitsError: one of them cannot be had, the model does not know a class of the examples, or
            there are too few to hold one out.
    """
    content = transfer.content_of(init)
    config, look = content["config"], Look.of(content["config"])
    classes, shape = tuple(content["classes"]), content["input_shape"]
    own = data.load(examples, data_dir, look=look)
    own.require("train")
    own = own.known_to(classes, shape)
    if not len(own.test):
        raise DigitsError(
            f"{examples}: too few to hold one out and see whether it helps: at least one class "
            "needs three"
        )
    name, mixture = replay or config.get("dataset", "auto"), "" if replay else config.get("weights")
    hold_out = config.get("hold_out", HOLD_OUT)
    known = data.load(name, data_dir, hold_out, look, mixture or "")
    return own, known.known_to(classes, shape)


def learn(
    init: str,
    own: Dataset,
    known: Dataset,
    on: torch.device,
    seed: int = 0,
    data_dir: Path = Path(),
    epochs: int | None = None,
    least: float = 0.0,
) -> tuple[Run, Iterator[dict[str, Any]]]:
    """Train the model called `init` on the training parts of both; the run, and the contents of
    checkpoints: of its best epoch on both validation parts, and of the other SHARES of the way
    there. What reads less than `least` (a share) of the known validation part is passed over, but
    for the last.

    Raises:
        DigitsError: what `ensemble.train` raises.
        SystemExit: a signal stopped it.
    """
    content = transfer.content_of(init)
    look = Look.of(content["config"])
    seen: dict[str, Any] = {"frame": look.frame, "size": look.size, "colour": look.colour}
    labels, added = _labels(content, seen), dict[str, float]()
    if labels != tuple(content["classes"]):
        added = {**ADDED, "hands": _hands(content, data_dir)}
    dataset = mixed([known, own], weights(len(known.train), len(own.train)))
    given = {
        **SETTINGS, **seen, **dict.fromkeys(("strokes", "nondigits", "hands"), 0.0), **added,
        **transfer.network_of(init, None), "init": init, "seed": seed, "hardest": 1.0,
        "epochs": epochs or SETTINGS["epochs"], "dataset": known.name, "labels": labels,
        "hold_out": content["config"].get("hold_out", HOLD_OUT),  # as `sets` has split it
    }  # fmt: skip
    config = TrainConfig.make(given)
    run = Run.create("learn")  # without config.json, so that `train --resume` passes it over
    run.write_splits(own.listing)
    more = Extras(config.strokes, config.nondigits, config.hands, data_dir)
    train = extras.extend(dataset.train, more, seed)
    dataset = Dataset(dataset.name, train, dataset.validation, dataset.test, dataset.classes)
    trained = ensemble.train(config, dataset, run, Ranks(), on, resume=False)
    run.drop_states()
    if trained.stopped_by:
        raise SystemExit(128 + trained.stopped_by)
    begun = content["state_dict"]
    shares = (
        (share, model)
        for share, model in _on_the_way(begun, trained.model)
        if share == SHARES[-1] or _accuracy(model, known.validation.to(on)) >= least
    )
    return run, _packed(shares, trained, dataset.validation, config, len(own.train))


def _on_the_way(begun: dict[str, Tensor], learned: nn.Module) -> Iterator[tuple[float, nn.Module]]:
    """Models of the SHARES."""
    for share in SHARES:
        model = copy.deepcopy(learned)
        model.load_state_dict({
            name: begun[name].to(value).lerp(value, share) if value.is_floating_point() else value
            for name, value in model.state_dict().items()
        })  # fmt: skip
        yield share, model


def _accuracy(model: nn.Module, split: Split) -> float:
    return metrics.accuracy(
        logits_of(model, split.images).cpu().numpy(), split.labels.cpu().numpy()
    )


def _packed(
    shares: Iterator[tuple[float, nn.Module]],
    trained: Trained,
    validation: Split,
    config: TrainConfig,
    own: int,
) -> Iterator[dict[str, Any]]:
    """Their checkpoints, each calibrated; `own` is how many examples it learned from."""
    for share, model in shares:
        content = packed(dataclasses.replace(trained, model=model), validation, config)
        content["metrics"] |= {"own_examples": own, "learned_share": share}
        yield content


def weights(known: int, own: int) -> list[float]:
    """How often a tile of each is in an epoch, of so many tiles."""
    replayed = min(REPLAYED, known)
    wanted = replayed * OWN_SHARE / (1 - OWN_SHARE)
    return [replayed / known, min(max(wanted / own, 1.0), MOST_REPEATS)]


def _hands(content: dict[str, Any], data_dir: Path) -> float:
    """The share of digits by many hands, as the model has learned with; said where they are not."""
    share = float(content["config"].get("hands", 0.0))
    if share and not hands.available(data_dir):
        print(
            f"warning: {data_dir}/hands: not there: the hands that the model learned from are not "
            "replayed; name the data folder with --data_dir",
            file=sys.stderr,
        )
        return 0.0
    return share


def _labels(content: dict[str, Any], seen: dict[str, Any]) -> tuple[str, ...]:
    """A model's classes, but for the one that non-digits brought; `seen` says how it sees tiles."""
    classes = tuple(content["classes"])
    brought = classes == (*CLASSES, NONE) and TrainConfig(**seen).adds_digits
    return CLASSES if brought else classes
