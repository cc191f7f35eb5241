"""Pictures that lie on a side, or upside down: read turned, with what was found put back."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from digits.reading import judge
from digits.reading.answer import Answer, moved
from digits.tile import Box

# Quarter turns to the left, by which a picture comes upright, and what is said of it.
UPSIDE_DOWN = 2
TURNS = {
    UPSIDE_DOWN: "the picture is upside down: turned to be read",
    1: "the picture lies on its side: turned left to be read",
    3: "the picture lies on its side: turned right to be read",
}


def read_turned(
    grey: np.ndarray, read: Callable[[np.ndarray], Answer | None], turns: Iterable[int] = TURNS
) -> Answer | None:
    """What a grey picture (H, W) uint8 says to `read` once it is turned; None where none of the
    `turns` makes it plain. Boxes are of the picture as it was given."""
    found = []
    for quarters in turns:
        answer = read(np.ascontiguousarray(np.rot90(grey, quarters)))
        if answer and judge.tells_its_side(answer):
            back = _turned_back(answer, quarters, grey.shape)
            found.append(replace(back, warnings=[TURNS[quarters], *back.warnings]))
    return max(found, key=lambda answer: judge.worth(answer.rows), default=None)


def _turned_back(answer: Answer, quarters: int, shape: tuple[int, ...]) -> Answer:
    def back(box: Box) -> Box:
        for turn in range(quarters, 0, -1):
            x, y, width, height = box
            wide = shape[1] if turn % 2 else shape[0]  # of the picture a quarter turn before
            box = wide - y - height, x, height, width
        return box

    return moved(answer, back)
