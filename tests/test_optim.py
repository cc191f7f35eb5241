"""What decays, what does not, and how the learning rate goes up and down."""

import pytest
import torch
from torch import nn

from digits import archs
from digits.training.config import TrainConfig
from digits.training.optim import FEWEST_STEPS, make_optimizer, make_schedule


def test_weights_decay_and_biases_do_not() -> None:
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Linear(4, 2))
    for parameter in model.parameters():
        nn.init.ones_(parameter)
        parameter.grad = torch.zeros_like(parameter)
    config = TrainConfig(learning_rate=0.1, weight_decay=0.5)
    make_optimizer(model, config).step()
    for name, parameter in model.named_parameters():
        decays = name in ("0.weight", "2.weight")
        expected = 1 - 0.1 * 0.5 if decays else 1.0
        assert parameter.unique().tolist() == [pytest.approx(expected)], name


@pytest.mark.parametrize("arch", archs.names())
def test_every_parameter_is_optimised_once(arch: str) -> None:
    model = archs.create(arch)
    groups = make_optimizer(model, TrainConfig(weight_decay=0.5)).param_groups
    seen = [(id(p), group["weight_decay"]) for group in groups for p in group["params"]]
    assert dict(seen) == {id(p): 0.5 * (p.ndim > 1) for p in model.parameters()}
    assert len(seen) == len(dict(seen))


@pytest.mark.parametrize("beta1", [0.0, 0.9])
def test_the_rate_peaks_after_three_tenths_and_momentum_cycles_against_it(beta1: float) -> None:
    model = nn.Linear(1, 1)
    config = TrainConfig(learning_rate=0.1, beta1=beta1)
    optimizer = make_optimizer(model, config)
    schedule = make_schedule(optimizer, config, 100)
    rates, momenta = [], []
    for _ in range(100):
        rates.append(schedule.get_last_lr()[0])
        momenta.append(optimizer.param_groups[0]["betas"][0])
        optimizer.step()
        schedule.step() if len(rates) < 100 else None
    assert max(rates) == pytest.approx(0.1) and 28 <= rates.index(max(rates)) <= 30
    assert rates[-1] < rates[0] < 0.01
    cycled = (min(momenta), max(momenta)) == (pytest.approx(0.85), pytest.approx(0.95))
    assert cycled if not beta1 else set(momenta) == {0.9}


def test_a_schedule_lasts_for_the_warm_up() -> None:
    config = TrainConfig()
    optimizer = make_optimizer(nn.Linear(1, 1), config)
    assert make_schedule(optimizer, config, 1).total_steps == FEWEST_STEPS
