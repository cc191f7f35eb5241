"""An MLP of four hidden layers, 1024-512-256-128, with batch norm: an MLP at its best."""

from torch import nn

from digits.archs._layers import Normalize, initialise

HIDDEN = (1024, 512, 256, 128)


def build(classes: int, dropout: float = 0.4) -> nn.Module:
    """Batch norm, ReLU and dropout after each hidden layer; Kaiming initialisation (He 2015)."""
    layers: list[nn.Module] = [Normalize(), nn.Flatten()]
    width = 28 * 28
    for hidden in HIDDEN:
        layers += [nn.Linear(width, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Dropout(dropout)]
        width = hidden
    model = nn.Sequential(*layers, nn.Linear(width, classes))
    return initialise(model, nn.init.kaiming_normal_)
