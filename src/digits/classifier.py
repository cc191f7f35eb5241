"""Any artefact -> Classifier: uint8 tiles in, logits out. Loads without torch for ONNX files."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np

from digits import card, graphs, metrics, threads
from digits.errors import DigitsError, did_you_mean, reason
from digits.spec import (
    ARTEFACT_SUFFIXES,
    BLANK,
    CLASSES,
    INPUT_SHAPE,
    LINE_CLASSES,
    NONE,
    PAGE_CLASSES,
    pretrained_dir,
)
from digits.spec import DEFAULT_SHIPPED as DEFAULT_SHIPPED

METADATA_KEY = "digits"  # under which an .onnx or .pt2 file keeps what a checkpoint says of itself
# -> dimensions of the logits
TAKES = {"tiles": 2, "row images": 3, "page images": 4, "line images": 2}
BY_CLASSES = {PAGE_CLASSES: "page images", LINE_CLASSES: "line images"}
ANY_SIDE = 64  # pixels of what a model that takes any is tried with
BATCH = 1024  # tiles a forward pass: bounds the memory, and is past where throughput still grows


@dataclass
class Classifier:
    """A loaded model. Calling it: tiles (N, C, H, W) uint8 -> logits (N, K) float32.

    `card` is what the artefact says of itself: arch, metrics, training configuration. `shape` is
    (C, H, W), of digits (1, 28, 28). Threads may share one.

    Raises:
        DigitsError: when called, what it is given are no such tiles.

    >>> import numpy, digits
    >>> tiny = digits.load("tiny")
    >>> tiny(numpy.zeros((5, 1, 28, 28), numpy.uint8)).shape, tiny.classes[7], tiny.trained_on
    ((5, 10), '7', 'mnist')
    """

    forward: Callable[[np.ndarray], np.ndarray]
    path: Path
    classes: tuple[str, ...] = CLASSES
    temperature: float = 1.0
    thresholds: dict[str, float] = field(default_factory=dict)
    card: dict[str, Any] = field(default_factory=dict)
    shape: tuple[int | None, ...] = INPUT_SHAPE

    @property
    def takes(self) -> str:
        """What it takes: one of TAKES."""
        if self.classes[-1] == BLANK:
            return "row images"
        return BY_CLASSES.get(self.classes, "tiles")

    @cached_property
    def name(self) -> str:
        """What answers call it: `name_of` its file."""
        return name_of(self.path)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Its classes but for `none`."""
        return tuple(name for name in self.classes if name != NONE)

    @property
    def trained_on(self) -> str:
        """The data sets it learned from, by the names that `train --dataset` takes, or ""."""
        dataset = self.card.get("config", {}).get("dataset")
        return dataset if isinstance(dataset, str) else ""

    def __call__(self, tiles: np.ndarray) -> np.ndarray:
        tiles = np.asarray(tiles)
        if not self._fits(tiles):
            sides = ", ".join(str(side or "any") for side in self.shape)
            raise DigitsError(
                f"{tiles.dtype} {tiles.shape}: give {self.takes} as uint8 (N, {sides}), "
                "0 to 255, bright ink on black"
            )
        if not len(tiles):
            return np.zeros((0, len(self.classes)), np.float32)
        chunks = [self.forward(tiles[i : i + BATCH]) for i in range(0, len(tiles), BATCH)]
        logits = np.concatenate(chunks).astype(np.float32)
        if logits.shape[-1:] != (len(self.classes),) or not np.isfinite(logits).all():
            raise DigitsError(
                f"{self.name}: answers {logits.shape[-1:]} values, or none that are numbers, for "
                f"{len(self.classes)} classes; train it again with a lower --learning_rate"
            )
        return logits

    def _fits(self, tiles: np.ndarray) -> bool:
        return (
            tiles.dtype == np.uint8
            and tiles.ndim == 4
            and all(s in (None, t) for s, t in zip(self.shape, tiles.shape[1:], strict=True))
        )

    def predict_proba(self, tiles: np.ndarray) -> np.ndarray:
        """Calibrated probabilities (N, K), float64, of tiles (N, C, H, W) uint8."""
        return metrics.softmax(self(tiles), self.temperature)


def find(name: str | Path | None) -> Path:
    """The artefact that `--model` means: a path, or the name of a shipped model, by default of
    `reader`. A model of one's own is never taken unasked: it may be far worse at real pictures.

    Raises:
        DigitsError: there is no such file and no shipped model of that name.
    """
    name = DEFAULT_SHIPPED if name is None else name
    if Path(name).is_file():
        return Path(name)
    if str(name) in shipped():
        return shipped()[str(name)]
    known = f"; shipped models are {', '.join(shipped())}" if shipped() else ""
    hint = did_you_mean(str(name), shipped())
    raise DigitsError(f"{name}: no such model{hint or known}; `train` makes one")


def find_checkpoint(name: str | Path | None) -> Path:
    """The checkpoint that `name` means: of an artefact, such as a shipped model's, the one beside.

    Raises:
        DigitsError: as `find`; or the shipped model's checkpoint is left out of the package.
    """
    path = find(name)
    beside = path.with_suffix(".pth")
    if path in shipped().values() and not beside.is_file():
        raise DigitsError(
            f"{path.stem}: of this model the package has the ONNX file alone, not the checkpoint; "
            f"name models/pretrained/{beside.name} of a clone, or a model that `train` made"
        )
    return beside


