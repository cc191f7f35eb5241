"""What artefacts are made of: a checkpoint's network, as it is or refined."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from digits import checkpoint
from digits.optimization.chain import Chain
from digits.optimization.fold import fold_batch_norm
from digits.optimization.sequential import chain_of
from digits.spec import INPUT_SHAPE

BATCH = 1000


@dataclass(frozen=True)
class Source:
    """`model` has no batch norm; where it was pruned or trained further it is a calibrated `Chain`
    and `changes` says so. `content` and `checksum` are the checkpoint's."""

    model: nn.Module
    content: dict[str, Any]
    checksum: str
    changes: str = ""

    @classmethod
    def of(cls, content: dict[str, Any]) -> "Source":
        """The network of a checkpoint's content, as it is."""
        model = fold_batch_norm(checkpoint.build(content))
        return cls(model, content, checkpoint.digest(content))

    def chain(self) -> Chain:
        """The network as a chain, to be calibrated unless it was changed.

        Raises:
            DigitsError: it is none.
        """
        if isinstance(self.model, Chain):
            return self.model
        return chain_of(self.model, self.content.get("input_shape", INPUT_SHAPE))

    def logits(self, tiles: np.ndarray) -> np.ndarray:
        """Of the network itself, (N, K) float32, for tiles (N, C, H, W) uint8."""
        with torch.no_grad():
            parts = [self.model(some) for some in torch.from_numpy(tiles).split(BATCH)]
        return torch.cat(parts).numpy()
