"""Train the row model, which reads a whole row of digits without cutting it, and write it as ONNX.

    python -m digits.training.strings --output models/pretrained/_strings.onnx

Strings are composed of MNIST training digits and of digits drawn from stroke templates; half of
them go over patterned paper and through `vision`, so that they have the faults of real rows. The
loss is CTC (Graves et al. 2006). After each epoch the run is saved beside the output, as `.state`;
the same command again goes on from there.
"""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from digits import checkpoint, data
from digits.archs._layers import Blocks, Residual
from digits.classifier import METADATA_KEY
from digits.data import strokes
from digits.data.strings import HEIGHT, Hand, compose, on_paper
from digits.errors import DigitsError
from digits.spec import CLASSES
from digits.training.config import TrainConfig
from digits.training.state import TrainingState
from digits.vision.ink import find
from digits.vision.row_image import ROW_IMAGE_HEIGHT, row_image
from digits.vision.rows import ROW_HEIGHT, find_rows
from digits.vision.ruled_lines import without_rules

HAND = Hand(
    gap=(-0.07, 0.3), slant=(-0.2, 0.25), pen=(0.05, 0.18), drift=0.08, size=0.13, punctuation=0.6
)
AS_WRITTEN = replace(HAND, slant=(0.0, 0.0), pen=None, size=0.0)
BLANK = len(CLASSES)
LONGEST = 8  # digits
WIDEST = 300  # columns of a strip
Sample = tuple[np.ndarray, str]  # a strip (ROW_IMAGE_HEIGHT, W) uint8 and its digits


class Pixels(nn.Module):
    """The first layer: strips uint8 (N, 1, ROW_IMAGE_HEIGHT, W) -> about mean 0 and deviation 1."""

    def forward(self, strips: Tensor) -> Tensor:
        return (strips.float() - 40) * (1 / 80)


class Columns(nn.Module):
    """The last layer: (N, classes, 1, T) -> logits (N, T, classes)."""

    def forward(self, maps: Tensor) -> Tensor:
        return maps.squeeze(2).transpose(1, 2)


def build() -> nn.Sequential:
    """Row images uint8 (N, 1, ROW_IMAGE_HEIGHT, W) -> logits (N, W / 2, digits + blank)."""
    return nn.Sequential(
        Pixels(),
        Blocks(), *_block(4, 32), *_block(32, 32), nn.MaxPool2d((2, 1)),  # (N, 32, 10, W/2)
        *_block(32, 64), Residual(64), nn.MaxPool2d((2, 1)),  # (N, 64, 5, W/2)
        *_block(64, 128), Residual(128), Residual(128),
        *_block(128, 192, (5, 3)), nn.Dropout(0.05),  # (N, 192, 1, W/2)
        *_block(192, 192, (1, 5)), nn.Dropout(0.05),  # sees a digit and its neighbours
        nn.Conv2d(192, BLANK + 1, (1, 3), padding=(0, 1)),
        Columns(),
    )  # fmt: skip


