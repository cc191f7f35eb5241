"""One reading process: takes pictures from a pipe, reads them, gives the answers back.

Decoders of pictures run here only. What makes one crash or hang costs this process, not the server.
"""

import base64
import io
import json
import time
from dataclasses import dataclass, replace
from functools import lru_cache
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from digits.errors import DigitsError
from digits.occlusion import drops
from digits.reading.formats import OR_A_FILE
from digits.web.limits import FORMATS, LIMITS

if TYPE_CHECKING:
    from digits.reading.answer import Answer, Digit

READERS = 8  # kept: one for each model and `expect` asked for lately; a pattern has up to 50 MB


@dataclass(frozen=True)
class Job:
    """A picture to read, and how: `model` by name; the rest as the flags of `digits predict`."""

    data: bytes
    name: str
    model: str
    expect: str = "auto"
    decimal: str = "."
    top_k: int = 1
    explain: bool = False
    tiles: bool = False


@dataclass(frozen=True)
class Result:
    """What came of a job: 200 and an answer as JSON, or a status of 4xx and a message.

    `answer` is also there where a picture is damaged (422), too large (413) or none (415).
    """

    status: int
    kind: str = ""  # the answer's status: read, unsure, no_digit, error
    answer: bytes = b""
    message: str = ""


def run(pipe: Connection, models: dict[str, Path]) -> None:
    """Read what comes through the pipe until it is closed; first send the classes of each model, or
    as text what is wrong."""
    import signal

    from digits import classifier

    for number in (signal.SIGINT, signal.SIGTERM):  # the server ends us, by closing the pipe
        signal.signal(number, signal.SIG_IGN)
    classifier.compute_on_one_thread()
    try:
        readers = Readers({name: classifier.load(path) for name, path in models.items()})
    except DigitsError as error:
        pipe.send(str(error))
        return
    pipe.send(readers.classes)
    try:
        while True:
            pipe.send(readers.read(pipe.recv()))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


@dataclass
class Loaded:
    """A picture, the reader for it, the seconds that it took so far, and its answer if it is a
    tile."""

    picture: Any
    reader: Any
    seconds: float
    tile: Any = None


class Readers:
    """The loaded models, and a reader for whatever is expected."""

    def __init__(self, models: dict[str, Any]) -> None:
        self._models = models
        for name, model in models.items():
            model.name = name  # a path would tell clients where it lies
        self._reader = lru_cache(READERS)(self._new_reader)

    @property
    def classes(self) -> dict[str, tuple[str, ...]]:
        """What each model tells apart."""
        return {name: model.classes for name, model in self._models.items()}

    def read(self, jobs: list[Job]) -> list[Result]:
        """A result for each job; never raises for what a client can send."""
        results = [self._load(job) for job in jobs]
        loaded = [one for one in results if isinstance(one, Loaded)]
        for reader in {id(one.reader): one.reader for one in loaded}.values():
            some = [one for one in loaded if one.reader is reader]
            start = time.perf_counter()
            tiles = reader.read_tiles([one.picture for one in some])
            share = (time.perf_counter() - start) / len(some)
            for one, answer in zip(some, tiles, strict=True):
                one.tile, one.seconds = answer, one.seconds + share
        return [
            one if isinstance(one, Result) else _read(job, one)
            for job, one in zip(jobs, results, strict=True)
        ]

    def _load(self, job: Job) -> Loaded | Result:
        from digits.pictures.load import load
        from digits.reading.pages import failed

        start = time.perf_counter()
        try:
            reader = self._reader(job.model, job.expect)
        except DigitsError as error:
            said = str(error).removeprefix("--").removesuffix(OR_A_FILE)
            return Result(422, message=said)
        status, wrong = refusal(job.data, job.name) or (422, "")
        try:
            if wrong:
                raise DigitsError(wrong)
            picture = load(job.data, job.name, reader.in_colour)
        except DigitsError as error:
            answer = failed(reader, job.name, error, start)
            return Result(status, "error", as_bytes(answer.as_json()), str(error))
        return Loaded(picture, reader, time.perf_counter() - start)

    def _new_reader(self, model: str, expect: str) -> Any:
        from digits.reading.reader import Reader

        return Reader.expecting(self._models[model], expect)


def refusal(data: bytes, name: str) -> tuple[int, str] | None:
    """What its header says against a picture, as a status and a message: 415, none of FORMATS; 413,
    too many pixels."""
    import warnings

    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                width, height = image.size
    except Exception:  # a header can make its decoder raise anything
        known = ", ".join(FORMATS)
        return 415, f"{name}: not a picture that is read here; send {known}"
    if width * height > LIMITS.pixels:
        most = f"send no more than {LIMITS.pixels:,}"
        return 413, f"{name}: {width} x {height} pixels are too many; {most}"
    return None


def _read(job: Job, loaded: Loaded) -> Result:
    from digits.reading.pages import told_of_more

    start = time.perf_counter()
    if loaded.tile:
        answer = replace(loaded.tile, image=job.name)
    else:
        answer = loaded.reader.read(loaded.picture, job.name)
    seconds = loaded.seconds + time.perf_counter() - start
    answer = replace(told_of_more(answer, loaded.picture), seconds=seconds)
    if answer.status == "error":
        return Result(422, "error", as_bytes(answer.as_json()), answer.error)
    content = answer.as_json(job.top_k, job.decimal)
    if job.tiles:
        content["tiles"] = [[_png(digit.tile) for digit in row.digits] for row in answer.rows]
    if job.explain:
        content["explain"] = _explained(loaded.picture, answer)
        content["rests_on"] = _all_rest_on(loaded.reader.classifier, answer)
    return Result(200, answer.status, as_bytes(content))


def _all_rest_on(classifier: Any, answer: "Answer") -> list[list[str | None]]:
    """What each digit of each row rests on, as PNG; None for those that there was no time for."""
    since = time.thread_time()

    def drawn(digit: "Digit") -> str | None:
        if time.thread_time() - since > LIMITS.explain_seconds:
            return None
        return _png(rests_on(classifier, digit.tile, digit.label))

    return [[drawn(digit) for digit in row.digits] for row in answer.rows]


def rests_on(classifier: Any, tile: np.ndarray, label: str) -> np.ndarray:
    """A tile (H, W) or (H, W, 3) in grey and, in orange, where its label rests on it: RGB
    (H, W, 3) uint8.

    The brighter, the more a black patch there lowers the label's logit against the best other one.
    """
    k = classifier.classes.index(label)

    def margins(tiles: np.ndarray) -> np.ndarray:
        logits = classifier(tiles)
        return logits[:, k] - np.delete(logits, k, axis=1).max(axis=1)

    heat = np.maximum(drops(margins, tile), 0)
    heat *= 255 / max(heat.max(), 1e-9)
    grey = tile if tile.ndim == 2 else tile.mean(axis=2)
    return np.stack([np.maximum(grey / 2, heat * part) for part in (1.0, 0.6, 0.0)], -1).astype(
        np.uint8
    )


def as_bytes(content: dict[str, Any]) -> bytes:
    """An answer as JSON; half of a surrogate pair in a name becomes a question mark."""
    return json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")


def _png(tile: np.ndarray) -> str:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(tile).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def _explained(picture: Any, answer: Any) -> str:
    from digits.reading.explain import explain

    file = io.BytesIO()
    explain(picture, answer, file)
    return base64.b64encode(file.getvalue()).decode()
