"""Measure reading on other people's pictures: `python benchmarks/reading.py --data ../shared/data`.

Prints the table of docs/results/reading.md; `--output` also writes it as JSON. The folder holds
MNIST/raw, handwriting/SET/DIGIT/*.png, strings/labels.csv and hands/*.npz; `--only` names the parts
to measure.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from hostile import write_hostile
from many import PEAK, PREDICT
from support import hands
from support.command import add_data, by_label, run_main

from digits import checkpoint, classifier, data
from digits.data import nondigits, strokes
from digits.data.strings import CHEQUE, HEIGHT, PLAIN, compose, on_paper
from digits.evaluation.style import figure
from digits.metrics import wilson_interval
from digits.pictures.load import from_array, load
from digits.reading.answer import Answer
from digits.reading.pages import read_first
from digits.reading.reader import Reader

Line = dict[str, str | float]  # one line of the table: what was measured, its bar, the value
Failure = tuple[np.ndarray, str, Answer]  # a grey picture, what stands in it, what was read
SEED = 2024


def share(what: str, bar: float, right: int, total: int, text: str = "") -> Line:
    """A line of the table; a bar of 0 is none."""
    low, high = wilson_interval(right, total) if total else (0.0, 1.0)
    value = right / max(total, 1)
    shown = f"{value:.2%} of {total:,} (95%: {low:.2%} to {high:.2%}){text}"
    return {"measured on": what, "bar": bar, "value": value, "shown": shown, "good": value >= bar}


def limit(what: str, bar: float, value: float, unit: str) -> Line:
    """A line of the table; a bar of 0 is none."""
    good = not bar or value <= bar
    shown = f"{value:.3g} {unit}"
    return {"measured on": what, "bar": bar, "value": value, "shown": shown, "good": good}


class Measurements:
    """Each of PARTS is a method, named as for `--only`, that yields lines of the table."""

    def __init__(self, folder: Path, model: Path, count: int, split: str) -> None:
        self.folder, self.path, self.count = folder, model, count
        self.model = classifier.load(model)
        self.reader = Reader.expecting(self.model)
        self.rng = np.random.default_rng(SEED)
        self.wrong: list[Failure] = []
        self.name, part = f"MNIST {split}", getattr(data.load("mnist", folder), split)
        self.tiles, self.labels = part.images.numpy(), part.labels.numpy()

    def measure(self, part: str) -> Iterator[Line]:
        """The lines of a part: on its own pictures, the same whatever is measured before it."""
        self.rng = np.random.default_rng(SEED)
        yield from getattr(self, part)()

    def read(self, grey: np.ndarray) -> Answer:
        return self.reader.read(from_array(grey))

    def handwriting(self) -> Iterator[Line]:
        """Single digits, drawn and photographed, with nothing said about what they are."""
        counts = {"all": 0, "read": 0, "right": 0}
        for name, bar in (("hwd1000", 0.998), ("paper", 0.98)):
            files = by_label(self.folder / "handwriting" / name)
            files = files[:: max(1, len(files) // self.count) if self.count else 1]
            right = 0
            for path in files:
                picture = load(path)
                answer = self.reader.read(picture)
                good = answer.text == path.parent.name
                right += good
                counts["all"] += 1
                counts["read"] += answer.status == "read"
                counts["right"] += good and answer.status == "read"
                if not good:
                    self.wrong.append((picture.grey, path.parent.name, answer))
            yield share(f"handwriting/{name}", bar, right, len(files))
        yield share("handwriting, answers `read`: right", 0.998, counts["right"], counts["read"])
        yield share("handwriting: answered `read`", 0.95, counts["read"], counts["all"])

    def uci(self) -> Iterator[Line]:
        """Scans of 8x8 pixels by 43 other people, of UCI, enlarged to 40."""
        from sklearn.datasets import load_digits

        scans, labels = load_digits(return_X_y=True)
        some = slice(self.count or None)
        answers = []
        for scan in scans[some].reshape(-1, 8, 8) * (255 / 16):
            ink = cv2.resize(scan, (40, 40), interpolation=cv2.INTER_CUBIC).clip(0, 255)
            answers.append(self.read(255 - np.pad(ink, 10).astype(np.uint8)))
        good = [a.text == str(y) for a, y in zip(answers, labels[some], strict=True)]
        read = [a.status == "read" for a in answers]
        wrong = sum(r and not g for r, g in zip(read, good, strict=True))
        text = f"; `read` {np.mean(read):.1%}, wrong of these {wrong}"
        yield share("UCI's scans of 8x8 pixels, as pictures", 0, sum(good), len(good), text)

    def mnist(self) -> Iterator[Line]:
        """MNIST as tiles through the whole path, and as pictures like people's."""
        some = slice(self.count or None)
        tiles, labels = self.tiles[some], self.labels[some]
        direct = self.model(tiles)[:, :10].argmax(axis=1) == labels
        whole = [self.read(tile[0]).text == str(y) for tile, y in zip(tiles, labels, strict=True)]
        loss = float(direct.mean() - np.mean(whole)) * 100
        what = f"{self.name}, direct accuracy less that of the whole path"
        yield limit(what, 0.05, loss, "points")
        right = sum(
            self.read(self.picture_of(tile[0])).text == str(y)
            for tile, y in zip(tiles, labels, strict=True)
        )
        what = f"{self.name} as pictures, 100-400 px, off centre"
        yield share(what, 0.995, right, len(labels))

    def picture_of(self, tile: np.ndarray) -> np.ndarray:
        """A tile black on white, 100-400 px, moved off centre."""
        size = int(self.rng.integers(100, 401))
        digit = cv2.resize(tile, (size, size), interpolation=cv2.INTER_CUBIC)
        reach = size // 3
        move = self.rng.integers(-reach, reach + 1, 2).tolist()
        shift = np.array([[1, 0, move[0] / 2], [0, 1, move[1] / 2]], np.float32)
        around = np.pad(digit, reach // 2)
        return 255 - cv2.warpAffine(around, shift, around.shape[::-1])

    def strings(self) -> Iterator[Line]:
        """Cheque amounts, and rows composed of MNIST digits; whole strings right."""
        number = Reader.expecting(self.model, "number")
        with (self.folder / "strings" / "labels.csv").open() as file:
            rows = list(csv.DictReader(file))[: self.count or None]
        for reader, how in ((number, "--expect number"), (self.reader, "--expect auto")):
            right = 0
            for row in rows:
                picture = load(self.folder / "strings" / row["path"])
                answer = reader.read(picture)
                right += answer.text == row["label"]
                if answer.text != row["label"] and reader is number:
                    self.wrong.append((picture.grey, row["label"], answer))
            yield share(f"strings (bank cheques), {how}", 0.80, right, len(rows))
        right, total = 0, self.count or 2000
        for _ in range(total):
            chosen = self.rng.integers(0, len(self.tiles), 5)
            ink = np.pad(compose(self.tiles[chosen, 0], PLAIN, self.rng), HEIGHT // 4)
            right += self.read(255 - ink).text == "".join(map(str, self.labels[chosen]))
        yield share(f"5 {self.name} digits in a row, touching and spaced", 0.985, right, total)

    def drawn(self) -> Iterator[Line]:
        """Rows of digits drawn from stroke templates on patterned paper: pictures of our own."""
        right, total = 0, self.count or 500
        tiles, labels = strokes.draw(total, SEED)
        for _ in range(total):
            chosen = self.rng.integers(0, total, self.rng.integers(3, 8))
            picture = on_paper(compose(tiles[chosen, 0], CHEQUE, self.rng), self.rng)
            answer, text = self.read(picture), "".join(map(str, labels[chosen]))
            right += answer.text == text
            if answer.text != text:
                self.wrong.append((picture, text, answer))
        yield share("3 to 7 drawn digits in a row on patterned paper", 0, right, total)

    def nondigits(self) -> Iterator[Line]:
        """Kinds of non-digits that no model of ours was trained on, as pictures."""
        total = self.count or 1000
        tiles = nondigits.make(total, self.tiles, SEED, held_out=True)
        pictures = [self.picture_of(tile[0]) for tile in tiles]
        answers = [self.read(picture) for picture in pictures]
        self.wrong += [
            (picture, "none", answer)
            for picture, answer in zip(pictures, answers, strict=True)
            if answer.status == "read"
        ]
        right = sum(answer.status != "read" for answer in answers)
        none = sum(answer.status == "no_digit" for answer in answers) / total
        yield share("non-digits: not `read`", 0.95, right, total, f"; no_digit {none:.1%}")

    def hands(self) -> Iterator[Line]:
        """What writers held out have written: digits, numbers, letters and signs, drawn by us."""
        count, number = self.count or 2000, Reader.expecting(self.model, "number")
        for what, bar, make, reader in (
            ("single digits as photographs", 0.99, hands.digits, self.reader),
            ("the same as 16x16 binary crops", 0.97, hands.scans, self.reader),
            ("numbers written at once, `--expect number`", 0.95, hands.numbers, number),
        ):
            right = read = wrong = 0
            for grey, text in make(self.folder, count, self.rng):
                answer = reader.read(from_array(grey))
                right += answer.text == text
                read += answer.status == "read"
                wrong += answer.status == "read" and answer.text != text
            text = f"; `read` {read / count:.1%}, wrong of these {wrong}"
            yield share(f"held-out writers: {what}", bar, right, count, text)
        unread = sum(
            self.read(grey).status != "read"
            for grey, _ in hands.others(self.folder, count, self.rng)
        )
        yield share("held-out writers: letters and signs not `read`", 0.96, unread, count)

    def speed(self) -> Iterator[Line]:
        """Medians in this process, on all cores; and the whole command in processes of its own."""
        page = np.full((3000, 4000), 200.0)
        page *= np.linspace(0.6, 1.1, 4000)
        number = compose(self.tiles[[3, 2, 1, 30], 0], PLAIN, self.rng)
        number = cv2.resize(number, None, fx=6, fy=6, interpolation=cv2.INTER_CUBIC)
        height, width = number.shape
        page[1200 : 1200 + height, 900 : 900 + width] *= 1 - 0.7 * number / 255.0
        page += self.rng.normal(0, 4, page.shape)
        with tempfile.TemporaryDirectory() as folder:
            photo, tile = Path(folder) / "photo.jpg", Path(folder) / "tile.png"
            cv2.imwrite(str(photo), np.clip(page, 0, 255).astype(np.uint8))
            cv2.imwrite(str(tile), self.tiles[0, 0])
            read = partial(read_first, self.reader)
            text = read(str(photo)).text
            print(f"photograph read as {text!r}", file=sys.stderr)
            yield limit(
                "a 12-megapixel photograph", 0.4, median_s(lambda: read(str(photo)), 9), "s"
            )
            ms = 1e3 * median_s(lambda: read(str(tile)), 99)
            yield limit("a 28x28 tile", 2, ms, "ms")
            command = [sys.executable, str(PREDICT), "--model", str(self.path)]
            command += ["--image", str(tile)]
            shell = median_s(lambda: subprocess.run(command, check=True, capture_output=True), 7)
            yield limit("from the shell to the answer", 0.6, shell, "s")

    def hostile(self) -> Iterator[Line]:
        """200 damaged or odd files through the command: its answers, the slowest, the memory."""
        with tempfile.TemporaryDirectory() as folder:
            total = write_hostile(Path(folder), self.rng)
            run, peak = self.predict("--json", "--image", folder)
            lines = run.stdout.splitlines()[:-1]
            answers = [json.loads(line) for line in lines]
            answered = 0 if "Traceback" in run.stderr else len(answers)
            yield share(
                "damaged and hostile files answered without a traceback", 1.0, answered, total
            )
            yield limit("the slowest of them", 5, max(a["seconds"] for a in answers), "s")
            yield limit("peak memory", 1, peak / 1024, "GB")

    def predict(self, *flags: str | Path) -> tuple[subprocess.CompletedProcess[str], float]:
        """Run the command; its outcome, the last line of whose output is not its own, and the peak
        memory of its largest process in MB."""
        command = [str(PREDICT), "--model", str(self.path), *map(str, flags)]
        run = subprocess.run(
            [sys.executable, "-c", PEAK, sys.executable, *command], capture_output=True, text=True
        )
        return run, int(run.stdout.splitlines()[-1]) / 1024


def draw_failures(path: Path, wrong: list[Failure], most: int = 48) -> None:
    """A page of what was read wrongly, under each picture what stands in it and what was read."""
    shown = wrong[:: -(-len(wrong) // most)] if wrong else []
    with figure(
        path, max(1, -(-len(shown) // 8)), 8, (14, 1.6 * max(1, -(-len(shown) // 8)))
    ) as axes:
        for axis in axes.flat:
            axis.axis("off")
        for axis, (picture, text, answer) in zip(axes.flat, shown, strict=False):
            axis.imshow(picture, cmap="gray", vmin=0, vmax=255)
            axis.set_title(f"{text} \u2192 {answer.text or 'nothing'} ({answer.status})", size=8)


def median_s(run: Callable[[], object], times: int) -> float:
    """Median seconds of a call, after one to warm up."""
    run()
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return float(np.median(taken))


PARTS = (
    "handwriting", "uci", "mnist", "strings", "drawn", "nondigits", "hands", "speed", "hostile",
)  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    add_data(parser)
    parser.add_argument("--model", default=classifier.DEFAULT_SHIPPED, help="file or name")
    parser.add_argument("--split", choices=("test", "validation"), default="test", help="of MNIST")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--count", type=int, default=0, help="fewer pictures, for a quick look")
    parser.add_argument("--output", type=Path, help="write the table as JSON")
    parser.add_argument("--failures", type=Path, help="draw what was read wrongly, as PNG")
    args = parser.parse_args()
    parts = Measurements(args.data, classifier.find(args.model), args.count, args.split)
    lines: list[Line] = []
    print("| measured on | bar | measured | |\n|---|---|---|---|")
    for name in args.only:
        for line in parts.measure(name):
            good = "" if line["good"] else "short"
            print(
                f"| {line['measured on']} | {line['bar'] or '-'} | {line['shown']} | {good} |",
                flush=True,
            )
            lines.append(line)
    if args.output:
        content = {"model": parts.path.name, "command": " ".join(sys.argv), "lines": lines}
        checkpoint.write_json(args.output, content)
    if args.failures:
        draw_failures(args.failures, parts.wrong)
    return 0


if __name__ == "__main__":
    run_main(main)
