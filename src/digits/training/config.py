"""What a training run is: every number that shapes it, in one flat record. Loads without torch."""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from digits import archs
from digits.data.look import FRAMES, Look
from digits.data.policies import POLICIES
from digits.errors import DigitsError
from digits.spec import (
    BLANK,
    CLASSES,
    HOLD_OUT,
    LINE_CLASSES,
    NONE,
    PAGE_CLASSES,
    ROW_CLASSES,
    TILE_SIZE,
)
from digits.training.recipes import PRESETS, RECIPES

MOST_DROPOUT = 0.9
MOST_SEED = 2**62  # what is added to it for members and steps stays within 64 bits
MOST_DECAY = 0.99999  # of an average: with 1 nothing would enter it
# The least and the most that may be given; what is not given may say so by another value.
BOUNDS: dict[str, tuple[float, float]] = {
    "epochs": (1, math.inf), "batch_size": (1, math.inf), "patience": (1, math.inf),
    "ensemble": (1, 100), "hold_out": (2, 100), "seed": (0, MOST_SEED),
    "freeze": (0, math.inf), "border": (0, math.inf), "samples": (1, math.inf), "hardest": (0, 1),
    "learning_rate": (0, math.inf), "beta1": (0, MOST_DECAY), "beta2": (0, MOST_DECAY),
    "weight_decay": (0, math.inf), "label_smoothing": (0, 0.999), "clip_norm": (0, math.inf),
    "dropout": (0, MOST_DROPOUT), "strokes": (0, 10), "nondigits": (0, 10), "hands": (0, 10),
    "max_error": (0, 1), "average": (0, MOST_DECAY), "save_every": (0, math.inf),
}  # fmt: skip
ABOVE = ("learning_rate",)  # it is to be above its least
CHOICES = {
    "frame": FRAMES,
    "augment": tuple(POLICIES),
    "mixing": ("none", "mixup", "cutmix", "erasing"),
    "schedule": ("one-cycle", "linear", "cosine", "plateau"),
    "compile": ("auto", "on", "off"),
    "on_nan": ("stop", "lower"),
}