def _block(channels_in: int, channels: int, size: tuple[int, int] = (3, 3)) -> list[nn.Module]:
    padding = (0 if size[0] == 5 else size[0] // 2, size[1] // 2)
    convolution = nn.Conv2d(channels_in, channels, size, padding=padding, bias=False)
    return [convolution, nn.BatchNorm2d(channels), nn.ReLU()]


def samples(count: int, tiles: np.ndarray, labels: np.ndarray, seed: int) -> list[Sample]:
    """Composed strings as `vision` hands them on; tiles (N, 28, 28) uint8, labels (N,)."""
    rng = np.random.default_rng(seed)
    drawn, drawn_labels = strokes.draw(8000, rng)
    sources = [(tiles, labels), (drawn.reshape(-1, *tiles.shape[1:]), drawn_labels)]
    made: list[Sample] = []
    while len(made) < count:
        length = int(rng.integers(1, LONGEST + 1))
        share = rng.choice([0.0, 0.5, 1.0], p=[0.65, 0.175, 0.175])  # of drawn digits
        chosen, text = [], ""
        for _ in range(length):
            source, names = sources[int(rng.random() < share)]
            i = rng.integers(len(source))
            chosen.append(source[i])
            text += str(int(names[i]))
        ink = compose(np.array(chosen), HAND if rng.random() < 0.65 else AS_WRITTEN, rng)
        made_strip = _through_vision(ink, rng) if rng.random() < 0.5 else _blemished(ink, rng)
        if made_strip is not None and made_strip.shape[1] <= WIDEST:
            made.append((made_strip, text))
    return made


def _through_vision(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    found = find(on_paper(ink, rng), inverted=False)
    rows = find_rows(without_rules(found)) if found else []
    return row_image(rows[0].level) if len(rows) == 1 else None


def _blemished(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A strip straight from ink: another size, soft or with scratches."""
    scale = rng.uniform(0.85, 1.2) * ROW_HEIGHT / HEIGHT
    level = cv2.resize(ink, None, fx=scale, fy=scale)
    if rng.random() < 0.3:
        level = cv2.GaussianBlur(level, (0, 0), rng.uniform(0.5, 2))
    level = np.pad(level, rng.integers(0, 10, (2, 2)).tolist())
    for _ in range(int(rng.integers(0, 6)) if rng.random() < 0.4 else 0):
        x, y = int(rng.integers(level.shape[1])), int(rng.integers(level.shape[0]))
        end = (x + int(rng.integers(-20, 20)), y + int(rng.integers(-3, 4)))
        cv2.line(level, (x, y), end, int(rng.integers(80, 255)), int(rng.integers(1, 3)))
    return row_image(level)


def batches(some: list[Sample], size: int, rng: np.random.Generator) -> list[list[Sample]]:
    """Batches of strips about as wide, in random order."""
    order = np.argsort([sample[0].shape[1] + rng.uniform(0, 25) for sample in some])
    cut = [[some[i] for i in order[at : at + size]] for at in range(0, len(order), size)]
    return [cut[i] for i in rng.permutation(len(cut))]


def stack(batch: list[Sample]) -> Tensor:
    """Strips padded with paper to the widest, (N, 1, ROW_IMAGE_HEIGHT, W) uint8."""
    width = max(strip_.shape[1] for strip_, _ in batch)
    stacked = np.zeros((len(batch), 1, ROW_IMAGE_HEIGHT, width), np.uint8)
    for into, (strip_, _) in zip(stacked, batch, strict=True):
        into[0, :, : strip_.shape[1]] = strip_
    return torch.from_numpy(stacked)


def vary(strips: Tensor) -> Tensor:
    """Strips, each differently bent, sheared, scaled, thickened or blurred; floats on 0..255."""
    count, _, height, width = strips.shape
    x = strips.float()
    affine = torch.zeros(count, 2, 3)
    affine[:, 0, 0] = torch.empty(count).uniform_(0.88, 1.12)
    affine[:, 1, 1] = affine[:, 0, 0] * torch.empty(count).uniform_(0.92, 1.08)
    affine[:, 0, 1] = torch.empty(count).uniform_(-0.15, 0.15) * height / width
    affine[:, 1, 0] = torch.empty(count).uniform_(-0.03, 0.03) * width / height
    affine[:, 0, 2] = affine[:, 0, 0] - 1  # the first columns stay in
    affine[:, 1, 2] = torch.empty(count).uniform_(-0.08, 0.08)
    pixel = torch.tensor([2 / width, 2 / height])
    bends = F.interpolate(torch.randn(count, 2, 4, 10), (height, width), mode="bicubic")
    grid = F.affine_grid(affine, [count, 1, height, width], align_corners=False)
    x = F.grid_sample(x, grid + 1.2 * pixel * bends.permute(0, 2, 3, 1), align_corners=False)
    way, share = torch.rand(2, count, 1, 1, 1)
    thicker, thinner = F.max_pool2d(x, 3, 1, 1), -F.max_pool2d(-x, 3, 1, 1)
    x = torch.where(way < 0.25, x.lerp(thicker, 0.7 * share), x)
    x = torch.where((way > 0.25) & (way < 0.45), x.lerp(thinner, 0.5 * share), x)
    x = torch.where(way > 0.85, F.avg_pool2d(x, 3, 1, 1), x)
    return (x * torch.empty(count, 1, 1, 1).uniform_(0.75, 1.3)).clamp(0, 255)


def train(model: nn.Module, some: list[Sample], config: TrainConfig, kept: Path) -> nn.Module:
    """Fit the model, in bfloat16 where the processor has units; `kept` holds the state of the run.

    Returns the running average of its weights.

    Raises:
        DigitsError: `kept` is of a run with other settings.
    """
    ctc = nn.CTCLoss(BLANK, zero_infinity=True)
    steps = config.epochs * -(-len(some) // config.batch_size)
    state = TrainingState(model, config, steps, dtype=None)
    assert state.average is not None
    settings = {**config.as_dict(), "strings": len(some)}
    if kept.exists():
        content = checkpoint.load(kept)
        if content["config"] != settings:
            raise DigitsError(f"{kept} is of a run with other settings; remove it to begin anew")
        state.restore(content["state"])
    model.train()
    for epoch in range(len(state.progress.history), config.epochs):
        torch.manual_seed(config.seed + epoch)
        rng, total = np.random.default_rng([config.seed, epoch]), 0.0
        for batch in batches(some, config.batch_size, rng):
            strips = vary(stack(batch)).contiguous(memory_format=torch.channels_last)
            with torch.autocast("cpu", torch.bfloat16):
                logits = model(strips)  # (N, T, classes)
            log_probs = logits.float().log_softmax(-1).transpose(0, 1)
            columns = torch.tensor([sample[0].shape[1] // 2 for sample in batch])
            lengths = torch.tensor([len(text) for _, text in batch])
            targets = torch.tensor([int(label) for _, text in batch for label in text])
            loss = ctc(log_probs, targets, columns, lengths)
            state.optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), config.clip_norm)
            state.optimizer.step()
            state.schedule.step()
            state.average.update_parameters(model)
            total += loss.item() * len(batch) / len(some)
        state.progress.history.append({"epoch": epoch + 1, "loss": total})
        checkpoint.save(kept, {"config": settings, "state": state.content()})
        print(f"epoch {epoch + 1}: loss {total:.3f}", file=sys.stderr, flush=True)
    return state.evaluated


def export(model: nn.Module, path: Path, card: dict[str, object]) -> None:
    """Write the model as ONNX for `classifier.load`, any number of strips of any even width."""
    import onnx

    half = torch.export.Dim("half", min=4, max=4000)
    program = torch.onnx.export(
        model.eval(),
        (torch.zeros(2, 1, ROW_IMAGE_HEIGHT, 64, dtype=torch.uint8),),
        input_names=["strips"],
        output_names=["logits"],
        dynamic_shapes=({0: torch.export.Dim("count"), 3: 2 * half},),
        dynamo=True,
        verbose=False,
    )
    assert program is not None
    proto = program.model_proto
    for noted in (*proto.graph.node, *proto.graph.value_info, proto.graph):
        del noted.metadata_props[:]  # stack traces, with the paths of the machine it was made on
    entry = proto.metadata_props.add()
    entry.key = METADATA_KEY
    about = {"classes": [*CLASSES, "blank"], "temperature": 1.0, "thresholds": {}, "versions": {}}
    entry.value = json.dumps({**about, "arch": "strings", "metrics": {}, "config": {}, **card})
    checkpoint.write_atomically(path, lambda file: file.write(proto.SerializeToString()))
    onnx.checker.check_model(str(path))


def main() -> int:
    parser = argparse.ArgumentParser(description="Train the row model")
    parser.add_argument("--data_dir", type=Path, default=None)
    parser.add_argument("--strings", type=int, default=100_000)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, default=Path("models/pretrained/_strings.onnx"))
    args = parser.parse_args()
    config = TrainConfig(
        arch="strings", dataset="mnist", epochs=args.epochs, batch_size=64, learning_rate=4e-3,
        clip_norm=5.0, average=0.999, seed=args.seed,
    )  # fmt: skip
    part = data.load("mnist", args.data_dir).train
    tiles, labels = part.images[:, 0].numpy(), part.labels.numpy()
    torch.manual_seed(args.seed)
    model = build().to(memory_format=torch.channels_last)
    kept = args.output.with_suffix(".state")
    averaged = train(model, samples(args.strings, tiles, labels, args.seed), config, kept)
    about = {"strings": args.strings, "epochs": args.epochs, "seed": args.seed}
    export(averaged, args.output, {"config": about})
    kept.unlink()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except DigitsError as error:
        sys.exit(f"strings: {error}")
