"""Ways to run an int8 model inside PyTorch, each against eager float32, in turns, on one thread.

    python benchmarks/programs.py cnn3                      # default: cnn3
    python benchmarks/programs.py tiny --ways eager onednn

Ways: `eager`, the PT2E program as `optimize` saves it; `compiled`, the same by torch.compile;
`package`, by AOTInductor (both need a C++ compiler), `package-1` and `package-1000` for a batch of
that size alone; `onednn`, oneDNN's int8 operators called directly, a layer each. Medians of pairs,
of the thread's own CPU time, so that other programs weigh little. A way that answers wrongly shows
in its accuracy.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from support.command import run_main
from torch import Tensor, nn

from digits import checkpoint, data, programs, spec
from digits.optimization import artefact
from digits.optimization.chain import Chain, Grid, Link
from digits.optimization.fold import fold_batch_norm
from digits.optimization.program import _export, _quantize
from digits.optimization.quiet import quiet
from digits.optimization.sequential import chain_of
from digits.spec import INPUT_SHAPE, PIXEL_STD

Forward = Callable[[Tensor], Tensor]
ROUNDS, CALLS = 9, 50  # pairs, and single tiles a turn
INT8 = torch.ops.onednn


class OneDnn(nn.Module):
    """A calibrated chain as oneDNN's operators: uint8 activations, channels last."""

    def __init__(self, chain: Chain) -> None:
        super().__init__()
        scale = before = 1 / PIXEL_STD
        self.steps, self.reduction = [], chain.reduction
        for link in chain.links:
            self.steps.append((link, *_packed(link, scale), scale, before))
            before, scale = scale, float(link.scale)
        self.head, self.scale = chain.head, scale

    def forward(self, x: Tensor) -> Tensor:
        x = before = x.contiguous(memory_format=torch.channels_last)
        for link, weight, step, bias, scale, scale_before in self.steps:
            given = (x, scale, link.pad_value, weight, step, torch.zeros(len(step)).long())
            shape = (bias, [link.stride] * 2, [link.pad] * 2, [1, 1], 1)
            out = (float(link.scale), 0, torch.uint8)
            if link.skips:
                skip: tuple[object, ...] = (scale_before, 0, "sum", 1.0, "relu", [], "")
                y = INT8.qconv2d_pointwise.binary(*given, before, *shape, *out, *skip)
            else:
                y = INT8.qconv_pointwise(*given, *shape, *out, "relu", [], "")
            x, before = _pooled(y, link.pool), x
        if self.reduction:
            x = x.amax((2, 3), True) if self.reduction == "max" else x.float().sum((2, 3), True)
        return nn.functional.conv2d(x * self.scale, self.head.weight, self.head.bias).flatten(1)


def _packed(link: Link, scale: float) -> tuple[Tensor, Tensor, Tensor]:
    """Weights as oneDNN wants them, their steps, and the bias for pixels that are 0 on paper."""
    step = Grid(8).step(link.weight)
    levels = torch.floor(link.weight / step + 0.5).to(torch.int8)
    shape = (scale, link.pad_value, [link.stride] * 2, [link.pad] * 2, [1, 1], 1, None)
    weight = INT8.qconv_prepack(levels, step.flatten(), *shape)
    return weight, step.flatten(), link.bias + link.weight.sum((1, 2, 3)) * link.pad_value * scale


def _pooled(y: Tensor, kind: str) -> Tensor:
    """PyTorch's own pooling takes maps of at most 255 uint8 pixels."""
    if not kind:
        return y
    height, width = (size // 2 * 2 for size in y.shape[2:])
    if kind == "mean":
        return nn.functional.avg_pool2d(y.float(), 2).round().to(torch.uint8)
    y = torch.maximum(y[:, :, 0:height:2], y[:, :, 1:height:2])
    return torch.maximum(y[:, :, :, 0:width:2], y[:, :, :, 1:width:2])


def eager(model: nn.Module, calibration: Tensor) -> Forward:
    module = _export(_quantize(_export(model), calibration)).module()
    programs.run_eagerly(module)
    return module


def compiled(model: nn.Module, calibration: Tensor) -> Forward:
    module = _export(_quantize(_export(model), calibration)).module()
    return torch.compile(module, dynamic=True, options={"freezing": True})


def package(model: nn.Module, calibration: Tensor, batch: int = 0) -> Forward:
    """For any batch, or for one of a fixed size."""
    int8 = _quantize(_export(model), calibration)
    tiles = torch.zeros(batch, *INPUT_SHAPE, dtype=torch.uint8)
    program = torch.export.export(int8, (tiles,)) if batch else _export(int8)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "model.pt2")
        torch._inductor.aoti_compile_and_package(
            program, package_path=path, inductor_configs={"freezing": True}
        )
        return torch._inductor.aoti_load_package(path)


def onednn(model: nn.Module, calibration: Tensor) -> Forward:
    chain = chain_of(model)
    chain.calibrate(calibration)
    return OneDnn(chain)


WAYS: dict[str, Callable[[nn.Module, Tensor], Forward]] = {
    "eager": eager, "compiled": compiled, "onednn": onednn, "package": package,
    "package-1": partial(package, batch=1), "package-1000": partial(package, batch=1000),
}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("models", nargs="*", default=["cnn3"], help="shipped models")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--data_dir")
    args = parser.parse_args()
    torch.set_num_threads(1)
    dataset = data.load("mnist", args.data_dir)
    calibration = artefact.calibration_tiles(dataset.train.images)
    print(
        "| model | way | accuracy | one tile | faster | 1,000 tiles | faster |\n" + "|---" * 7 + "|"
    )
    for name in args.models:
        model = checkpoint.build(checkpoint.load(spec.pretrained_dir() / f"{name}.pth"))
        for way in args.ways:
            with torch.no_grad(), quiet():
                int8 = WAYS[way](fold_batch_norm(model), calibration)
                fixed = int(way.partition("-")[2] or 0)
                cells = measured(model, int8, dataset.test.images, dataset.test.labels, fixed)
            print(f"| `{name}` | {way} | {cells} |", flush=True)
    return 0


def measured(model: nn.Module, int8: Forward, tiles: Tensor, labels: Tensor, fixed: int) -> str:
    """The cells of a row: accuracy, and times with their ratios to float32; for the batch that a
    way is `fixed` to alone, if it is."""
    parts = [int8(some.clone()) for some in tiles.split(fixed or 1000)]
    accuracy = float((torch.cat(parts).argmax(1) == labels).float().mean())
    cells = [f"{accuracy:.2%}"]
    for count, calls in ((1, CALLS), (1000, 1)):
        if fixed not in (0, count):
            cells += ["-", "-"]
            continue
        batch = tiles[:count].clone()
        pairs = [(cpu_ms(model, batch, calls), cpu_ms(int8, batch, calls)) for _ in range(ROUNDS)]
        faster = statistics.median(fp32 / small for fp32, small in pairs)
        cells += [f"{statistics.median(small for _, small in pairs):.3f} ms", f"{faster:.1f}x"]
    return " | ".join(cells)


def cpu_ms(forward: Forward, batch: Tensor, calls: int) -> float:
    start = time.thread_time()
    for _ in range(calls):
        forward(batch)
    return 1000 * (time.thread_time() - start) / calls


if __name__ == "__main__":
    run_main(main)
