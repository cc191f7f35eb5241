"""Prove that an artefact still answers as its checkpoint does, and measure what it is good for."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from digits import metrics
from digits.classifier import Classifier
from digits.errors import DigitsError
from digits.optimization import integer_file
from digits.speed import Speed, race

# How many times as fast as eager float32 an int8 program has to be: one tile, BATCH tiles a call.
PROGRAM_SPEED = (3.0, 8.0)
# Points of accuracy that may be lost, unless `--max_drop` says otherwise.
MAX_DROP, MAX_DROP_OF_INTEGERS = 0.2, 0.1
# Of the tiles, or one, may get another label, unless `--max_drop` allows more than usual.
MOST_OTHER = 0.001
# How far a probability may be off: in float32, in float16 (whose steps at 1 are 1e-3), in int8.
ERRORS = {"float32": 1e-4, "float16": 1e-2, "int8": 1.0}
NAMED = 10  # tiles that got another label, by number, when an artefact is refused


@dataclass(frozen=True)
class Figures:
    """What one artefact is good for."""

    name: str
    size_bytes: int
    accuracy: float
    speed: Speed
    logits: np.ndarray = field(repr=False)  # (N, K) float32, of all test tiles

    @property
    def answers(self) -> np.ndarray:
        """The class of each tile, (N,)."""
        return self.logits.argmax(axis=1)


def compare(
    classifiers: Sequence[Classifier],
    tiles: np.ndarray,
    labels: np.ndarray,
    known: Sequence[np.ndarray | None] = (),
) -> list[Figures]:
    """The figures of classifiers on tiles (N, 1, 28, 28) uint8 and labels (N,).

    `known` are the logits (N, K) of each, where they are known; the others are asked.
    """
    speeds = race(classifiers, tiles)
    return [
        _figures(classifier, labels, speed, classifier(tiles) if logits is None else logits)
        for classifier, speed, logits in zip(
            classifiers, speeds, known or [None] * len(speeds), strict=True
        )
    ]


def usual_drop(suffix: str) -> float:
    """Points of accuracy that a file of this suffix may lose unless more is allowed."""
    return MAX_DROP_OF_INTEGERS if suffix in integer_file.FORMATS else MAX_DROP


def require_accuracy(before: Figures, after: Figures, max_drop: float) -> None:
    """Let pass an artefact that lost at most `max_drop` points (hundredths) of accuracy.

    Raises:
        DigitsError: it lost more.
    """
    drop = 100 * (before.accuracy - after.accuracy)
    if drop > max_drop + 1e-9:
        enough = np.ceil(drop * 10 - 1e-6) / 10
        raise DigitsError(
            f"{after.name}: accuracy falls by {drop:.2f} points, from {before.accuracy:.2%} to "
            f"{after.accuracy:.2%} ({differing(before, after)}): not saved; train it for that with "
            f"--finetune 3, or allow it with --max_drop {enough:g}"
        )


def require_answers(before: Figures, after: Figures, max_drop: float, error: float) -> None:
    """Let pass an artefact that gives few tiles another label than the network that it was made of,
    and no probability that is off by more than `error`.

    Raises:
        DigitsError: it answers otherwise.
    """
    other, count = int((before.answers != after.answers).sum()), len(before.answers)
    usual = usual_drop(after.name)
    share = max_drop / 100 if max_drop > usual else MOST_OTHER
    if other > max(1, share * count + 1e-9):
        enough = max(np.ceil(1000 * other / count - 1e-6) / 10, usual + 0.1)
        raise DigitsError(
            f"{after.name}: {differing(before, after)}: not saved; train it for that with "
            f"--finetune 3, or allow it with --max_drop {enough:g}"
        )
    found = float(np.abs(_softmax(before.logits) - _softmax(after.logits)).max())
    if found > error:
        raise DigitsError(
            f"{after.name}: a probability is off by {found:.1g}, more than {error:g}: not saved"
        )


def _softmax(logits: np.ndarray) -> np.ndarray:
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def differing(before: Figures, after: Figures) -> str:
    """Which tiles got another label, in words."""
    (numbers,) = np.nonzero(before.answers != after.answers)
    named = ", ".join(map(str, numbers[:NAMED])) + (", ..." if len(numbers) > NAMED else "")
    return f"{len(numbers):,} of {len(before.answers):,} test tiles get another label" + (
        f": {named}" if len(numbers) else ""
    )


def require_speed(before: Figures, after: Figures) -> None:
    """Let pass an int8 program that is worth having.

    Raises:
        DigitsError: it is not fast enough.
    """
    one = before.speed.median_ms / after.speed.median_ms
    many = after.speed.tiles_per_s / before.speed.tiles_per_s
    least_one, least_many = PROGRAM_SPEED
    if one < least_one or many < least_many:
        raise DigitsError(
            f"{after.name}: int8 is {one:.1f} times as fast as eager float32 for one tile and "
            f"{many:.1f} times in batches, not {least_one:g} and {least_many:g}: PyTorch's int8 "
            "operators cost tens of microseconds a layer each call: not saved; take an .onnx file, "
            "or allow it with --any_speed"
        )


def table(before: Figures, *after: Figures) -> str:
    """All as lines of a table, and under each of the later ones its ratios to the first."""
    lines = [f"{'':12} {'size':>10} {'accuracy':>9} {'one tile (10-90%)':>26} {'tiles/s':>9}"]
    for f in (before, *after):
        lines.append(
            f"{f.name:12} {f.size_bytes / 1000:>7,.0f} kB {f.accuracy:>9.2%} "
            f"{f.speed.median_ms:>7.3f} ms ({f.speed.range_ms[0]:.3f}-{f.speed.range_ms[1]:.3f}) "
            f"{f.speed.tiles_per_s:>9,.0f}"
        )
        if f is not before:
            lines.append(_ratios(before, f))
    return "\n".join(lines)


def _ratios(before: Figures, after: Figures) -> str:
    return (
        f"{'  ratio':12} {after.size_bytes / before.size_bytes:>10.0%} "
        f"{100 * (after.accuracy - before.accuracy):>+6.2f} pt "
        f"{before.speed.median_ms / after.speed.median_ms:>14.1f}x as fast "
        f"{after.speed.tiles_per_s / before.speed.tiles_per_s:>11.1f}x"
    )


def _figures(
    classifier: Classifier, labels: np.ndarray, speed: Speed, logits: np.ndarray
) -> Figures:
    return Figures(
        classifier.path.suffix,
        classifier.path.stat().st_size,
        metrics.accuracy(logits, labels),
        speed,
        logits,
    )
