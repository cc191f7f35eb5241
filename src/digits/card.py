"""What a model says of itself, held against what it may say: a checksum proves no sense."""

import math
from collections.abc import Sequence
from typing import Any

from digits.errors import DigitsError
from digits.spec import (
    BLANK,
    CLASSES,
    INPUT_SHAPE,
    LINE_SHAPE,
    PAGE_SHAPE,
    ROW_CLASSES,
    ROW_SHAPE,
)

# What row models answer with: characters with a blank. One of before the signs knows digits alone.
ROWS_OF_CLASSES = ((*CLASSES, BLANK), (*ROW_CLASSES, BLANK))
MOST_CLASSES, LONGEST_NAME = 1000, 50
MOST_SIDE = 128  # pixels of a tile
EPOCHS = ("epoch", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy")
DECIMALS = 5  # of what is kept of an epoch
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
        raise DigitsError(
            f"{name}: takes neither tiles nor images of rows or pages; train it again"
        )


def epochs_of(history: Sequence[dict[str, float]]) -> dict[str, list[float]]:
    """A run's table of epochs as a card keeps it: a list a column of EPOCHS. A column that is not
    all finite is left out: JSON has no NaN, and what is made up has no accuracy on training."""
    columns = {name: [round(float(row[name]), DECIMALS) for row in history] for name in EPOCHS}
    return {name: values for name, values in columns.items() if all(map(math.isfinite, values))}


def history_of(card: dict[str, Any]) -> list[dict[str, float]]:
    """The table of epochs that a card keeps, a row an epoch; empty where it lacks a column."""
    kept = card["metrics"].get("epochs")
    columns = [kept.get(name) for name in EPOCHS] if isinstance(kept, dict) else []
    if not columns or not all(_are_numbers(column) for column in columns):
        return []
    return [dict(zip(EPOCHS, row, strict=True)) for row in zip(*columns, strict=False)]


def _are_numbers(values: Any) -> bool:
    return isinstance(values, list) and all(type(value) in (int, float) for value in values)


def is_classes(value: Any, least: int = 2) -> bool:
    """Whether these may be the classes of a model that takes tiles: names, each there once, that
    stay on one line; `blank` is what row models call their last."""
    return (
        isinstance(value, list | tuple)
        and least <= len(value) <= MOST_CLASSES
        and all(isinstance(name, str) and _is_name(name) for name in value)
        and len(set(value)) == len(value)
    )


def _is_name(text: str) -> bool:
    return 0 < len(text) <= LONGEST_NAME and text.isprintable() and text.lower() != BLANK


def _are_classes(value: Any) -> bool:
    of_rows = isinstance(value, list | tuple) and tuple(value) in ROWS_OF_CLASSES
    return of_rows or is_classes(value)


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
    if not isinstance(value, list | tuple) or len(value) != 3:
        return False
    channels, height, width = value
    square = type(height) is int and height == width and 0 < height <= MOST_SIDE
    return tuple(value) in (ROW_SHAPE, PAGE_SHAPE, LINE_SHAPE) or (channels in (1, 3) and square)


def _is_dict(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(key, str) for key in value)


RULES = {
    "arch": lambda value: isinstance(value, str) and value.isidentifier(),
    "arch_args": _is_arguments,
    "classes": _are_classes,
    "temperature": lambda value: _is_number(value, 1e-3, 1e3),
    "thresholds": _is_thresholds,
    "metrics": _is_dict,
    "config": _is_dict,
    "versions": _is_dict,
}
