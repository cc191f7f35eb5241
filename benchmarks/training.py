"""Training speed: this project's presets against two well-known recipes, in one run, alternating.

    python benchmarks/training.py --seeds 3            # prints the tables
    python benchmarks/training.py --seeds 10 --output benchmarks/results/training.json

Re-implemented from their settings alone:
  tutorial     pytorch/examples, mnist: a DataLoader with per-image transforms, batch 64, Adadelta,
               4 of its 14 epochs, which is when it reaches 99%
  fast recipe  tuomaso/train_mnist_fast, last step: data in memory, batch 256, Adam with betas 0.7
               and 0.9, one-cycle to 0.01, one epoch
Times are of training alone: imports, loading and this project's warm-up are outside of all of them.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from support.command import run_main
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader
from torch.utils.flop_counter import FlopCounterMode

from digits import archs, checkpoint, data, device, spec
from digits.data import Dataset
from digits.evaluation.style import figure
from digits.training.config import TrainConfig
from digits.training.loop import epoch_lengths, fit
from digits.training.ranks import Ranks
from digits.training.recipes import PRESETS
from digits.training.run import Run
from digits.training.step import logits_of

Contender = Callable[[Dataset, int], tuple[float, float]]  # data set, seed -> seconds, accuracy


def normalised(images: Tensor) -> Tensor:
    return (images.float() - spec.PIXEL_MEAN) / spec.PIXEL_STD


def test_accuracy(model: nn.Module, dataset: Dataset, normalise: bool) -> float:
    images = normalised(dataset.test.images) if normalise else dataset.test.images
    return float((logits_of(model, images).argmax(1) == dataset.test.labels).float().mean())


def tutorial(dataset: Dataset, seed: int) -> tuple[float, float]:
    from PIL import Image
    from torchvision import transforms

    class Pictures(torch.utils.data.Dataset[tuple[Tensor, int]]):
        """As torchvision's MNIST hands them out: one picture at a time, transformed."""

        transform = transforms.Compose(
            [transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))]
        )

        def __len__(self) -> int:
            return len(dataset.train)

        def __getitem__(self, i: int) -> tuple[Tensor, int]:
            picture = Image.fromarray(dataset.train.images[i, 0].numpy())
            return self.transform(picture), int(dataset.train.labels[i])

    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Dropout(0.25), nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(128, 10),
    )  # fmt: skip
    optimizer = torch.optim.Adadelta(model.parameters(), lr=1.0)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.7)
    batches = DataLoader(Pictures(), batch_size=64, shuffle=True)
    start = time.perf_counter()
    for _ in range(4):
        model.train()
        for images, labels in batches:
            optimizer.zero_grad()
            F.cross_entropy(model(images), labels).backward()
            optimizer.step()
        schedule.step()
    seconds = time.perf_counter() - start
    return seconds, test_accuracy(model, dataset, normalise=True)


def fast_recipe(dataset: Dataset, seed: int) -> tuple[float, float]:
    torch.manual_seed(seed)
    model = nn.Sequential(
        nn.Conv2d(1, 24, 5), nn.MaxPool2d(2), nn.ReLU(),
        nn.Conv2d(24, 32, 3), nn.MaxPool2d(2), nn.ReLU(),
        nn.Flatten(), nn.Linear(800, 256), nn.ReLU(), nn.Linear(256, 10),
    )  # fmt: skip
    images = normalised(dataset.train.images)
    steps = -(-len(images) // 256)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, betas=(0.7, 0.9))
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=0.01, total_steps=steps, cycle_momentum=False
    )
    start = time.perf_counter()
    for some, labels in zip(images.split(256), dataset.train.labels.split(256), strict=True):
        optimizer.zero_grad()
        F.cross_entropy(model(some), labels).backward()
        optimizer.step()
        schedule.step()
    seconds = time.perf_counter() - start
    return seconds, test_accuracy(model, dataset, normalise=True)


def preset(name: str) -> Contender:
    def train(dataset: Dataset, seed: int) -> tuple[float, float]:
        config = TrainConfig.make({"seed": seed, "dataset": "mnist"}, name)
        device.seed(seed)
        model = archs.create(config.arch, **config.arch_arguments)
        with tempfile.TemporaryDirectory() as folder:
            run = Run(Path(folder))
            outcome = fit(model, dataset.train, dataset.validation, config, run, Ranks())
        model.load_state_dict(outcome.weights)
        return outcome.train_seconds, test_accuracy(model, dataset, normalise=False)

    return train


def gigaflop_per_tile(config: TrainConfig) -> float:
    """Forward and backward."""
    model = archs.create(config.arch, **config.arch_arguments)
    with FlopCounterMode(display=False) as counter:
        model(torch.zeros(8, 1, 28, 28)).sum().backward()
    return counter.get_total_flops() / 8 / 1e9


