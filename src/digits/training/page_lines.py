"""The finder's lines of made-up pages, which the line model and the row models learn from."""

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.random import Generator

from digits.data import pages
from digits.data.many import many
from digits.data.pages import Page
from digits.data.row_ink import Sources
from digits.finder import find_lines
from digits.vision.lines import Line
from digits.vision.walls import within_cells

SIDES = 512, 1024, 1024, 1024  # pixels of a page

Sample = TypeVar("Sample")
OfPage = Callable[[Sources, Generator], list[Sample]]


def page(source: Sources, rng: Generator) -> Page:
    """A made-up page of some size."""
    return pages.page(source, rng, int(rng.choice(SIDES)))


def parted(grey: np.ndarray) -> list[Line]:
    """The finder's lines in a grey picture (H, W) uint8, parted at the walls of cells."""
    return [part for line in find_lines(grey) for part in within_cells(line, grey)]


def samples(
    of_page: OfPage[Sample], usual: int, count: int, source: Sources, seed: int, processes: int
) -> list[Sample]:
    """`count` samples that `of_page`, a function of a module, makes of pages that have about
    `usual` of them, the same for a seed."""
    found: list[Sample] = []
    made, together = 0, -(-count // usual)  # pages, of which some may have no sample
    while len(found) < count:
        for some in many(of_page, together, source, seed + made, processes):
            found += some
        made += together
    return found[:count]