def name_of(path: Path) -> str:
    """Of a shipped model its name, of another its path."""
    return path.stem if path in shipped().values() else str(path)


def shipped() -> dict[str, Path]:
    """Name -> file of the models in models/pretrained/ that read tiles."""
    return {path.stem: path for path in sorted(pretrained_dir().glob("[!_]*.onnx"))}


def load(path: str | Path, device: Any = "cpu", takes: str = "tiles") -> Classifier:
    """Load an artefact by its suffix: .pth checkpoint, .onnx, .pt2 or .pt exported program.

    `device` (a torch device or its name) is for .pth and exported programs; ONNX runs on the CPU.
    `takes` asks for a model of "row images" (N, 1, 48, W) uint8 -> logits (N, T, K) float32, of
    "page images" (N, 1, H, W) -> (N, H / 2, W / 2, K), or of "line images" (N, 1, 72, W) -> (N, K).

    Raises:
        DigitsError: the file is missing, damaged, or of another kind.
    """
    path = Path(path)
    if not path.is_file():
        raise DigitsError(f"{path}: no such model; `train` makes one")
    if path.suffix not in BACKENDS:
        raise DigitsError(f"{path}: unknown kind of model; known are {' '.join(ARTEFACT_SUFFIXES)}")
    forward, metadata = BACKENDS[path.suffix](path, device)
    card.check(path, metadata)
    model = Classifier(
        forward,
        path,
        tuple(metadata["classes"]),
        float(metadata["temperature"]),
        dict(metadata["thresholds"]),
        {key: metadata[key] for key in ("arch", "metrics", "config", "versions")},
        tuple(metadata.get("input_shape", INPUT_SHAPE)),
    )
    if "input_shape" in metadata:
        _try(model, metadata["input_shape"])
    if model.takes != takes:
        raise DigitsError(f"{path}: takes {model.takes}, not {takes}; name another model")
    return model


def _try(model: Classifier, shape: Sequence[int | None]) -> None:
    """Let a model answer once, so that one that cannot is refused before a picture is read."""
    channels, height, width = (size or ANY_SIDE for size in shape)
    tiles = np.zeros((2, channels, height, width), np.uint8)
    tiles[1, :, 4:24, 12:16] = 255
    try:
        logits = model(tiles)
    except DigitsError:
        raise
    except Exception as error:  # each backend has exceptions of its own
        raise DigitsError(f"{model.path}: does not answer tiles ({reason(error)})") from None
    if len(logits) != 2 or logits.ndim != TAKES[model.takes]:
        raise DigitsError(f"{model.path}: answers {logits.shape}, not one row of logits a tile")


def metadata_of(content: dict[str, Any]) -> dict[str, Any]:
    """What an exported artefact keeps of a checkpoint's content: all but the weights."""
    return {key: value for key, value in content.items() if key != "state_dict"}


Backend = tuple[Callable[[np.ndarray], np.ndarray], dict[str, Any]]


def compute_on_one_thread() -> None:
    """Let OpenCV and ONNX models use one thread: for processes that work side by side, whose
    threads would wait for each other."""
    import cv2

    cv2.setNumThreads(0)  # 1 would wait for threads that a forked process has not
    threads.of_onnx = 1


def _load_onnx(path: Path, device: Any) -> Backend:
    from digits.onnx_runtime import onnxruntime

    graphs.check(path)
    onnxruntime.set_default_logger_severity(3)  # errors only: warnings go past our one-line rule

    # A forked copy of a session waits for threads that stayed behind, when it ends as well: kept.
    @cache
    def session_of(process: int, count: int) -> Any:
        options = onnxruntime.SessionOptions()
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.intra_op_num_threads = count
        return onnxruntime.InferenceSession(
            content,
            options,
            providers=["CPUExecutionProvider"],
            enable_fallback=0,  # it would print
        )

    try:
        content = path.read_bytes()
        session = session_of(os.getpid(), threads.of_onnx)
        metadata = json.loads(session.get_modelmeta().custom_metadata_map[METADATA_KEY])
        name = session.get_inputs()[0].name
    except KeyError:
        raise DigitsError(f"{path}: not made by `optimize`: it carries no description") from None
    except Exception as error:  # ONNX Runtime's exceptions share no narrower base class
        raise DigitsError(f"{path}: damaged, or not an ONNX model ({reason(error)})") from None

    def forward(tiles: np.ndarray) -> np.ndarray:
        return session_of(os.getpid(), threads.of_onnx).run(None, {name: tiles})[0]

    return forward, metadata


def _load_checkpoint(path: Path, device: Any) -> Backend:
    from digits import checkpoint

    content = checkpoint.load(path)
    if "state_dict" not in content:
        raise DigitsError(f"{path}: a training state, not a model; go on with `train --resume`")
    return _torch_forward(checkpoint.build(content), device), metadata_of(content)


def _load_program(path: Path, device: Any) -> Backend:
    from digits import programs

    module, metadata = programs.load(path, METADATA_KEY)
    return _torch_forward(module, device), metadata


def _torch_forward(model: Any, device: Any) -> Callable[[np.ndarray], np.ndarray]:
    import torch

    model = model.to(device)

    def forward(tiles: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return model(torch.from_numpy(tiles).to(device)).float().cpu().numpy()

    return forward


BACKENDS = {
    ".onnx": _load_onnx,
    ".pth": _load_checkpoint,
    ".pt2": _load_program,
    ".pt": _load_program,
}
