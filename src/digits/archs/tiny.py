"""Five plain 3x3 convolutions, 8-8-12-12-16: under 5,000 parameters, for microcontrollers."""

from torch import Tensor, nn

from digits.archs._layers import Normalize, Shape, conv_norm_relu
from digits.spec import INPUT_SHAPE


class Mean(nn.Module):
    """(N, C, H, W) -> (N, C): each channel's mean over the tile."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean(dim=(2, 3))


def build(
    classes: int, shape: Shape = INPUT_SHAPE, channels: tuple[int, ...] = (8, 8, 12, 12, 16)
) -> nn.Module:
    """Convolutions without padding, ReLU and average pooling: nothing an int8 runtime lacks."""
    a, b, c, d, e = channels
    return nn.Sequential(
        Normalize(),
        *conv_norm_relu(shape[0], a, padding=0), *conv_norm_relu(a, b, padding=0),
        nn.AvgPool2d(2),  # (N, b, 12, 12)
        *conv_norm_relu(b, c, padding=0), *conv_norm_relu(c, d, padding=0),
        *conv_norm_relu(d, e, padding=0),  # (N, e, 6, 6)
        Mean(), nn.Linear(e, classes),
    )  # fmt: skip