@dataclass(frozen=True)
class TrainConfig:
    """The names are those of `train`'s flags; a recipe changes some defaults per architecture."""

    arch: str = "improved"
    dataset: str = "auto"
    labels: tuple[str, ...] = CLASSES  # the classes of the data set
    weights: str = ""  # how often the tiles of each of several sets are learned from
    frame: str = FRAMES[0]  # how one's own pictures become tiles: see `data.look.Look`
    size: int = TILE_SIZE
    colour: bool = False
    strict: bool = False  # refuse one's own data if a picture in it is left out
    check_labels: bool = False  # name pictures of one's own whose labels may be wrong
    hold_out: int = HOLD_OUT  # every twelfth tile of a class is for validation
    init: str = ""  # a model to start from
    freeze: int = 0  # its first layers that stay as they are
    border: int = 0  # pixels at each side that `fast` does not look at
    epochs: int = 10
    hardest: float = 1.0  # share of the tiles that the last epoch takes: see `loop.order_of`
    batch_size: int = 64  # over all ranks together
    learning_rate: float = 1e-3  # the highest of the schedule
    schedule: str = "one-cycle"  # of the rate over the run: see `optim.make_schedule`
    beta1: float = 0.0  # of AdamW; 0 cycles it between 0.95 and 0.85, against a one-cycle rate
    beta2: float = 0.999
    weight_decay: float = 1e-2
    label_smoothing: float = 0.1
    clip_norm: float = 1.0  # of all gradients together; 0 clips nothing
    dropout: float = -1.0  # of what the layers that drop out give on; below 0: the architecture's
    augment: str = "none"
    mixing: str = "none"  # of the tiles of a batch: see `data.mixing`
    strokes: float = 0.0  # drawn digits to add, as a share of the training set
    nondigits: float = 0.0  # non-digits to add, likewise; they bring the class `none`
    hands: float = 0.0  # digits by the hands of many countries, likewise; their letters too
    samples: int = 0  # made-up images an epoch, for models that take rows or pages
    max_error: float = 0.005  # among the answers that count as read
    average: float = 0.0  # decay of the running average of the weights; 0 keeps none
    teacher: str = ""  # a model to learn from beside the labels
    ensemble: int = 1  # models, of the seeds from `seed` on
    patience: int = 5  # epochs without a better validation before the run ends
    seed: int = 0
    compile: str = "auto"
    deterministic: bool = False
    save_every: float = 30.0  # seconds between saves within an epoch
    on_nan: str = "stop"

    @classmethod
    def make(cls, flags: dict[str, Any], preset: str | None = None) -> "TrainConfig":
        """The flags that were given (not None) over the preset's or the architecture's recipe."""
        given = {name: value for name, value in flags.items() if value is not None}
        recipe = PRESETS[preset] if preset else RECIPES.get(given.get("arch", cls.arch), {})
        values = {**recipe, **given}
        return cls(**{name: values[name] for name in cls.names() if name in values})

    @classmethod
    def stored(cls, values: Any) -> "TrainConfig":
        """Settings as they were written down (`as_dict`), perhaps by an older version.

        Raises:
            DigitsError: one is of another kind than it should be.
        """
        if not isinstance(values, dict):
            raise DigitsError("no settings")
        values = {**values, "labels": _names(values.get("labels", cls.labels))}
        for field in dataclasses.fields(cls):
            value, kind = values.get(field.name, field.default), type(field.default)
            if type(value) is not kind and (type(value), kind) != (int, float):
                raise DigitsError(f"{field.name} is no {kind.__name__}")
            if field.name in BOUNDS and value != field.default:
                _require_within_bounds(field.name, value)
            if value not in CHOICES.get(field.name, (value,)):
                raise DigitsError(f"{field.name} is none of {', '.join(CHOICES[field.name])}")
        return cls.make(values)

    @property
    def classes(self) -> tuple[str, ...]:
        kind = archs.kind(self.arch) if self.samples else archs.CLASSIFIER
        made_up = {
            archs.ROWS: (*ROW_CLASSES, BLANK),
            archs.PAGES: PAGE_CLASSES,
            archs.LINES: LINE_CLASSES,
        }
        return made_up.get(kind, (*self.labels, NONE) if self.nondigits else self.labels)

    @property
    def adds_digits(self) -> bool:
        """Whether drawn digits, non-digits and hands can be added: they are digits, and framed."""
        return self.labels == CLASSES and self.frame == FRAMES[0]

    @property
    def arch_arguments(self) -> dict[str, Any]:
        """What the architecture is to be built with, beside its own defaults."""
        return self.sizes | ({"dropout": self.dropout} if self.dropout >= 0 else {})

    @property
    def sizes(self) -> dict[str, int]:
        """Those of these arguments that decide the sizes of weights: a checkpoint keeps them."""
        return {"border": self.border} if self.border else {}

    @property
    def look(self) -> Look:
        """How one's own pictures become tiles. Raises DigitsError if the settings contradict."""
        return Look(self.frame, self.size, self.colour, self.strict, self.check_labels)

    @classmethod
    def names(cls) -> list[str]:
        return [field.name for field in dataclasses.fields(cls)]

    def as_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def _require_within_bounds(name: str, value: float) -> None:
    """Raises DigitsError if a setting is not."""
    least, most = BOUNDS[name]
    if not math.isfinite(value):
        raise DigitsError(f"{name} is {value}, no finite number")
    if name in ABOVE and value <= least:
        raise DigitsError(f"{name} is not above {least}")
    if value < least:
        raise DigitsError(f"{name} is below {least}")
    if value > most:
        raise DigitsError(f"{name} is above {most}")


def _names(value: Any) -> tuple[str, ...]:
    """A list of names, as JSON keeps a tuple."""
    if not isinstance(value, list | tuple) or not all(isinstance(name, str) for name in value):
        raise DigitsError("labels is no list of names")
    return tuple(value)
