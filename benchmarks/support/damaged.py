"""Inputs that are damaged or senseless, each made from its number, and what becomes of them.

A picture is read page by page as `predict` reads it, an archive with all that is in it; a model
answers one tile. What breaks is anything but an answer or a `DigitsError` of one line.
"""

import contextlib
import ctypes
import faulthandler
import io
import json
import resource
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from hostile import mutated, pattern, saved
from support.textures import TEXTURES

from digits.errors import DigitsError
from digits.reading.budget import of_file

MOST_SECONDS, MOST_MEGABYTES = 5.0, 1024
HANGS_AFTER_S = 3600  # of a clock: its process is ended, which breaks the input
ADDRESS_SPACE = 12 << 30  # bytes: what fills the memory breaks by itself, and harms nobody else


@dataclass(frozen=True)
class Case:
    """What became of one input: `outcome` is statuses, `refused`, or what broke."""

    part: str
    number: int
    what: str
    outcome: str
    page_seconds: float = 0.0  # of CPU time, of the page that took longest
    seconds: float = 0.0  # of CPU time, of all
    wall_seconds: float = 0.0
    megabytes: float = 0.0  # resident at the most, all of Python included

    @property
    def is_broken(self) -> bool:
        return (
            self.outcome.startswith("broken")
            or self.page_seconds > MOST_SECONDS
            or self.seconds > of_file(None) + MOST_SECONDS
            or self.megabytes > MOST_MEGABYTES
        )


class Clock:
    """The CPU seconds of each page: from when it is asked for to when the next one is."""

    def __init__(self) -> None:
        self.start = time.process_time()
        self.seconds: list[float] = []

    def lap(self) -> None:
        now = time.process_time()
        self.seconds.append(now - self.start)
        self.start = now

    def pages(self, pictures: Iterator[Any]) -> Iterator[Any]:
        """The pictures as they are."""
        try:
            for picture in pictures:
                yield picture
                self.lap()
        finally:
            self.lap()  # what ended the file was decoded too


def measured(part: str, number: int, what: str, try_it: Callable[[Clock], str]) -> Case:
    """One input's outcome, time and memory; what is not a `DigitsError` is broken."""
    faulthandler.dump_traceback_later(HANGS_AFTER_S, exit=True)
    forget_peak()
    began, start, clock = time.perf_counter(), time.process_time(), Clock()
    try:
        outcome = try_it(clock)
    except DigitsError as error:
        outcome = "refused" if "\n" not in str(error) else "broken: more than one line"
    except Exception as error:
        outcome = f"broken: {type(error).__name__}: {error!s:.120}"
    faulthandler.cancel_dump_traceback_later()
    clock.lap()
    seconds, wall = time.process_time() - start, time.perf_counter() - began
    return Case(part, number, what, outcome, max(clock.seconds), seconds, wall, peak_megabytes())


