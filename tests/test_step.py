"""One step held against PyTorch written out: gradients, teacher, clipping, average, compilation."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from digits import archs, checkpoint
from digits.data import Split
from digits.training import step, teacher
from digits.training.config import TrainConfig
from digits.training.ranks import Ranks
from digits.training.state import TrainingState
from digits.training.step import Engine, compilation_pays, logits_of

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
BATCH = 7  # not divisible: its pieces differ in size


def engine_of(steps: int = 10, **settings: object) -> Engine:
    """An engine in float32 around a linear model."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(28 * 28, 10))
    config = TrainConfig.make({"label_smoothing": 0.1, "average": 0.0, **settings})
    engine = Engine(TrainingState(model, config, steps, None), config, Ranks(), steps)
    engine.dtype = None
    return engine


def batch() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    return torch.rand(BATCH, 1, 28, 28, generator=generator), torch.arange(BATCH)


def gradients(engine: Engine) -> list[Tensor]:
    return [p.grad for p in engine.state.model.parameters() if p.grad is not None]


@pytest.mark.parametrize("pieces", [1, 3, BATCH])
def test_gradients_are_the_batchs_mean_in_however_many_pieces(pieces: int) -> None:
    engine, (images, labels) = engine_of(), batch()
    engine.pieces = pieces
    losses, right = engine.forward_backward(images, labels)
    logits = engine.state.model(images)
    expected_losses = F.cross_entropy(logits, labels, label_smoothing=0.1, reduction="none")
    mean = expected_losses.mean()
    torch.testing.assert_close(losses, expected_losses.detach(), rtol=1e-5, atol=1e-6)
    assert right.tolist() == (logits.argmax(dim=1) == labels).tolist()
    expected = torch.autograd.grad(mean, list(engine.state.model.parameters()))
    torch.testing.assert_close(gradients(engine), list(expected))


def test_labels_may_be_shares_of_classes() -> None:
    engine, (images, labels) = engine_of(), batch()
    shares = torch.eye(10)[labels] * 0.7 + torch.eye(10)[9 - labels] * 0.3
    losses, right = engine.forward_backward(images, shares)
    logits = engine.state.model(images)
    smoothed = shares * 0.9 + 0.1 / 10
    expected = -(smoothed * F.log_softmax(logits, dim=1)).sum()
    assert losses.sum().item() == pytest.approx(expected.item(), rel=1e-5)
    assert right.tolist() == (logits.argmax(dim=1) == labels).tolist()


def test_memory_that_is_short_for_one_tile_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    engine = engine_of()
    monkeypatch.setattr(engine, "_forward_backward_piece", never)
    with pytest.raises(torch.OutOfMemoryError):
        engine.forward_backward(*batch())
    assert engine.pieces >= BATCH


def test_half_of_the_loss_is_the_teachers(tmp_path: Path) -> None:
    content = checkpoint.pack("micro", archs.create("micro"), temperature=2.0)
    checkpoint.save(tmp_path / "teacher.pth", content)
    engine, (images, labels) = engine_of(teacher=str(tmp_path / "teacher.pth")), batch()
    losses, _ = engine.forward_backward(images, labels)
    logits = engine.state.model(images)
    own = F.cross_entropy(logits, labels, reduction="none", label_smoothing=0.1)
    taught = teacher.divergence(logits, logits_of(checkpoint.build(content), images) / 2)
    expected = torch.lerp(own, taught, teacher.SHARE).detach()
    torch.testing.assert_close(losses, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("clip_norm", "expected"), [(0.0, 50.0), (0.1, 0.1), (100.0, 50.0)])
def test_gradients_are_clipped_together(clip_norm: float, expected: float) -> None:
    engine = engine_of(clip_norm=clip_norm)
    parameters, norms = list(engine.state.model.parameters()), []
    size = sum(p.numel() for p in parameters)
    for parameter in parameters:
        parameter.grad = torch.full_like(parameter, 50 / size**0.5)
    engine.state.optimizer.register_step_pre_hook(
        lambda *_: norms.append(nn.utils.get_total_norm(gradients(engine)).item())
    )
    engine.update()
    assert norms == [pytest.approx(expected, rel=1e-4)]
    assert not gradients(engine)


def test_an_update_moves_the_schedule_and_the_average() -> None:
    engine = engine_of(average=0.9)
    assert engine.state.average is not None
    for count in (1, 2):
        engine.forward_backward(*batch())
        engine.update()
        assert engine.state.schedule.last_epoch == count
        assert int(engine.state.average.n_averaged) == count


def test_evaluation_goes_by_the_thousand_and_leaves_the_mode() -> None:
    sizes: list[int] = []
    engine = engine_of()
    model = engine.state.model.train()
    model.register_forward_pre_hook(lambda _, given: sizes.append(len(given[0])))
    images, labels = torch.zeros(2500, 1, 28, 28), torch.zeros(2500, dtype=torch.int64)
    measured = engine.evaluate(Split(images, labels))
    assert sizes == [1000, 1000, 500] and model.training
    logits = model.get_submodule("1").bias.expand(2500, -1)
    assert measured["validation_loss"] == pytest.approx(F.cross_entropy(logits, labels).item())
    assert measured["validation_accuracy"] == float(logits[0].argmax() == 0)


def test_ten_epochs_of_mnist_on_a_gpu_earn_compilation_back_and_five_do_not() -> None:
    an_epoch = 55_000 // 64
    assert compilation_pays(CUDA, 10 * an_epoch) and not compilation_pays(CUDA, 5 * an_epoch)
    assert not compilation_pays(CPU, 100 * an_epoch)


@pytest.mark.parametrize(("compile_", "pays", "compiled"), [
    ("on", False, True), ("off", True, False), ("auto", True, True), ("auto", False, False),
])  # fmt: skip
def test_compilation_is_as_asked(
    monkeypatch: pytest.MonkeyPatch, compile_: str, pays: bool, compiled: bool
) -> None:
    monkeypatch.setattr(step, "compilation_pays", lambda device, steps: pays)
    monkeypatch.setattr(torch, "compile", lambda model: "compiled")
    assert (engine_of(compile=compile_).net == "compiled") is compiled
