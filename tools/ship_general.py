"""Make the shipped general row model of a training run: ONNX, weights as float16; doubt; card.

    python tools/get_general.py
    python src/train.py --arch general --dataset mnist --init models/general.pth
    python tools/ship_general.py runs/LATEST --halfway_to runs/EARLIER/model.pth ...

The weights are left in models/ as well, for `--init` of another run.

Its doubt is fitted with our row model beside it: after `tools/ship_rows.py` it is fitted again by
    python tools/ship_general.py --doubt
"""

import argparse
import math
from pathlib import Path

import get_general
import numpy as np
import onnx
from onnx import helper, numpy_helper
from ship import halfway, runs_of, told, train_command
from ship_rows import accuracy, doubt_of, fit_doubt_again

from digits import archs, checkpoint, classifier, data
from digits.optimization import artefact
from digits.reading.row_models import GENERAL
from digits.spec import data_dir, pretrained_dir
from digits.training import made_up
from digits.training import rows as training

MAX_ERROR = 0.01  # of what counts as `read`
HALFWAY = """\
Its weights are the means of those of the last run and of what that began with: the means of the
four runs before (Wortsman et al. 2022, "Model soups"; `--halfway_to`), which this tool leaves in
models/. Of lines of pages it reads more than these did, and of crops as many.
"""
LEFT = Path("models") / "general.pth"
LARGE = 256  # numbers from which on a tensor is stored as float16

DOUBT = """\
An answer by both row models counts as `read` from a probability of {read:.4f}, chosen on {shown:,}
other made-up rows: {coverage:.1%} have it, and {error:.2%} of these are wrong."""

CARD = """# The general row model

{summary}
{parameters:,} parameters. Takes row images, uint8 (N, 1, 48, W),
and names every fourth column: a digit, one of `. , - / :`, or nothing (CTC). Its weights began as
those of PP-OCRv6's small recogniser, which has learned print and handwriting of many scripts, and
went on learning here.

| measured on {count:,} made-up rows by held-out writers | as it began | now |
|---|---|---|
| whole rows right, signs and all | {before:.2%} | {after:.2%} |

{size:,} bytes, weights as float16.

{doubt}
What both give on real pictures, and ours alone, stands in docs/peers.md. DIGITS_ROWS=own switches
it off.

Trained on what our row model learned from (`_rows.md`), in {runs}, by

    python tools/get_general.py
{commands}
{halfway}
Every eighth writer was held out. Copyright of the weights it began with: PaddlePaddle Authors
(PaddleOCR). Licence: Apache-2.0, in _general.LICENSE. Changed: its other classes and two of its
three input channels are gone, it answers twice as many columns, and it learned on. From the wheel
of {wheel}. Made by `python tools/ship_general.py RUN`.
"""


def with_halves(model: bytes) -> bytes:
    """An ONNX file with its large tensors stored as float16: the runtime makes them float32 again
    once, when it loads them."""
    proto = onnx.load_from_string(model)
    large = [
        tensor
        for tensor in proto.graph.initializer
        if tensor.data_type == onnx.TensorProto.FLOAT and math.prod(tensor.dims) >= LARGE
    ]
    for place, tensor in enumerate(large):
        name, half = tensor.name, f"{tensor.name}.half"
        values = numpy_helper.to_array(tensor).astype(np.float16)
        tensor.CopyFrom(numpy_helper.from_array(values, half))
        cast = helper.make_node("Cast", [half], [name], to=onnx.TensorProto.FLOAT)
        proto.graph.node.insert(place, cast)
    return bytes(proto.SerializeToString())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("run", type=Path, nargs="?", help="folder of the training run")
    parser.add_argument("--doubt", action="store_true", help="fit the shipped model's doubt again")
    parser.add_argument("--rows", type=int, default=4500, help="that its doubt is fitted on")
    parser.add_argument(
        "--halfway_to", type=Path, nargs="+", default=[],
        help="models of earlier runs, whose weights are averaged with its",
    )  # fmt: skip
    args = parser.parse_args()
    path = pretrained_dir() / GENERAL
    if args.doubt:
        fit_doubt_again(path, DOUBT, args.rows, MAX_ERROR)
        return
    if not args.run:
        parser.error("a run or --doubt is needed")

    content = checkpoint.load(args.run / "model.pth")
    halfway(content, *args.halfway_to)
    _, *runs = runs_of(content)  # the first one is not ours
    config = runs[-1]
    content["config"] = config.as_dict()
    _, held_out = made_up.sources(data.load(config.dataset, hold_out=config.hold_out), data_dir())
    judged = training.samples(training.VALIDATION[0], held_out, training.VALIDATION[1])
    right = []
    for some in (checkpoint.load(get_general.TAKEN), content):
        with artefact.staged(path) as trial:
            trial.write_bytes(with_halves(artefact.build(some, ".onnx")))
        right.append(accuracy(classifier.load(path, takes="row images"), judged))
        print(f"{right[-1]:.2%} right", flush=True)

    doubt = doubt_of(held_out, args.rows, MAX_ERROR)
    content["metrics"] |= {"doubt": doubt.weights, "rows": right[1]}
    content["thresholds"] = {"read": doubt.read}
    with artefact.staged(path) as trial:
        trial.write_bytes(with_halves(artefact.build(content, ".onnx")))
    card = CARD.format(
        summary=archs.summary(config.arch), size=path.stat().st_size, count=len(judged),
        parameters=sum(p.numel() for p in checkpoint.build(content).parameters()),
        before=right[0], after=right[1], wheel=get_general.WHEEL.replace("==", " "),
        runs=told(runs, "docs/lab/reading.md"), halfway="\n" + HALFWAY if args.halfway_to else "",
        commands="\n".join(f"    {train_command(run)}" for run in runs),
        doubt=DOUBT.format(**doubt.told()),
    )  # fmt: skip
    checkpoint.write_atomically(path.with_suffix(".md"), lambda file: file.write(card.encode()))
    checkpoint.save(LEFT, content)
    print(card)


if __name__ == "__main__":
    main()
