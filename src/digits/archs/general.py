"""Reads a row of many scripts, as PP-OCRv6's small recogniser does: 57 convolutions, attention.

Its layers are those of that network (PaddleOCR, Apache-2.0), so that its weights can be taken over
(`tools/get_general.py`); two things differ. It takes one channel, and it answers twice as many
columns: digits that touch had too few. Its convolution over the columns reaches as far as before.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

KIND = "row images"  # what it takes; it learns by CTC: the last class is the blank
WIDTH, HEADS = 120, 8  # numbers a column, and heads of its attention


class Levels(nn.Module):
    """The first layer: bright ink on black, 0..255 -> dark ink on white, -1..1."""

    def forward(self, images: Tensor) -> Tensor:
        return 1 - images.float() * (1 / 127.5)


class Same(nn.Module):
    """A layer of 2x2 that keeps the size: padded below and on the right."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        return torch.as_tensor(self.layer(F.pad(x, (0, 1, 0, 1))))


class Stem(nn.Module):
    """(N, 1, H, W) -> (N, 96, H / 4, W / 4): two ways side by side, the largest and a bend."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(1, 48, 3, 2, 1), nn.ReLU())
        self.bend = nn.Sequential(
            Same(nn.Conv2d(48, 24, 2)), nn.ReLU(), Same(nn.Conv2d(24, 48, 2)), nn.ReLU()
        )
        self.largest = Same(nn.MaxPool2d(2, 1))
        self.last = nn.Sequential(
            nn.Conv2d(96, 48, 3, 2, 1), nn.ReLU(), nn.Conv2d(48, 96, 1), nn.ReLU()
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        return torch.as_tensor(self.last(torch.cat([self.largest(x), self.bend(x)], 1)))


class Excited(nn.Module):
    """Channels weighed by what the whole picture holds (squeeze and excitation, Hu et al. 2018)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels // 4, 1), nn.ReLU(), nn.Conv2d(channels // 4, channels, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        asked = self.body(x.mean((2, 3), keepdim=True))
        return x * (asked * (1 / 6) + 0.5).clamp(0, 1)


class Block(nn.Module):
    """A 3x3 convolution a channel, then two of 1x1 across them; what goes in is added where it is
    of the same size."""

    def __init__(self, channels: int, out: int, excited: bool, down: int = 1) -> None:
        super().__init__()
        own = nn.Conv2d(channels, channels, 3, (down, 1), 1, groups=channels)
        self.own = nn.Sequential(own, *([Excited(channels)] if excited else []))
        self.across = nn.Sequential(
            nn.Conv2d(channels, 2 * channels, 1), nn.GELU(), nn.Conv2d(2 * channels, out, 1)
        )
        self.is_added = channels == out and down == 1

    def forward(self, x: Tensor) -> Tensor:
        x = self.own(x)
        return torch.as_tensor(x + self.across(x) if self.is_added else self.across(x))


class Halves(nn.Module):
    """(N, C, 3, W) -> (N, C, 1, W): the mean of a column and the one to its right."""

    def forward(self, x: Tensor) -> Tensor:
        x = x.mean(2, keepdim=True)
        return (x + torch.cat([x[..., 1:], x[..., -1:]], -1)) / 2


class Attention(nn.Module):
    """Each column looks at all others (Vaswani et al. 2017), (N, T, WIDTH)."""

    def __init__(self) -> None:
        super().__init__()
        self.before, self.after = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        asked, keys, values = self.before(x).unflatten(2, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(asked, keys, values)
        return torch.as_tensor(self.after(mixed.transpose(1, 2).flatten(2)))


class Layer(nn.Module):
    """Attention and a small network a column, each added to what goes in."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.look = nn.Sequential(nn.LayerNorm(WIDTH, 1e-5), Attention(), nn.Dropout(dropout))
        self.think = nn.Sequential(
            nn.LayerNorm(WIDTH, 1e-5), nn.Linear(WIDTH, 2 * WIDTH), nn.SiLU(), nn.Dropout(dropout),
            nn.Linear(2 * WIDTH, WIDTH), nn.Dropout(dropout),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.look(x)
        return torch.as_tensor(x + self.think(x))


class Neck(nn.Module):
    """(N, 384, 1, T) -> logits (N, T, classes): what stands beside a stroke tells what it is."""

    def __init__(self, classes: int, dropout: float) -> None:
        super().__init__()
        self.short = _normed(nn.Conv2d(384, WIDTH, 1, bias=False))
        self.long = _normed(nn.Conv2d(384, WIDTH, 1, bias=False))
        along = nn.Conv2d(WIDTH, WIDTH, (1, 7), 1, (0, 6), (1, 2), WIDTH, bias=False)
        self.along = _normed(along)
        self.layers = nn.Sequential(Layer(dropout), Layer(dropout), nn.LayerNorm(WIDTH, 1e-6))
        self.last = nn.Linear(WIDTH, classes)

    def forward(self, x: Tensor) -> Tensor:
        far = self.long(x)
        far = self.layers((far + self.along(far)).squeeze(2).transpose(1, 2))
        return torch.as_tensor(self.last(far + self.short(x).squeeze(2).transpose(1, 2)))


def build(classes: int, dropout: float = 0.1) -> nn.Module:
    """Row images uint8 (N, 1, 48, W) -> logits (N, W / 4, classes)."""
    return nn.Sequential(
        Levels(), Stem(),
        Block(96, 96, True), Block(96, 96, False), Block(96, 96, False),
        Block(96, 192, False, down=2),
        Block(192, 192, True), Block(192, 192, False), Block(192, 192, True),
        Block(192, 192, False), Block(192, 192, True), Block(192, 192, False),
        Block(192, 384, False, down=2), Block(384, 384, True), Block(384, 384, False),
        Halves(), Neck(classes, dropout),
    )  # fmt: skip


def _normed(convolution: nn.Module) -> nn.Sequential:
    return nn.Sequential(convolution, nn.BatchNorm2d(WIDTH), nn.SiLU())
