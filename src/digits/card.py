"""What a model says of itself, held against what it may say: a checksum proves no sense."""

import math
from typing import Any

from digits.errors import DigitsError
from digits.spec import BLANK, CLASSES, INPUT_SHAPE, NONE, ROW_CLASSES, ROW_SHAPE

# What models answer with: tiles' digits, perhaps with `none`; rows' characters with a blank. A row
# model of before the signs has a blank behind its digits.
KNOWN_CLASSES = (
    CLASSES, (*CLASSES, NONE), (*CLASSES, BLANK), (*ROW_CLASSES, BLANK),
)  # fmt: skip
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
        raise DigitsError(f"{name}: takes neither tiles nor row images; train it again")


def _is_classes(value: Any) -> bool:
    return isinstance(value, list | tuple) and tuple(value) in KNOWN_CLASSES


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
    return isinstance(value, list | tuple) and tuple(value) in (INPUT_SHAPE, ROW_SHAPE)


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
