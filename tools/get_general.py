"""Fetch PP-OCRv6's small recogniser as a model that can go on learning: models/general.pth.

    python tools/get_general.py
    python src/train.py --arch general --dataset mnist --init models/general.pth --learning_rate 0.008
    python tools/ship_general.py RUN

It takes the recogniser from the wheel of rapidocr and keeps of its 18,710 classes ours alone, and
one channel of three.
"""  # noqa: E501

import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from digits import archs, checkpoint
from digits.reading.row_models import GENERAL
from digits.spec import BLANK, ROW_CLASSES, ROW_SHAPE, pretrained_dir

WHEEL = "rapidocr==3.10.0"
FILE = Path("rapidocr") / "models" / "PP-OCRv6_rec_small.onnx"
SHA256 = "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884"
LICENCE = Path("rapidocr-3.10.0.dist-info") / "licenses" / "LICENSE"
ARCH, TAKEN = "general", Path("models") / "general.pth"
LAST, FEWEST = "linear_8.", 6  # names of its last layer; what is smaller is no weight


def fetched(folder: Path) -> Path:
    """The wheel unpacked into a folder.

    Raises:
        SystemExit: the recogniser in it is another one.
    """
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
    subprocess.run([*pip, str(folder), WHEEL], check=True)
    found = hashlib.sha256((folder / FILE).read_bytes()).hexdigest()
    if found != SHA256:
        sys.exit(f"{FILE}: SHA-256 is {found}, not {SHA256}; see what has changed")
    return folder


def weights(model: onnx.ModelProto) -> Iterator[np.ndarray]:
    """Its weights as PyTorch shapes them, in the order in which a picture meets them."""
    (known,) = (p.value for p in model.metadata_props if p.key == "character")
    names = ["", *known.splitlines()]  # the first class is the blank
    kept = [*(names.index(c) for c in ROW_CLASSES), 0]
    is_first = True
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < FEWEST:
            continue
        if values.ndim == 4 and values.shape[0] == 1:  # the bias of a convolution
            values = values.reshape(-1)
        if values.ndim == 2:
            values = values.T
        if tensor.name.startswith(LAST):
            values = values[kept]
        yield values.sum(axis=1, keepdims=True) if is_first else values  # all channels are the same
        is_first = False


def taken_over(model: onnx.ModelProto) -> torch.nn.Module:
    """The recogniser as our architecture of its layers."""
    made = archs.create(ARCH, len(ROW_CLASSES) + 1, ROW_SHAPE)
    learned = {k: v for k, v in made.state_dict().items() if v.is_floating_point()}
    for (name, into), values in zip(learned.items(), weights(model), strict=True):
        if into.shape != values.shape:
            sys.exit(f"{name}: is {tuple(into.shape)} here and {values.shape} there")
        into.copy_(torch.tensor(values))
    return made


def _put(content: bytes, file: IO[bytes]) -> None:
    file.write(content)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        wheel = fetched(Path(folder))
        model = taken_over(onnx.load(wheel / FILE))
        licence = (wheel / LICENCE).read_bytes()
    classes = (*ROW_CLASSES, BLANK)
    content = checkpoint.pack(
        ARCH, model, classes=classes, input_shape=ROW_SHAPE, config={"arch": ARCH}
    )
    checkpoint.save(TAKEN, content)
    beside = (pretrained_dir() / GENERAL).with_suffix(".LICENSE")
    checkpoint.write_atomically(beside, partial(_put, licence))
    print(f"{TAKEN}, {beside}")


if __name__ == "__main__":
    main()
