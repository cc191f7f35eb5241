"""A user's own pictures: which there are, what stands in them, and how well they were read."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from digits import metrics
from digits.errors import DigitsError, reason
from digits.evaluation.style import WRONG
from digits.spec import NONE, ROW_CLASSES
from digits.vision.files import files
from digits.vision.load import load

SHOWN = 48  # failures shown as pictures
SHOWN_PX = 200  # longer side of one


@dataclass(frozen=True)
class Labelled:
    """A picture file and what stands in it; "" where that is no digit."""

    path: str
    label: str


def labelled(source: Path) -> list[Labelled]:
    """The pictures of a folder with one folder a label, or of a CSV with the columns path,label.

    A label is what stands in the picture, as a string (007 stays 007) with its rows on lines of
    their own, or `none`. Paths in a CSV are relative to it.

    Raises:
        DigitsError: there is nothing of the kind there, or a label is neither.
    """
    found = _of_csv(source) if source.suffix.lower() == ".csv" else _of_folder(source)
    for item in found:
        if not set(item.label) <= {*ROW_CLASSES, "\n"}:
            raise DigitsError(
                f"{item.path}: {item.label!r} is no label; it is what stands in the picture, "
                f"such as 7 or 47.11, or {NONE}"
            )
    return found


def _of_folder(folder: Path) -> list[Labelled]:
    parts = sorted(path for path in folder.glob("*") if path.is_dir())
    if not parts:
        raise DigitsError(
            f"{folder}: no folders in it; put the pictures of each label into a folder of its name"
        )
    return [Labelled(file.name, _label(part.name)) for part in parts for file in files(str(part))]


def _of_csv(path: Path) -> list[Labelled]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, ValueError, csv.Error) as error:
        raise DigitsError(f"{path}: cannot be read: {reason(error)}") from None
    if not rows or not {"path", "label"} <= set(rows[0]) or None in [row["label"] for row in rows]:
        raise DigitsError(f"{path}: no table of labels; its first line is path,label")
    return [Labelled(str(path.parent / row["path"]), _label(row["label"])) for row in rows]


def _label(text: str) -> str:
    return "" if text.strip().lower() == NONE else text.strip()


def judge(items: Sequence[Labelled], answers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """How well pictures were read, as plain data; answers are those of `predict --json`."""
    pairs = list(zip(items, answers, strict=True))
    digits = [pair for pair in pairs if pair[0].label]
    others = [answer for item, answer in pairs if not item.label]
    read = [pair for pair in digits if pair[1]["status"] == "read"]
    edits = sum(metrics.edit_distance(item.label, answer["text"]) for item, answer in digits)
    characters = sum(len(item.label) for item, _ in digits)
    return {
        "all": _share(map(_is_right, digits)),
        "answered_read": _share(answer["status"] == "read" for _, answer in digits),
        "right_of_read": _share(map(_is_right, read)),
        "none_not_read": _share(answer["status"] != "read" for answer in others),
        "character_error_rate": edits / characters if characters else None,
        "by_label": _grouped(digits, lambda item, _: item.label),
        "by_length": _grouped(digits, lambda item, _: str(len(item.label))),
        "by_status": _grouped(digits, lambda _, answer: answer["status"]),
        "failures": [
            {"path": item.path, "label": item.label or NONE}
            | {key: answer[key] for key in ("text", "status", "probability", "warnings")}
            for item, answer in pairs
            if _failed(item, answer)
        ],
    }


Pair = tuple[Labelled, dict[str, Any]]


def _is_right(pair: Pair) -> bool:
    return bool(pair[0].label == pair[1]["text"])


def _failed(item: Labelled, answer: dict[str, Any]) -> bool:
    """Whether digits are not read rightly, or what is none is `read`."""
    return not _is_right((item, answer)) if item.label else answer["status"] == "read"


def _share(which: Iterable[bool]) -> dict[str, Any] | None:
    """How many, of how many, their share and its interval; None of nothing."""
    values = list(which)
    if not values:
        return None
    right, count = sum(values), len(values)
    interval = metrics.wilson_interval(right, count)
    return {"right": right, "count": count, "share": right / count, "interval_95": interval}


def _grouped(pairs: Sequence[Pair], key: Any) -> dict[str, Any]:
    groups = defaultdict(list)
    for pair in pairs:
        groups[key(*pair)].append(_is_right(pair))
    return {name: _share(groups[name]) for name in sorted(groups)}


def drawn(items: Sequence[Labelled], answers: Sequence[dict[str, Any]]) -> list[np.ndarray | None]:
    """The pictures of the first failures, (H, W, 3) uint8 BGR, with the boxes of what was read;
    None for a file that is no picture."""
    pairs = zip(items, answers, strict=True)
    failed = [pair for pair in pairs if _failed(*pair)][:SHOWN]
    return [_drawn(item.path, answer) for item, answer in failed]


def _drawn(path: str, answer: dict[str, Any]) -> np.ndarray | None:
    if answer["status"] == "error":
        return None
    picture = load(Path(path), path)
    scale = min(1.0, SHOWN_PX / max(picture.grey.shape))
    size = [max(1, round(side * scale)) for side in picture.grey.shape[::-1]]
    small = cv2.cvtColor(
        cv2.resize(picture.grey, size, interpolation=cv2.INTER_AREA), cv2.COLOR_GRAY2BGR
    )
    colour = [int(WRONG[i : i + 2], 16) for i in (5, 3, 1)]
    for row in answer["rows"]:
        for digit in row["digits"]:
            x, y, width, height = (round(v * scale / picture.scale) for v in digit["box"])
            cv2.rectangle(small, (x, y), (x + width, y + height), colour, 1)
    return small


def table(found: dict[str, Any]) -> str:
    """A line a model, for a terminal."""
    wide = max(5, *map(len, found["models"]))
    columns = {
        "all": "right", "answered_read": "read", "right_of_read": "right of read",
        "none_not_read": "no digit, not read",
    }  # fmt: skip
    head = "  ".join(f"{name:>22}" for name in columns.values())
    lines = [found["source"], f"{'model':{wide}}  {head}"]
    for name, result in found["models"].items():
        cells = "  ".join(f"{_cell(result[key]):>22}" for key in columns)
        lines.append(f"{name:{wide}}  {cells}")
    return "\n".join(lines)


def _cell(share: dict[str, Any] | None) -> str:
    if share is None:
        return "-"
    low, high = share["interval_95"]
    return f"{share['share']:.1%} ({100 * low:.1f}..{100 * high:.1f}%)"
