"""Folders of letters that are drawn here, as one's own data."""

import csv
from pathlib import Path

import cv2
import numpy as np

LETTERS = "ABCDE"


def picture(letter: str, rng: np.random.Generator, side: int = 60) -> np.ndarray:
    """A letter in black on white, drawn with some pen somewhere: (side, side) uint8."""
    paper = np.full((side, side), 255, np.uint8)
    place = (int(rng.integers(12, 20)), int(rng.integers(38, 46)))
    pen, size = int(rng.integers(2, 5)), float(rng.uniform(0.9, 1.3))
    cv2.putText(paper, letter, place, cv2.FONT_HERSHEY_SIMPLEX, size, 0, pen, cv2.LINE_AA)
    turned = np.eye(2, 3) + rng.normal(0, 0.1, (2, 3))
    return cv2.warpAffine(paper, turned, (side, side), borderValue=255.0)


def fill(folder: Path, letters: str = LETTERS, count: int = 8, seed: int = 0) -> Path:
    """`count` pictures of each letter, in one folder a class."""
    rng = np.random.default_rng(seed)
    for letter in letters:
        (folder / letter).mkdir(parents=True, exist_ok=True)
        for i in range(count):
            cv2.imwrite(str(folder / letter / f"{seed}-{i}.png"), picture(letter, rng))
    return folder


def table(path: Path, rows: list[tuple[str, ...]]) -> str:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return str(path)
