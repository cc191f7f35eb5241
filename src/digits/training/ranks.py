"""The processes that train together. One process is the case in which every method does nothing.

`torchrun` starts them and sets RANK, WORLD_SIZE, LOCAL_RANK; PyTorch's own DDP averages gradients.
"""

import contextlib
import os
import re
from collections.abc import Iterator

import torch
import torch.distributed as dist

# DDP would import it later, and the default arguments in it would then hold the process group
# for ever: its threads would outlive destroy_process_group() and could abort the process's end.
import torch.distributed.nn
from torch import Tensor, nn

from digits.data import Split
from digits.errors import DigitsError, reason

LOST = re.compile("connection|socket|peer|timed? ?out|nccl", re.IGNORECASE)


class Ranks:
    """`rank` of `count` processes."""

    def __init__(self, rank: int = 0, count: int = 1) -> None:
        self.rank, self.count = rank, count

    @property
    def first(self) -> bool:
        """Whether this is the one that writes and prints."""
        return self.rank == 0

    def share(self, split: Split) -> Split:
        """Every count-th sample: the part of a split that this rank holds."""
        return split if self.count == 1 else split[slice(self.rank, None, self.count)]

    def even_share(self, split: Split) -> Split:
        """As `share`, of equal length on every rank, as they step together: what is left over, less
        than a tile a rank, is left out.

        Raises:
            DigitsError: there are fewer tiles than ranks.
        """
        if len(split) < self.count:
            raise DigitsError(
                f"{len(split)} tiles to learn from do not suffice for {self.count} processes; "
                "start fewer"
            )
        return self.share(split[: len(split) // self.count * self.count])

    def share_of(self, batch_size: int) -> int:
        """How many of a batch this rank computes.

        Raises:
            DigitsError: the batch does not divide among the ranks.
        """
        if batch_size % self.count:
            raise DigitsError(
                f"--batch_size {batch_size} does not divide among {self.count} processes; "
                f"try {batch_size // self.count * self.count or self.count}"
            )
        return batch_size // self.count

    def wrap(self, model: nn.Module) -> nn.Module:
        """Let gradients be averaged over the ranks in every backward pass."""
        if self.count == 1:
            return model
        on_gpu = next(model.parameters()).is_cuda
        if on_gpu:  # batch norm over the whole batch, as one process has it; CPUs lack this layer
            model = nn.SyncBatchNorm.convert_sync_batchnorm(model)
        return nn.parallel.DistributedDataParallel(model)

    def same(self, text: str) -> str:
        """The first rank's text, on all of them."""
        texts = [text]
        if self.count > 1:
            dist.broadcast_object_list(texts)
        return texts[0]

    def sum(self, values: Tensor) -> Tensor:
        """Sum a tensor over the ranks, in place."""
        if self.count > 1:
            dist.all_reduce(values)
        return values


@contextlib.contextmanager
def join(device: torch.device) -> Iterator[Ranks]:
    """Join the processes that `torchrun` started, or be the only one.

    Raises:
        DigitsError: another rank was lost.
    """
    if "RANK" not in os.environ or int(os.environ.get("WORLD_SIZE", 1)) == 1:
        yield Ranks()
        return
    if device.type == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Ranks(dist.get_rank(), dist.get_world_size())
    except RuntimeError as error:  # of gloo and NCCL alike, when a connection breaks
        if not LOST.search(str(error)):
            raise
        raise DigitsError(
            f"another process was lost ({reason(error)}); go on with --resume"
        ) from None
    finally:
        dist.destroy_process_group()
