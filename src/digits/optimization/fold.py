"""Fold batch norm into the layer before it, as it is a fixed scale and shift once training ends."""

import copy

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval


def fold_batch_norm(model: nn.Module) -> nn.Module:
    """A copy of a model in evaluation mode without the batch norms that follow a convolution or a
    dense layer inside an `nn.Sequential`; its logits are the same but for rounding.
    """
    assert not model.training
    model = copy.deepcopy(model)
    for module in list(model.modules()):
        if isinstance(module, nn.Sequential):
            _fold_chain(module)
    return model


def _fold_chain(chain: nn.Sequential) -> None:
    for index in range(1, len(chain)):
        before, norm = chain[index - 1], chain[index]
        if isinstance(before, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            chain[index - 1], chain[index] = fuse_conv_bn_eval(before, norm), nn.Identity()
        elif isinstance(before, nn.Linear) and isinstance(norm, nn.BatchNorm1d):
            chain[index - 1], chain[index] = fuse_linear_bn_eval(before, norm), nn.Identity()
