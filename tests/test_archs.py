"""Every registered architecture: size, contract, and one step that moves all of it."""

import pytest
import torch
from torch.nn import functional as F

from digits import archs
from digits.errors import DigitsError
from digits.spec import ROW_SHAPE
from digits.training.config import TrainConfig

PARAMETERS = {
    "base": 674_762,
    "improved": 1_497_994,
    "cnn2": 121_930,
    "cnn3": 93_322,
    "cnn5": 3_485_610,
    "cnn6": 584_618,
    "best": 584_938,  # at most 2,000,000
    "reader": 1_037_962,
    "tiny": 4_818,  # at most 5,000
    "micro": 1_931,  # at most 2,000
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PARAMETERS)
def test_parameter_counts(name: str) -> None:
    assert sum(p.numel() for p in archs.create(name).parameters()) == PARAMETERS[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", archs.names())
def test_one_step_moves_every_parameter(name: str) -> None:
    torch.manual_seed(0)
    model = archs.create(name).train()
    before = [p.detach().clone() for p in model.parameters()]
    tiles = torch.randint(0, 256, (16, 1, 28, 28), dtype=torch.uint8)
    F.cross_entropy(model(tiles), torch.arange(16) % 10).backward()
    torch.optim.SGD(model.parameters(), lr=0.1).step()
    for (parameter, _), p, old in zip(
        model.named_parameters(), model.parameters(), before, strict=True
    ):
        assert p.grad is not None and not torch.equal(p, old), parameter


@pytest.mark.parametrize("name", archs.names())
def test_raw_tiles_go_in_and_logits_come_out(name: str) -> None:
    model = archs.create(name, classes=11).eval()
    tiles = torch.randint(0, 256, (3, 1, 28, 28), dtype=torch.uint8)
    logits = model(tiles)
    assert logits.shape == (3, 11) and logits.dtype == torch.float32
    assert torch.allclose(logits, model(tiles.float())), "uint8 and float tiles must agree"
    alone = torch.cat([model(tile[None]) for tile in tiles])
    assert torch.allclose(logits, alone, atol=1e-4), "tiles must not influence each other"


@pytest.mark.parametrize("name", archs.names())
def test_has_a_summary(name: str) -> None:
    assert archs.summary(name).endswith((".", "!"))


def test_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(DigitsError, match=r"'cnn9'.*base, best, cnn2"):
        archs.create("cnn9")


def test_dropout_is_for_architectures_that_have_it() -> None:
    layers = archs.create("cnn3", **TrainConfig(dropout=0.5).arch_arguments).modules()
    assert [layer.p for layer in layers if isinstance(layer, torch.nn.Dropout)] == [0.5]
    with pytest.raises(DigitsError, match="--arch micro has no dropout"):
        archs.create("micro", **TrainConfig(dropout=0.5).arch_arguments)


@pytest.mark.parametrize("name", archs.names(archs.ROWS))
def test_a_row_model_names_every_fourth_column(name: str) -> None:
    model = archs.create(name, 16, ROW_SHAPE).eval()
    images = torch.randint(0, 256, (2, 1, 48, 100), dtype=torch.uint8)
    logits = model(images)
    assert logits.shape == (2, 25, 16) and logits.dtype == torch.float32
    assert torch.allclose(logits[1:], model(images[1:]), atol=1e-4), "rows must not meet"


@pytest.mark.slow
@pytest.mark.parametrize("name", archs.names(archs.ROWS))
def test_one_step_moves_every_parameter_of_a_row_model(name: str) -> None:
    torch.manual_seed(0)
    model = archs.create(name, 16, ROW_SHAPE)
    before = [p.detach().clone() for p in model.parameters()]
    model(torch.randint(0, 256, (4, 1, 48, 64), dtype=torch.uint8)).square().mean().backward()
    torch.optim.SGD(model.parameters(), lr=0.1).step()
    for (parameter, _), p, old in zip(
        model.named_parameters(), model.parameters(), before, strict=True
    ):
        assert p.grad is not None and not torch.equal(p, old), parameter
