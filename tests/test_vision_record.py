"""What vision sees in made-up pictures, as recorded: whoever moves a limit learns where it shows.

A change on purpose: look at the pictures that it names, then record anew, from the repository's
root, by `PYTHONPATH=src:benchmarks python -m tests.test_vision_record`.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import conditions
import cv2
import numpy as np
import pytest

from digits.data import strokes
from digits.pictures.load import from_array
from digits.vision.components import is_one_digit, of_one_digit, stands_alone
from digits.vision.ink import Ink, find, polarities
from digits.vision.warnings import warnings

RECORD = Path(__file__).parent / "recorded" / "vision.json"
SEED = 11
BOX_PX, SHARE = 2, 0.02  # what boxes and amounts of ink may differ by between machines


def pictures() -> Iterator[tuple[str, np.ndarray]]:
    """Names and grey pictures (H, W) uint8: drawn digits in all conditions, and what is none."""
    images, labels = strokes.draw(600, SEED)
    tiles = images[:, 0]
    for k, name in enumerate(conditions.conditions()):
        for digits in (4, 1) if k % 2 else (4,):
            some = conditions.pictures_of(name, tiles, labels, (1, digits), SEED)
            for grey, text in some:
                half = cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
                yield f"{name} {text}", half


def seen(grey: np.ndarray) -> list[dict[str, Any]]:
    """How a picture's ink is seen in each polarity that it may have."""
    grey = from_array(grey).grey
    return [_way(ink) for inverted in polarities(grey) if (ink := find(grey, inverted))]


def _way(ink: Ink) -> dict[str, Any]:
    one = of_one_digit(ink)
    flags = [bool(flag) for flag in (ink.inverted, is_one_digit(ink), stands_alone(ink))]
    boxes = [list(map(int, part.box)) for part in one]
    amounts = [_amount(ink.mask), _amount(ink.level)]
    return {"flags": flags, "words": warnings(ink, 0), "boxes": boxes, "amounts": amounts}


def _amount(ink: np.ndarray) -> int:
    return int(ink.astype(bool).sum() + ink.sum() / 255)


def alike(now: list[dict[str, Any]], then: list[dict[str, Any]]) -> bool:
    """Whether two machines may see this in the same picture."""
    return len(now) == len(then) and all(
        a["flags"] == b["flags"]
        and a["words"] == b["words"]
        and a["amounts"] == pytest.approx(b["amounts"], rel=SHARE)
        and np.shape(a["boxes"]) == np.shape(b["boxes"])
        and np.allclose(a["boxes"], b["boxes"], rtol=0, atol=BOX_PX)
        for a, b in zip(now, then, strict=True)
    )


def test_it_is_seen_as_recorded() -> None:
    record = json.loads(RECORD.read_text())
    changed = [name for name, grey in pictures() if not alike(seen(grey), record[name])]
    assert not changed


if __name__ == "__main__":
    RECORD.parent.mkdir(exist_ok=True)
    made = {name: seen(grey) for name, grey in pictures()}
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(ways)}" for name, ways in made.items())
    RECORD.write_text(f"{{\n{lines}\n}}\n")
