"""What a model says of itself, held against what it may say: a checksum proves no sense."""

import math
from typing import Any

from digits.errors import DigitsError
from digits.spec import CLASSES, INPUT_SHAPE

ONE_MORE = ("none", "blank")  # classes that there may be beside the digits
MOST_ARGUMENT = 100  # models of an ensemble: the one number that an architecture takes


def check(name: object, card: Any) -> None:
    """Let pass what `train` and `optimize` write into the model called `name`.

    Raises:
        DigitsError: a part is missing or cannot be, and which.
    """
    for key, is_right in RULES.items():
        if not isinstance(card, dict) or not is_right(card.get(key)):
            raise DigitsError(
                f"{name}: a model whose {key} cannot be right; train it again, or get another copy"
            )
    if not _is_shape(card.get("input_shape", INPUT_SHAPE)):
        raise DigitsError(f"{name}: takes other tiles than {INPUT_SHAPE}; train it again")


def _is_classes(value: Any) -> bool:
    if not isinstance(value, list | tuple):
        return False
    digits, more = tuple(value[: len(CLASSES)]), value[len(CLASSES) :]
    return digits == CLASSES and (not more or (len(more) == 1 and more[0] in ONE_MORE))


def _is_number(value: Any, low: float, high: float) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and low <= value <= high


def _is_thresholds(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(name, str) and _is_number(item, 0, 1) for name, item in value.items()
    )


def _is_arguments(value: Any) -> bool:
    return value is None or (
        isinstance(value, dict)
        and all(
            isinstance(name, str)
            and (isinstance(item, str) or (type(item) is int and 0 < item <= MOST_ARGUMENT))
            for name, item in value.items()
        )
    )


def _is_shape(value: Any) -> bool:
    return isinstance(value, list | tuple) and tuple(value) == INPUT_SHAPE


def _is_dict(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(key, str) for key in value)


RULES = {
    "arch": lambda value: isinstance(value, str) and value.isidentifier(),
    "arch_args": _is_arguments,
    "classes": _is_classes,
    "temperature": lambda value: _is_number(value, 1e-3, 1e3),
    "thresholds": _is_thresholds,
    "metrics": _is_dict,
    "config": _is_dict,
    "versions": _is_dict,
}
