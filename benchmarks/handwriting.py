"""Every shipped model on handwriting that none was trained on, read in the usual way and in ours.

    python benchmarks/handwriting.py --data ../shared/data

The usual way shrinks the picture to 28x28, makes bright pictures dark, and asks the model: what
programs for MNIST do with a user's file. Ours is what `predict --image` does. The folder holds
handwriting/SET/DIGIT/*.png.
"""

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np
from support.command import add_data, by_label, run_main

from digits import checkpoint, classifier
from digits.metrics import wilson_interval
from digits.pictures.load import load
from digits.reading.reader import Reader
from digits.spec import TILE_SIZE, pretrained_dir

SETS = ("hwd1000", "paper")
Row = dict[str, str | float]


def usual(grey: np.ndarray) -> np.ndarray:
    """A picture (h, w) uint8 as the usual program gives it to its model: (1, 1, 28, 28) uint8."""
    tile = cv2.resize(grey, (TILE_SIZE, TILE_SIZE), interpolation=cv2.INTER_AREA)
    return (255 - tile if tile.mean() > 127 else tile)[None, None]


def measure(model: Path, folder: Path) -> Row:
    """Shares of a model: right in both ways, answered `read`, and right of these."""
    known = classifier.load(model)
    reader = Reader.expecting(known)
    row: Row = {"model": model.stem}
    answered = answered_right = total = 0
    for name in SETS:
        files = by_label(folder / "handwriting" / name)
        usual_right = right = 0
        for path in files:
            picture, label = load(path), path.parent.name
            usual_right += known.classes[int(known(usual(picture.grey)).argmax())] == label
            answer = reader.read(picture)
            right += answer.text == label
            answered += answer.status == "read"
            answered_right += answer.status == "read" and answer.text == label
        row[f"{name}, usual way"] = usual_right / len(files)
        row[name] = right / len(files)
        row[f"{name}, interval"] = "{:.1%} to {:.1%}".format(*wilson_interval(right, len(files)))
        total += len(files)
    return row | {"read": answered / total, "right of these": answered_right / max(answered, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add_data(parser)
    parser.add_argument("--output", type=Path, help="write the rows as JSON")
    args = parser.parse_args()
    digits = (p for p in pretrained_dir().glob("[!_]*.pth") if "0" in classifier.load(p).classes)
    models = sorted(digits, key=lambda path: path.stat().st_size)
    rows: list[Row] = []
    for model in models:
        rows.append(measure(model, args.data))
        if len(rows) == 1:
            print("| " + " | ".join(rows[0]) + " |\n" + "|---" * len(rows[0]) + "|")
        shown = (f"{v:.1%}" if isinstance(v, float) else v for v in rows[-1].values())
        print("| " + " | ".join(shown) + " |", flush=True)
    if args.output:
        content = {"command": " ".join(sys.argv), "rows": rows}
        checkpoint.write_json(args.output, content)


if __name__ == "__main__":
    run_main(main)