def matrix_peak(dtype: torch.dtype | None, size: int = 4096) -> float:
    """GFLOP/s of a large matrix product, the best of ten."""
    a = torch.randn(size, size, dtype=dtype)
    a @ a
    best = min(_seconds(lambda: a @ a) for _ in range(10))
    return 2 * size**3 / best / 1e9


def _seconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def spread(values: list[float], form: str) -> str:
    """Median (min..max)."""
    words = (form.format(x) for x in (statistics.median(values), min(values), max(values)))
    return "{} ({}..{})".format(*words)


def draw(path: Path, results: dict[str, list[tuple[float, float]]]) -> None:
    """Training time, on a logarithmic scale, against accuracy: a point a seed."""
    with figure(path, 1, 1, (7, 3.6)) as axes:
        axis = axes[0][0]
        for name, pairs in results.items():
            seconds, accuracy = zip(*pairs, strict=True)
            axis.scatter(seconds, accuracy, label=name, s=28, alpha=0.8)
        axis.set(xscale="log", xlabel="seconds of training, two CPU cores", ylabel="test accuracy")
        axis.set_xticks([1, 2, 5, 10, 100], ["1", "2", "5", "10", "100"])
        axis.xaxis.set_minor_formatter("")
        axis.set_xlim(0.9, 1.2 * max(pair[0] for pairs in results.values() for pair in pairs))
        axis.yaxis.set_major_formatter("{x:.1%}")
        axis.grid(alpha=0.25, which="both")
        axis.spines[["top", "right"]].set_visible(False)
        axis.legend(frameon=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    names = ("tutorial", "fast recipe", *PRESETS)
    parser.add_argument("--recipes", nargs="+", choices=names, default=names, help="(default: all)")
    parser.add_argument("--tutorials", type=int, default=2, help="runs of it: 3 minutes each")
    parser.add_argument("--output", type=Path, help="JSON file for the record")
    parser.add_argument("--figure", type=Path, help="PNG file for the figure")
    args = parser.parse_args()

    dataset = data.load("mnist")
    contenders: dict[str, Contender] = {"tutorial": tutorial, "fast recipe": fast_recipe}
    contenders |= {name: preset(name) for name in PRESETS}
    contenders = {name: contenders[name] for name in args.recipes}
    results: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
    for seed in range(args.seeds):
        for name, run in contenders.items():
            if name == "tutorial" and seed >= args.tutorials:
                continue
            results[name].append(run(dataset, seed))
            print(f"seed {seed} {name}: {results[name][-1]}", flush=True)

    print(f"\n{args.seeds} seeds, {torch.get_num_threads()} threads, torch {torch.__version__}\n")
    print("| recipe | training, s | test accuracy | fast recipe takes | tutorial takes |")
    print("|---|---|---|---|---|")
    for name, pairs in ((name, pairs) for name, pairs in results.items() if pairs):
        seconds = [pair[0] for pair in pairs]
        ratios = [
            spread([x[0] / y for x, y in zip(results[other], seconds, strict=False)], "{:.2f}")
            + " x"
            if results.get(other) and other != name
            else "-"
            for other in ("fast recipe", "tutorial")
        ]
        accuracy = [pair[1] for pair in pairs]
        words = f"{statistics.mean(accuracy):.2%} ({min(accuracy):.2%}..{max(accuracy):.2%})"
        print(f"| {name} | {spread(seconds, '{:.2f}')} | {words} | {ratios[0]} | {ratios[1]} |")

    dtype = device.autocast_dtype(torch.device("cpu")) or torch.float32  # that of training
    peak = matrix_peak(dtype)
    print(f"\nmatrix product, {dtype}: {peak:,.0f} GFLOP/s")
    for name in (name for name in PRESETS if name in results):
        config = TrainConfig.make({}, name)
        steps = sum(epoch_lengths(config, len(dataset.train), config.batch_size))
        rates = [steps * config.batch_size / pair[0] for pair in results[name]]
        flops = statistics.median(rates) * gigaflop_per_tile(config)
        print(
            f"{name}: {spread(rates, '{:,.0f}')} tiles/s, {flops:,.0f} GFLOP/s, "
            f"{flops / peak:.1%} of it"
        )
    if args.figure:
        draw(args.figure, {name: pairs for name, pairs in results.items() if pairs})
    if args.output:
        threads = torch.get_num_threads()
        record = {"results": results, "peaks_gflops": {str(dtype): peak}, "threads": threads}
        checkpoint.write_json(args.output, record)


if __name__ == "__main__":
    run_main(main)
