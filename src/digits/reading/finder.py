"""Where numbers stand on a page: a picture through the finder, to lines in reading order."""

from functools import cache

import numpy as np

from digits import classifier
from digits.classifier import Classifier
from digits.page_image import page_image
from digits.spec import pretrained_dir
from digits.vision.lines import Line, lines
from digits.vision.walls import within_cells

FINDER = "_finder.onnx"  # in models/pretrained/


@cache
def finder() -> Classifier:
    """The shipped finder: page images uint8 (N, 1, H, W) -> logits (N, H / 2, W / 2, 2)."""
    return classifier.load(pretrained_dir() / FINDER, takes="page images")


def maps(grey: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How likely each place of a grey picture (H, W) uint8 lies in a number's row, and in its core:
    two maps (h, w) float64 of 0..1 over the whole picture."""
    logits = finder()(page_image(grey)[None, None])[0].astype(np.float64)
    in_row, in_core = np.moveaxis(1 / (1 + np.exp(-logits)), -1, 0)
    return in_row, in_core


def find_lines(grey: np.ndarray) -> list[Line]:
    """The lines of numbers in a grey picture (H, W) uint8."""
    found = lines(*maps(grey), grey.shape)
    return [part for line in found for part in within_cells(line, grey)]
