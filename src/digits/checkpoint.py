"""Checkpoints: plain data, saved whole or not at all, loaded safely, proved undamaged.

A checkpoint is a dict of tensors, numbers, strings, lists and dicts, so `torch.load` reads it with
`weights_only=True` and nothing in a file can run code. `checksum` is the SHA-256 of all else in it.
"""

import contextlib
import glob
import hashlib
import importlib.metadata
import io
import json
import os
import pickle
import pickletools
import re
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from digits import archs, card, leftovers
from digits.errors import DigitsError, reason
from digits.spec import CLASSES, INPUT_SHAPE

try:
    import fcntl
except ImportError:  # Windows has no such lock
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from torch import nn

FORMAT = 1
MOST_BYTES = 1 << 30  # of what is in a file; an ensemble of 100 of the largest has 0.8 GB
# What a pickle of plain data and tensors calls.
CALLS = re.compile(r"torch\._utils _rebuild_tensor_v2|collections OrderedDict|torch \w+Storage")
MOST_ITEMS = 1_000_000  # numbers, strings and tensors in it; the state of a training has thousands


def pack(
    arch: str,
    model: "nn.Module",
    *,
    arch_args: dict[str, Any] | None = None,
    classes: tuple[str, ...] = CLASSES,
    input_shape: tuple[int | None, ...] = INPUT_SHAPE,
    temperature: float = 1.0,
    thresholds: dict[str, float] | None = None,
    metrics: dict[str, Any] | None = None,
    config: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """What a checkpoint of a model holds; `build` makes the model again from it.

    `input_shape` is (channels, height, width); a width of None is any.
    """
    return {
        "arch": arch,
        "arch_args": arch_args or {},
        "classes": list(classes),
        "input_shape": list(input_shape),
        "state_dict": {
            name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()
        },
        "temperature": temperature,
        "thresholds": thresholds or {},
        "metrics": metrics or {},
        "config": config or {},
        "versions": {name: importlib.metadata.version(name) for name in ("torch", "numpy")},
    }


def build(content: dict[str, Any]) -> "nn.Module":
    """The model of a loaded checkpoint, in evaluation mode, on the CPU.

    Raises:
        DigitsError: the weights do not fit the architecture of that name, or are no numbers.
    """
    import torch

    try:
        shape = content.get("input_shape", INPUT_SHAPE)
        classes = len(content["classes"])
        model = archs.create(content["arch"], classes, shape, **content["arch_args"])
        model.load_state_dict(content["state_dict"])
    except (RuntimeError, TypeError, ValueError, AttributeError):
        raise DigitsError(
            f"the checkpoint's weights do not fit today's {content['arch']!r}; train it again"
        ) from None
    if not all(bool(torch.isfinite(value).all()) for value in model.state_dict().values()):
        raise DigitsError(
            "the checkpoint has weights that are no numbers (NaN or infinite); train it again with "
            "a lower --learning_rate"
        )
    return model.eval()


def save(path: str | Path, content: dict[str, Any]) -> None:
    """Write a checkpoint atomically: after a crash at any moment `path` is the old file or the new.

    Raises:
        DigitsError: the folder cannot be written or the disk is full; the old file is untouched.
    """
    import torch

    content = {"format": FORMAT, **content}
    content["checksum"] = digest(content)
    write_atomically(path, lambda file: torch.save(content, file))


def load(path: str | Path) -> dict[str, Any]:
    """Read a checkpoint onto the CPU and prove that it is whole.

    Raises:
        DigitsError: there is no such file, or it is damaged, not a checkpoint, or holds code or
            more than it has bytes.
    """
    import torch

    path = Path(path)
    try:
        with warnings.catch_warnings():  # a pickle of another protocol first warns, then fails
            warnings.simplefilter("ignore")
            content = torch.load(_unpacked(path), map_location="cpu", weights_only=True)
    except DigitsError:
        raise
    except FileNotFoundError:
        raise DigitsError(f"{path}: no such model; `train` makes one") from None
    except pickle.UnpicklingError:
        raise DigitsError(
            f"{path}: refused: not plain data (it may hold code); only load models of `train`"
        ) from None
    except OSError as error:
        raise DigitsError(f"{path}: cannot be read: {reason(error)}") from None
    except Exception:  # the unpickler trips over damage in ten ways, struct.error among them
        raise DigitsError(f"{path}: damaged, or not a checkpoint: refused; train again") from None
    told = content.get("format") if isinstance(content, dict) else None
    if not isinstance(told, int) or told != FORMAT:  # a tensor compares element by element
        raise DigitsError(f"{path}: not a checkpoint of this program (format {FORMAT})")
    try:
        if not _is_plain(content):
            raise _too_much(path)
        whole = content.pop("checksum", None) == digest(content)
    except (RuntimeError, TypeError, ValueError, NotImplementedError):  # tensors without values
        whole = False
    if not whole:
        raise DigitsError(f"{path}: damaged: its checksum does not fit; use another copy")
    if "state_dict" in content:
        card.check(path, content)
    return content


def _unpacked(path: Path) -> IO[bytes]:
    """The archive in a file, written anew so that PyTorch's reader sees the one that was measured
    here. PyTorch packs nothing, so that its members together are smaller than the file."""
    archive = io.BytesIO()
    with zipfile.ZipFile(path) as given, zipfile.ZipFile(archive, "w") as made:
        most = min(path.stat().st_size, MOST_BYTES)
        if sum(info.file_size for info in given.infolist()) > most:
            raise _too_much(path)
        for info in given.infolist():
            content = given.read(info)
            if info.filename.endswith("data.pkl"):
                _check_calls(content)
            made.writestr(info.filename, content)
    archive.seek(0)
    return archive


def _check_calls(pickled: bytes) -> None:
    """Raises UnpicklingError where a pickle calls what `torch.save` of plain data does not: what
    PyTorch allows besides can fill the memory (bytearray)."""
    for operation, value, _ in pickletools.genops(pickled):
        is_call = operation.name in ("GLOBAL", "STACK_GLOBAL", "INST")
        if is_call and not (operation.name == "GLOBAL" and CALLS.fullmatch(str(value))):
            raise pickle.UnpicklingError(value)


def _is_plain(content: object) -> bool:
    """Whether nested data is of what `digest` reads, and no more of it than the limits say: a few
    bytes can say that one number or one list is repeated billions of times."""
    import torch

    waiting, size_bytes, items = [content], 0, 0
    while waiting and size_bytes <= MOST_BYTES and items <= MOST_ITEMS:
        value = waiting.pop()
        items += 1
        if isinstance(value, torch.Tensor):
            size = value.numel() * value.element_size()
            if size > value.untyped_storage().nbytes():  # expanded: its numbers are not there
                return False
            size_bytes += size
        elif isinstance(value, dict):
            waiting += [*value.keys(), *value.values()]
        elif isinstance(value, list | tuple):
            waiting += value
        elif isinstance(value, str):
            size_bytes += len(value)
        elif not isinstance(value, int | float | None):
            return False
    return not waiting


def _too_much(path: Path) -> DigitsError:
    return DigitsError(
        f"{path}: refused: holds more than it has bytes, or than {MOST_BYTES >> 20} MB, or what "
        "`train` does not write; use another copy"
    )


def write_json(path: str | Path, content: dict[str, Any]) -> None:
    """Write plain data as a text file, atomically; raises what `write_atomically` does."""
    write_bytes(path, (json.dumps(content, indent=2, allow_nan=False) + "\n").encode())


def write_bytes(path: str | Path, content: bytes) -> None:
    """Write a file atomically; raises what `write_atomically` does."""
    write_atomically(path, lambda file: file.write(content))


def write_atomically(path: str | Path, write: Callable[[IO[bytes]], object]) -> None:
    """Let `write` fill a temporary file beside `path`, flush it to disk, rename it to `path`.

    Raises:
        DigitsError: the folder cannot be written or the disk is full; nothing is left behind.
    """
    path = Path(path)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=temporary_prefix(path), dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        Path(temporary).chmod(0o666 & ~umask)  # mkstemp makes files that only their owner reads
        Path(temporary).replace(path)
        temporary = None
    except (OSError, RuntimeError) as error:  # torch's zip writer turns a full disk into the latter
        why = reason(error) if isinstance(error, OSError) else "writing failed; is the disk full?"
        raise DigitsError(f"{path}: not saved: {why}; what was there is untouched") from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Within, no other process that asks for it is in the same folder; waits for its turn.

    Raises:
        DigitsError: the folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DigitsError(f"{folder}: cannot be made: {reason(error)}") from None
    if fcntl is None:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def temporary_prefix(path: Path) -> str:
    """How the names of this process's temporary files beside `path` begin; those that killed
    processes left there are swept."""
    leftovers.sweep(path.parent, f".{glob.escape(path.name)}.[0-9]*.*")
    return f".{path.name}.{os.getpid()}."


def digest(value: object) -> str:
    """SHA-256, as 64 hex digits, of nested plain data and tensors."""
    sha = hashlib.sha256()
    _feed(sha.update, value)
    return sha.hexdigest()


def _feed(update: Callable[[Any], None], value: object) -> None:
    import torch

    if isinstance(value, torch.Tensor):
        update(f"tensor {value.dtype} {tuple(value.shape)}".encode())
        update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    elif isinstance(value, dict):
        update(f"dict {len(value)}".encode())
        for key, item in value.items():
            update(repr(key).encode())
            _feed(update, item)
    elif isinstance(value, list | tuple):
        update(f"list {len(value)}".encode())
        for item in value:
            _feed(update, item)
    else:
        update(repr(value).encode())
