"""Start from a trained model: its layers, and of its last one the classes that are kept."""

from collections.abc import Sequence
from typing import Any

from torch import nn
from typing_extensions import Self

from digits import archs, checkpoint, classifier
from digits.errors import DigitsError
from digits.spec import CLASSES, NONE
from digits.training.config import TrainConfig


class _Kept1d(nn.BatchNorm1d):
    """Batch norm that keeps its statistics while the layers behind it learn."""

    def train(self, mode: bool = True) -> Self:
        return super().train(False)


class _Kept2d(nn.BatchNorm2d):
    """As `_Kept1d`."""

    def train(self, mode: bool = True) -> Self:
        return super().train(False)


def layers(model: nn.Module) -> list[nn.Module]:
    """The convolutions and dense layers in the order in which a tile meets them."""
    return [m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)]


def network_of(init: str, asked: str | None) -> dict[str, Any]:
    """The settings that make the network of the model that `--init` names: its architecture, and
    what decides the sizes of its weights.

    Raises:
        DigitsError: there is no such model, another `--arch` is asked for, or it is an ensemble.
    """
    content = content_of(init)
    arch = str(content["arch"])
    if arch not in archs.names(*archs.KINDS) or arch == "ensemble":
        raise DigitsError(f"--init {init}: is of {arch}, which cannot be trained on; name another")
    if asked not in (None, arch):
        raise DigitsError(f"--init {init}: is of --arch {arch}, not {asked}")
    return {"arch": arch, "border": content["arch_args"].get("border", 0)}


def start(model: nn.Module, config: TrainConfig, shape: Sequence[int | None]) -> None:
    """Give a new model the weights of the model `config.init` and freeze its first layers.

    Of the last layer what belongs to a class of the same name is taken over; other classes begin
    at random.

    Raises:
        DigitsError: the model takes other tiles, or has fewer layers than are to be frozen.
    """
    content = content_of(config.init)
    if tuple(content["input_shape"]) != tuple(shape):
        raise DigitsError(
            f"--init: takes tiles of {tuple(content['input_shape'])}, these are {tuple(shape)}"
        )
    old = checkpoint.build(content)
    body = layers(model)[:-1]
    if config.freeze > len(body):
        raise DigitsError(f"--freeze {config.freeze}: at most {len(body)} layers of {config.arch}")
    taken = old.state_dict()
    if list(config.classes) != list(content["classes"]):
        taken |= _head(model, taken, config.classes, content["classes"])
    model.load_state_dict(taken)
    freeze(model, config.freeze)


def said_of_none(config: TrainConfig) -> str:
    """What to know where digits are learned on and the class `none` is lost; else nothing."""
    learns_digits = config.init and config.labels == CLASSES and NONE not in config.classes
    if learns_digits and NONE in content_of(config.init)["classes"]:
        return f"the class `none` of --init {config.init} is left out; --nondigits 0.2 keeps it"
    return ""


def _head(
    model: nn.Module, taken: dict[str, Any], classes: Sequence[str], known: Sequence[str]
) -> dict[str, Any]:
    """The last layer, a row a class: new, but for the classes that are known."""
    head = layers(model)[-1]
    path = next(path for path, module in model.named_modules() if module is head)
    made = {}
    for name, value in head.state_dict().items():
        rows = made[f"{path}.{name}"] = value.clone()
        for place, label in enumerate(classes):
            if label in known:
                rows[place] = taken[f"{path}.{name}"][known.index(label)]
    return made


def fresh_layers(model: nn.Module, config: TrainConfig) -> list[nn.Module]:
    """The layers in which something begins at random: the last one, where a class is new."""
    known = content_of(config.init)["classes"]
    return layers(model)[-1:] if set(config.classes) - set(known) else []


def freeze(model: nn.Module, count: int) -> None:
    """Let the first `count` layers, and the batch norms behind them, learn no more."""
    seen = 0
    for module in model.modules():
        seen += isinstance(module, nn.Conv2d | nn.Linear)
        if seen > count:
            return
        if isinstance(module, nn.BatchNorm1d):
            module.__class__ = _Kept1d
        elif isinstance(module, nn.BatchNorm2d):
            module.__class__ = _Kept2d
        if not list(module.children()):
            module.requires_grad_(False)


def content_of(init: str) -> dict[str, Any]:
    """The checkpoint that a path, or the name of a shipped model, means.

    Raises:
        DigitsError: there is none.
    """
    content = checkpoint.load(classifier.find_checkpoint(init))
    if "state_dict" not in content:
        raise DigitsError(f"{init}: a training state, not a model")
    return content