def forget_peak() -> None:
    """From now on the peak is the next input's, on Linux.

    What making the input took is given back first: writing three AVIF pages kept 1.5 GB.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")


def peak_megabytes() -> float:
    try:
        status = Path("/proc/self/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024
    except (OSError, IndexError):  # not Linux: the peak of all inputs so far
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@cache
def reader() -> Any:
    from digits import classifier
    from digits.reading.reader import Reader

    classifier.compute_on_one_thread()
    return Reader.expecting(classifier.load(classifier.shipped()[classifier.DEFAULT_SHIPPED]))


def statuses(name: str, data: bytes, clock: Clock) -> set[str]:
    """Those of all the pages of a file."""
    from digits.pictures.load import pages
    from digits.reading.pages import read_loaded

    answers = read_loaded(reader(), name, clock.pages(_lazily(pages, data, name)))
    json.dumps([answer.as_json() for answer in answers], allow_nan=False)
    return {answer.status for answer in answers}


def _lazily(pages: Callable[[bytes, str], Iterator[Any]], data: bytes, name: str) -> Iterator[Any]:
    yield from pages(data, name)


def picture(number: int) -> Case:
    """A pattern of any size and shape in a file of any kind, of some pages where it can have them;
    every second one is damaged."""
    rng = np.random.default_rng(number)
    name, pixels = pattern(rng)
    kind, data = saved(pixels, rng)
    if number % 2:
        data = mutated(data, rng)
    what = f"{name} {pixels.shape[1]}x{pixels.shape[0]} {kind}{' damaged' * (number % 2)}"
    reader()
    return measured(
        "pictures", number, what, lambda clock: ", ".join(sorted(statuses("it", data, clock)))
    )


def texture(number: int) -> Case:
    """One of the textures that took minutes, in a PNG."""
    name, make = list(TEXTURES.items())[number]
    data = cv2.imencode(".png", make())[1].tobytes()
    reader()
    return measured(
        "textures", number, name, lambda clock: ", ".join(sorted(statuses("it", data, clock)))
    )


def archive(number: int) -> Case:
    """A damaged archive or list of a few small pictures, read with all that is in it."""
    from digits.pictures import files

    rng = np.random.default_rng(number)
    suffix = (".tar", ".parquet", ".csv", ".txt")[number % 4]
    reader()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"it{suffix}")
        path.write_bytes(mutated(_packed(Path(folder), suffix, rng), rng))

        def read(clock: Clock) -> str:
            found: set[str] = set()
            for file in files.files(str(path)):
                try:
                    source = files.source(file)
                    data = source if isinstance(source, bytes) else source.read_bytes()
                    found |= statuses(file.name, data, clock)
                except (DigitsError, OSError, ValueError):  # no such file, as a list may have it
                    found.add("error")
            return ", ".join(sorted(found))

        return measured("archives", number, suffix, read)


def _packed(folder: Path, suffix: str, rng: np.random.Generator) -> bytes:
    """A few drawings of a digit in a file of that kind, or named by it and put beside it."""
    names = [f"{i}.png" for i in range(int(rng.integers(1, 6)))]
    drawings = [_drawing(rng) for _ in names]
    buffer = io.BytesIO()
    if suffix == ".tar":
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            for name, data in zip(names, drawings, strict=True):
                member = tarfile.TarInfo(name)
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
    elif suffix == ".parquet":
        import pyarrow
        from pyarrow import parquet

        kind = str(rng.choice(["none", "snappy", "zstd"]))
        table = pyarrow.table({"image": names, "bytes": drawings})
        parquet.write_table(table, buffer, row_group_size=2, compression=kind)
    else:
        for name, data in zip(names, drawings, strict=True):
            (folder / name).write_bytes(data)
        buffer.write("\n".join(["image"] * (suffix == ".csv") + names).encode() + b"\n")
    return buffer.getvalue()


def _drawing(rng: np.random.Generator) -> bytes:
    sheet = np.full((28, 28), 255, np.uint8)
    cv2.putText(sheet, str(rng.integers(10)), (6, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.7, 0, 2)
    return cv2.imencode(".png", sheet)[1].tobytes()


def good_models() -> dict[str, bytes]:
    """An artefact of each format, of a small shipped checkpoint: float32 and int8."""
    from digits import checkpoint, classifier, data
    from digits.optimization import artefact

    path = classifier.shipped()["micro"].with_suffix(".pth")
    content, made = checkpoint.load(path), {"float32.pth": path.read_bytes()}
    tiles = artefact.calibration_tiles(data.load("uci").train.images)
    for suffix in (".onnx", ".pt2"):
        made[f"float32{suffix}"] = artefact.build(content, suffix)
        made[f"int8{suffix}"] = artefact.build(content, suffix, tiles)
    return made


_good: dict[str, bytes] = {}  # of a worker: what it damages


def start(good: dict[str, bytes]) -> None:
    """Tell a worker what it damages, and bound its memory."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    _good.update(good)


def model(number: int) -> Case:
    """A damaged artefact; it answers a tile or is refused."""
    rng = np.random.default_rng(number)
    name = list(_good)[number % len(_good)]
    inside = not name.endswith(".onnx") and rng.random() < 0.5
    data = mutated_inside(_good[name], rng) if inside else mutated(_good[name], rng)

    def load(clock: Clock) -> str:
        from digits import classifier

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(data)
            logits = classifier.load(path)(np.zeros((1, 1, 28, 28), np.uint8))
        return "answers" if np.isfinite(logits).all() else "broken: no numbers"

    reader()
    return measured("models", number, f"{name}{', a member of it' * inside}", load)


def mutated_inside(data: bytes, rng: np.random.Generator) -> bytes:
    """A zip archive, whole, of whose members one is damaged."""
    with zipfile.ZipFile(io.BytesIO(data)) as whole:
        members = {name: whole.read(name) for name in whole.namelist()}
    chosen = str(rng.choice(list(members)))
    members[chosen] = mutated(members[chosen], rng)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as broken:
        for name, content in members.items():
            broken.writestr(name, content)
    return buffer.getvalue()


PARTS: dict[str, Callable[[int], Case]] = {
    "models": model, "textures": texture, "pictures": picture, "archives": archive,
}  # fmt: skip
MOST = {"textures": len(TEXTURES)}  # of the parts that are not without end
