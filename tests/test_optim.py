"""What decays, what does not, and how the learning rate goes up and down."""

import pytest
import torch
from torch import nn

from digits import archs
from digits.training.config import CHOICES, TrainConfig
from digits.training.optim import FEWEST_STEPS, PLATEAU_FACTOR, make_optimizer, make_schedule
from digits.training.state import TrainingState


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


def rates_of(schedule: str) -> tuple[list[float], torch.optim.Optimizer]:
    """The rate at each of 100 steps, the highest 0.1, and after them; and the optimizer then."""
    config = TrainConfig(learning_rate=0.1, schedule=schedule)
    optimizer = make_optimizer(nn.Linear(1, 1), config)
    made = make_schedule(optimizer, config, 100)
    rates = []
    for _ in range(100):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        made.step()
    return [*rates, made.get_last_lr()[0]], optimizer


def test_a_line_goes_up_for_a_fifth_and_down_to_nothing() -> None:
    rates, optimizer = rates_of("linear")
    assert rates[0] == pytest.approx(0.005) and rates[19] == pytest.approx(0.1)
    assert rates[60] == pytest.approx(0.05) and rates[99] == pytest.approx(0.1 / 80)
    assert rates[100] == 0
    few = make_schedule(optimizer, TrainConfig(schedule="linear"), 1)  # as long as the warm-up
    assert few.get_last_lr()[0] > 0


def test_a_cosine_goes_down_from_the_first_step_to_nothing() -> None:
    rates, optimizer = rates_of("cosine")
    assert rates[0] == 0.1 and rates[50] == pytest.approx(0.05) and rates[99] < 1e-4
    assert rates == sorted(rates, reverse=True)
    assert optimizer.param_groups[0]["betas"][0] == 0.9


def test_on_a_plateau_the_rate_falls_and_steps_alone_change_nothing() -> None:
    config = TrainConfig(learning_rate=0.1, schedule="plateau")
    state = TrainingState(nn.Linear(1, 1), config, 100, None)
    rates = []
    for epoch, loss in enumerate((1.0, 0.5, 0.6, 0.7, 0.8, 0.3), start=1):
        for _ in range(10):
            state.optimizer.step()
            state.schedule.step()
        state.keep_if_best(
            {"epoch": epoch, "validation_loss": loss, "validation_accuracy": 1 - loss}
        )
        rates.append(state.schedule.get_last_lr()[0])
    lower = pytest.approx(0.1 * PLATEAU_FACTOR)
    assert rates == [0.1, 0.1, 0.1, lower, lower, lower]
    assert state.schedule.last_epoch == 60


@pytest.mark.parametrize("schedule", CHOICES["schedule"])
def test_a_schedule_goes_on_where_it_was_saved_and_is_scaled_whole(schedule: str) -> None:
    config = TrainConfig(learning_rate=0.1, schedule=schedule)

    def rates(state: TrainingState, steps: int) -> list[float]:
        found = []
        for _ in range(steps):
            state.optimizer.step()
            state.schedule.step()
            state.progress.step += 1
            found.append(state.optimizer.param_groups[0]["lr"])
        return found

    undisturbed = rates(TrainingState(nn.Linear(1, 1), config, 40, None), 30)
    state = TrainingState(nn.Linear(1, 1), config, 40, None)
    rates(state, 10)
    other = TrainingState(nn.Linear(1, 1), config, 40, None)
    other.restore(state.content_copy())
    assert rates(other, 20) == pytest.approx(undisturbed[10:])
    state.scale_learning_rate(0.5)
    assert rates(state, 20) == pytest.approx([rate / 2 for rate in undisturbed[10:]])
