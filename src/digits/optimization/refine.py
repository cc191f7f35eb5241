"""Make a network narrower, and train it so that it answers as before: with its weights and
activations rounded, if they will be.

Whole channels are taken out, those of the smallest weights (Li et al. 2017), so that what is left
is a smaller network of the same kind. It is trained towards the answers of the whole one (Hinton et
al. 2015), through the rounding as if there were none (Bengio et al. 2013).
"""

import copy
import math
import sys
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from digits.data import Dataset, Split
from digits.data.augment import augment
from digits.errors import DigitsError
from digits.optimization.chain import Chain, Grid
from digits.optimization.source import Source

BATCH, EVALUATION_BATCH = 128, 1000
FEWEST_STEPS = 3  # of a one-cycle schedule
RATE, RATE_PRUNED = 1e-3, 5e-3  # the peak of the schedule; the latter where channels are missing


def refined(
    source: Source,
    dataset: Dataset,
    calibration: Tensor,
    share: float,
    epochs: int,
    grid: Grid | None,
    max_drop: float,
) -> Source:
    """The network without `share` of its channels, trained for `epochs`; with a `grid` it is made
    for being rounded, and trained only if it was pruned or the rounding costs over `max_drop`
    points of accuracy on validation. What is done is said on standard error.

    Calibrated on training tiles (M, C, H, W) uint8.

    Raises:
        DigitsError: the model is not sequential.
    """
    chain = copy.deepcopy(source.chain())
    before = accuracy(chain, dataset.validation, None)
    if share:
        prune(chain, share)
    chain.calibrate(calibration)
    lost = before - accuracy(chain, dataset.validation, grid)
    done = [f"{share:.0%} of the channels taken out"] if share else []
    if epochs and (share or 100 * lost > max_drop):
        done.append(f"epochs of training: {epochs}" + (f", with {grid.bits} bits" if grid else ""))
        policy = source.content["config"].get("augment", "none")
        rate = RATE_PRUNED if share else RATE
        train(chain, source.model, dataset.train, calibration, epochs, grid, policy, rate)
        after = before - accuracy(chain, dataset.validation, grid)
        points = f"{100 * lost:.2f} points of accuracy on validation, now {100 * after:.2f}"
    else:
        points = f"{100 * lost:.2f} points of accuracy on validation: not trained"
    print(f"{', '.join(done) or 'rounded'}: it lost {points}", file=sys.stderr)
    return replace(source, model=chain, changes=", ".join(done)) if done else source


@torch.no_grad()
def accuracy(chain: Chain, split: Split, grid: Grid | None) -> float:
    """The share of right answers, of the chain rounded if there is a `grid`."""
    right = 0
    for images, labels in zip(
        split.images.split(EVALUATION_BATCH), split.labels.split(EVALUATION_BATCH), strict=True
    ):
        right += int((answer(chain, images, grid).argmax(dim=1) == labels).sum())
    return right / len(split)


def answer(chain: Chain, tiles: Tensor, grid: Grid | None) -> Tensor:
    """The logits (N, K) of a chain, rounded if there is a `grid`."""
    return chain.simulated(tiles, grid) if grid else chain(tiles)


@torch.no_grad()
def prune(chain: Chain, share: float) -> None:
    """Take `share` of the channels out of every map, in place: those whose weights sum to least."""
    links = chain.links
    home = list(range(len(links)))  # the map with whose channels those of a map go together
    for i, link in enumerate(links):
        if link.skips:  # it adds the map before the last to its own
            home[i] = home[i - 2]
    norms = [link.weight.abs().sum(dim=(1, 2, 3)) for link in links]
    kept: Tensor | slice = slice(None)  # of the tile all
    for i, link in enumerate(links):
        norm = torch.stack([norms[j] for j in range(len(links)) if home[j] == home[i]]).sum(dim=0)
        count = max(1, round(len(norm) * (1 - share)))
        given, kept = kept, norm.topk(count).indices.sort().values
        link.weight = nn.Parameter(link.weight[kept][:, given])
        link.bias = nn.Parameter(link.bias[kept])
    chain.head.weight = nn.Parameter(chain.head.weight[:, kept])


def train(
    chain: Chain,
    whole: nn.Module,
    split: Split,
    calibration: Tensor,
    epochs: int,
    grid: Grid | None,
    policy: str,
    rate: float,
) -> None:
    """Train a chain in place to answer as `whole` does on tiles that are augmented by `policy`.

    Raises:
        DigitsError: the loss is not finite.
    """
    optimizer = torch.optim.AdamW(chain.parameters(), weight_decay=0.0)
    steps = -(-len(split) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, rate, total_steps=max(steps * epochs, FEWEST_STEPS)
    )
    generator = torch.Generator().manual_seed(0)
    for epoch in range(epochs):
        chain.calibrate(calibration)  # to the activations that its weights give by now
        loss_sum = 0.0
        for batch in torch.randperm(len(split), generator=generator).split(BATCH):
            images = augment(split.images[batch], policy, generator)
            with torch.no_grad():
                taught = F.log_softmax(whole(images), dim=1)
            found = F.log_softmax(answer(chain, images, grid), dim=1)
            loss = F.kl_div(found, taught, reduction="batchmean", log_target=True)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            loss_sum += float(loss.detach())
        if not math.isfinite(loss_sum):
            raise DigitsError("the loss of --finetune is not finite: not saved")
        print(f"epoch {epoch + 1} of {epochs}: loss {loss_sum / steps:.4f}", file=sys.stderr)
