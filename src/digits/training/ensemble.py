"""Train what a run asks for: one model, or one after the other the members of an ensemble."""

import dataclasses
import sys
from dataclasses import dataclass

import torch
from torch import nn

from digits import archs, device
from digits.data import Dataset
from digits.training import transfer
from digits.training.config import TrainConfig
from digits.training.loop import Outcome, fit
from digits.training.ranks import Ranks
from digits.training.run import Run


@dataclass(frozen=True)
class Trained:
    """`arch` and `arch_args` make `model` again. One run and one outcome a member; `finished` if
    nothing is left to train, whatever signal came."""

    arch: str
    arch_args: dict[str, object]
    model: nn.Module
    runs: list[Run]
    outcomes: list[Outcome]
    finished: bool

    @property
    def stopped_by(self) -> int:
        """The number of the signal that came, or 0."""
        return self.outcomes[-1].stopped_by

    @property
    def kept(self) -> bool:
        """Whether every member completed an epoch, so that there is a model to hand out."""
        return all(outcome.best_epoch for outcome in self.outcomes)


def train(
    config: TrainConfig, dataset: Dataset, run: Run, ranks: Ranks, on: torch.device, resume: bool
) -> Trained:
    """Train one model in the folder of `run`, or each member in a folder within it.

    A member that had ended before it was resumed is taken as it is. After a signal the members so
    far are what was trained.

    Raises:
        DigitsError: what `fit` raises.
    """
    training, validation = dataset.train.to(on), dataset.validation.to(on)
    runs: list[Run] = []
    outcomes: list[Outcome] = []
    models: list[nn.Module] = []
    for number in range(config.ensemble):
        seed = config.seed + number
        part = run
        if config.ensemble > 1:
            part = run.part(f"member-{number + 1}")
            if ranks.first:
                print(f"member {number + 1} of {config.ensemble}, seed {seed}", file=sys.stderr)
        device.seed(seed, config.deterministic)
        model = archs.create(
            config.arch, len(config.classes), dataset.shape, **config.arch_arguments
        )
        settings = dataclasses.replace(config, seed=seed, init=run.begun_with(config.init))
        if config.init:
            transfer.start(model, settings, dataset.shape)
        model.to(on)
        goes_on = resume and (config.ensemble == 1 or bool(part.states()))
        outcome = fit(model, training, validation, settings, part, ranks, goes_on)
        if outcome.best_epoch:
            model.load_state_dict(outcome.weights)
        runs.append(part)
        outcomes.append(outcome)
        models.append(model)
        if outcome.stopped_by:
            break
    finished = len(outcomes) == config.ensemble and outcomes[-1].finished
    if config.ensemble == 1:
        return Trained(config.arch, {**config.sizes}, models[0], runs, outcomes, finished)
    arguments = {"member": config.arch, "count": len(models), **config.sizes}
    whole = archs.create("ensemble", len(config.classes), dataset.shape, **arguments).to(on)
    for place, member in zip(whole.get_submodule("members").children(), models, strict=True):
        place.load_state_dict(member.state_dict())
    return Trained("ensemble", arguments, whole, runs, outcomes, finished)
