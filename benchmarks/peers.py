"""Read sets of pictures with ours and with the recogniser of rapidocr, in turns.

    python benchmarks/peers.py --data ../shared/data --output docs/peers.md

rapidocr 3.10.0 (Apache-2.0, PP-OCRv6 small) is what who types in numbers would install. Its
wheel is unpacked into a folder of its own, and its recogniser runs on the same ONNX Runtime, with
one thread as ours: the crop 48 pixels high, the answer masked to the characters that may stand
there. Ours reads each picture with both its row models, then with its own alone, then comes the
peer; times are medians without loading the file.
"""

import argparse
import csv
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from support.command import add_data, by_label, run_main
from support.peer import PACKAGE, digits_alone

from digits import classifier, data, metrics, onnx_runtime
from digits.data.strings import HEIGHT, PLAIN, compose
from digits.pictures.load import Picture, from_array, load
from digits.reading import row_models
from digits.reading.reader import Reader
from digits.spec import CLASSES, SIGNS

RECOGNISER = Path("rapidocr") / "models" / "PP-OCRv6_rec_small.onnx"
CROP_HEIGHT, LEAST_WIDTH = 48, 320  # pixels of its input; narrower crops are padded, as it does
SEED = 7
Item = tuple[Picture, str]
TITLE = """# Beside a general engine

Ours and rapidocr's recogniser, picture by picture in one run, by

    python benchmarks/peers.py --data ../shared/data --output docs/peers.md

[Reading](results/reading.md) says what the columns mean, when it was measured, and what falls
short.

"""


class Peer:
    """rapidocr's recogniser; calling it: a grey crop (h, w) uint8 -> its text."""

    def __init__(self, folder: Path, allowed: str) -> None:
        runtime = onnx_runtime.onnxruntime
        options = runtime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = runtime.InferenceSession(folder / RECOGNISER, options)
        known = self.session.get_modelmeta().custom_metadata_map["character"].splitlines()
        self.names = ["", *known]  # the first class is the blank
        self.kept = [0, *(k for k, name in enumerate(self.names) if name and name in allowed)]

    def __call__(self, grey: np.ndarray) -> str:
        width = max(1, round(CROP_HEIGHT * grey.shape[1] / grey.shape[0]))
        crop = cv2.resize(grey, (width, CROP_HEIGHT)).astype(np.float32) / 127.5 - 1
        image = np.zeros((1, 3, CROP_HEIGHT, max(width, LEAST_WIDTH)), np.float32)
        image[0, :, :, :width] = crop
        (columns,) = self.session.run(None, {"x": image})
        best = np.array(self.kept)[columns[0][:, self.kept].argmax(axis=1)]
        path = best[np.flatnonzero(np.diff(best, prepend=-1))]
        return "".join(self.names[k] for k in path)


@dataclass
class Race:
    """Of one set: who was right, ours with both row models and with its own, and the peer; the
    seconds of each; and of ours with both, and with its own, which counted as `read`."""

    right: list[tuple[bool, bool, bool]] = field(default_factory=list)
    seconds: list[tuple[float, float, float]] = field(default_factory=list)
    read: list[tuple[bool, bool]] = field(default_factory=list)

    def line(self, name: str) -> str:
        who = np.array(self.right).T
        both, _, peer = who
        ms = np.median(np.array(self.seconds), axis=0) * 1000
        shares = [f"{right.mean():.1%} {_interval(right)}" for right in who]
        sure = [
            f"{right[read].mean():.1%} of {read.mean():.0%}" if read.any() else "-"
            for right, read in zip(who, np.array(self.read).T, strict=False)
        ]
        times = " | ".join(f"{each:.1f}" for each in ms)
        return (
            f"| {name} | {len(both)} | {' | '.join(shares)} | {(both & ~peer).sum()} | "
            f"{(peer & ~both).sum()} | {' | '.join(sure)} | {times} |"
        )


def _interval(right: np.ndarray) -> str:
    low, high = metrics.wilson_interval(int(right.sum()), len(right))
    return f"({100 * low:.1f} to {100 * high:.1f})"


def race(items: Iterator[Item], reader: Reader, peer: Peer, plain: Callable[[str], str]) -> Race:
    """Both on every picture; `plain` is what of a label is asked for."""
    result = Race()
    for picture, label in items:
        times, answers = [time.perf_counter()], []
        for choice in row_models.CHOICES:
            os.environ[row_models.SWITCH] = choice
            answers.append(reader.read(picture))
            times.append(time.perf_counter())
        text = peer(picture.grey)
        times.append(time.perf_counter())
        both, own = (answer.text == plain(label) for answer in answers)
        result.right.append((both, own, plain(text) == plain(label)))
        first, second, third = np.diff(times).tolist()
        result.seconds.append((first, second, third))
        result.read.append((answers[0].status == "read", answers[1].status == "read"))
    return result


def labelled(folder: Path) -> Iterator[Item]:
    with (folder / "labels.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            yield load(folder / row["path"]), row["label"]


def single(folder: Path) -> Iterator[Item]:
    for path in by_label(folder):
        yield load(path), path.parent.name


def composed(tiles: np.ndarray, labels: np.ndarray, count: int) -> Iterator[Item]:
    """Five MNIST test digits in a row, black on white."""
    rng = np.random.default_rng(SEED)
    for _ in range(count):
        chosen = rng.integers(0, len(tiles), 5)
        ink = np.pad(compose(tiles[chosen, 0], PLAIN, rng), HEIGHT // 4)
        yield from_array(255 - ink), "".join(map(str, labels[chosen]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add_data(parser)
    parser.add_argument("--folder", type=Path, default=Path("build/peers"), help="of the peer")
    parser.add_argument("--model", default=classifier.DEFAULT_SHIPPED, help="ours")
    parser.add_argument("--output", type=Path, help="write a page with the table")
    args = parser.parse_args()
    if not (args.folder / RECOGNISER).is_file():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
        subprocess.run([*pip, str(args.folder), PACKAGE], check=True)
    classifier.compute_on_one_thread()
    ours = classifier.load(classifier.find(args.model))
    test = data.load("mnist", args.data).test
    numbers, written = (Peer(args.folder, "".join(some)) for some in (CLASSES, CLASSES + SIGNS))
    row = composed(test.images.numpy(), test.labels.numpy(), 300)
    races = (
        ("cells, `number`", labelled(args.data / "cells"), "number", numbers, digits_alone),
        ("cells, `decimal`", labelled(args.data / "cells"), "decimal", written, str),
        ("cheques, `number`", labelled(args.data / "strings"), "number", numbers, digits_alone),
        ("cheques, `auto`", labelled(args.data / "strings"), "auto", numbers, digits_alone),
        ("five MNIST test digits, `auto`", row, "auto", numbers, digits_alone),
        ("hwd1000, `auto`", single(args.data / "handwriting/hwd1000"), "auto", numbers, str),
        ("paper, `auto`", single(args.data / "handwriting/paper"), "auto", numbers, str),
    )
    lines = [
        "| set, what was expected | pictures | ours right (95%) | our row model alone | peer | "
        "only ours | only the peer | ours where `read` | alone where `read` | ours, ms | alone, ms "
        "| peer, ms |",
        "|" + "---|" * 12,
    ]
    print("\n".join(lines), flush=True)
    for name, items, expect, peer, plain in races:
        lines.append(race(items, Reader.expecting(ours, expect), peer, plain).line(name))
        print(lines[-1], flush=True)
    if args.output:
        args.output.write_text(TITLE + "\n".join(lines) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    run_main(main)
