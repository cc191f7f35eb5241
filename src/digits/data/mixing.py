"""Mixup, CutMix and random erasing of a batch, by torchvision; for sets beyond digits."""

import torch
from torch import Generator, Tensor

from digits.extras import required


def mix(
    images: Tensor, labels: Tensor, how: str, classes: int, generator: Generator
) -> tuple[Tensor, Tensor]:
    """Tiles (N, C, S, S) float32 and labels (N,) int64 -> what is learned from instead.

    `mixup` blends each tile with the one before it (Zhang et al. 2018), `cutmix` gives it a
    rectangle of that one (Yun et al. 2019): labels are then shares of classes (N, classes) float32.
    `erasing` blanks a rectangle of every second tile (Zhong et al. 2020); `none` changes nothing.

    The result depends on the arguments alone: of the generator on the seed it began with.

    Raises:
        DigitsError: torchvision is not installed.
    """
    if how == "none":
        return images, labels
    v2 = required("torchvision.transforms.v2", "--mixing")
    with torch.random.fork_rng(devices=[]):  # it draws from the global generator of the CPU
        torch.default_generator.manual_seed(generator.initial_seed() + 1)
        if how == "erasing":
            erase = v2.RandomErasing()  # of a batch it would blank the same rectangle
            return torch.stack([erase(tile) for tile in images]), labels
        mixed = {"mixup": v2.MixUp, "cutmix": v2.CutMix}[how]
        result: tuple[Tensor, Tensor] = mixed(num_classes=classes)(images, labels)
        return result
