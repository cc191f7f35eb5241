"""Ensembles and teachers: several models in one checkpoint, and one that learns from another."""

import dataclasses
import os
import signal
from pathlib import Path

import pytest
import torch

from digits import archs, checkpoint
from digits.data import Dataset, Split
from digits.errors import DigitsError
from digits.training import ensemble, teacher
from digits.training.config import TrainConfig
from digits.training.ensemble import Trained
from digits.training.ranks import Ranks
from digits.training.run import Run
from digits.training.step import Engine, logits_of

CPU = torch.device("cpu")
CONFIG = TrainConfig(arch="cnn2", epochs=2, batch_size=128, learning_rate=3e-3, ensemble=2)


def train(dataset: Dataset, folder: Path, resume: bool = False, **changes: object) -> Trained:
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text("{}")  # which marks the folder of a run
    config = dataclasses.replace(CONFIG, **changes)  # type: ignore[arg-type]
    return ensemble.train(config, dataset, Run(folder), Ranks(), CPU, resume)


@pytest.mark.slow
def test_an_ensemble_averages_the_logits_of_differing_members(uci: Dataset, tmp_path: Path) -> None:
    trained = train(uci, tmp_path / "run")
    tiles = uci.test.images
    first, second = trained.model.get_submodule("members").children()
    both = torch.stack([logits_of(first, tiles), logits_of(second, tiles)])
    assert not torch.allclose(both[0], both[1])
    assert torch.allclose(logits_of(trained.model, tiles), both.mean(dim=0), atol=1e-5)

    path = tmp_path / "model.pth"
    checkpoint.save(path, checkpoint.pack(trained.arch, trained.model, arch_args=trained.arch_args))
    again = checkpoint.build(checkpoint.load(path))
    assert torch.equal(logits_of(again, tiles), logits_of(trained.model, tiles))


@pytest.mark.slow
def test_a_member_is_the_model_of_its_seed_trained_alone(uci: Dataset, tmp_path: Path) -> None:
    both = train(uci, tmp_path / "run", augment="light").model.get_submodule("members")
    _, second = both.children()
    alone = train(uci, tmp_path / "alone", augment="light", ensemble=1, seed=CONFIG.seed + 1).model
    assert checkpoint.digest(second.state_dict()) == checkpoint.digest(alone.state_dict())


class Interrupt(BaseException):
    """Stands for a kill: nothing in the loop catches it."""


@pytest.mark.slow
@pytest.mark.parametrize("last_step", [5, 14, 23, 33])  # 18 steps a member, 3 to warm it up
def test_an_ensemble_goes_on_in_the_member_where_it_stopped(
    uci: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last_step: int
) -> None:
    whole = checkpoint.digest(train(uci, tmp_path / "whole").model.state_dict())
    broken = tmp_path / "runs" / "broken"
    broken.parent.mkdir()
    update, left = Engine.update, [last_step]

    def dies(self: Engine) -> None:
        update(self)
        left[0] -= 1
        if not left[0]:
            raise Interrupt

    with monkeypatch.context() as patched:
        patched.setattr(Engine, "update", dies)
        with pytest.raises(Interrupt):
            train(uci, broken, save_every=0.0)
    assert Run.find("latest", broken.parent).folder == broken
    resumed = train(uci, broken, resume=True)
    assert checkpoint.digest(resumed.model.state_dict()) == whole


@pytest.mark.parametrize("members", [1, 2])
def test_a_signal_in_the_last_evaluation_ends_what_is_left(
    uci: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, members: int
) -> None:
    """Of one model nothing is left to train; of two the second is."""
    evaluate, calls = Engine.evaluate, [0]

    def signals(self: Engine, split: Split) -> dict[str, float]:
        calls[0] += 1
        if calls[0] == 2:  # the first is of the warm-up
            os.kill(os.getpid(), signal.SIGINT)
        return evaluate(self, split)

    monkeypatch.setattr(Engine, "evaluate", signals)
    trained = train(uci, tmp_path / "run", arch="micro", epochs=1, ensemble=members)
    assert trained.stopped_by == signal.SIGINT and len(trained.outcomes) == 1
    assert trained.finished == (members == 1) and trained.kept and trained.runs[0].states()


def teach(uci: Dataset, path: Path, classes: int = 10) -> str:
    """Save a teacher that says 3 to everything."""
    model = archs.create("cnn2", classes)
    last = [layer for layer in model.modules() if isinstance(layer, torch.nn.Linear)][-1]
    torch.nn.init.zeros_(last.weight)
    with torch.no_grad():
        last.bias.copy_(torch.arange(classes).eq(3) * 20.0)
    names = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "none")[:classes]
    checkpoint.save(path, checkpoint.pack("cnn2", model, classes=names))
    return str(path)


@pytest.mark.slow
def test_a_student_believes_its_teacher(uci: Dataset, tmp_path: Path) -> None:
    name = teach(uci, tmp_path / "teacher.pth")
    trained = train(uci, tmp_path / "run", ensemble=1, epochs=6, teacher=name)
    said = logits_of(trained.model, uci.test.images).argmax(dim=1)
    assert (said == 3).float().mean() > 0.9


def test_a_teacher_of_other_classes_is_refused(uci: Dataset, tmp_path: Path) -> None:
    name = teach(uci, tmp_path / "teacher.pth", classes=11)
    with pytest.raises(DigitsError, match="it alone knows none; --nondigits"):
        train(uci, tmp_path / "run", ensemble=1, teacher=name)


def test_what_classes_a_teacher_and_its_student_share_not_is_named(
    uci: Dataset, tmp_path: Path
) -> None:
    name = teach(uci, tmp_path / "teacher.pth")
    for classes, says in (
        (tuple("012345678a"), "it alone knows 9, the student alone a"),
        (tuple("9012345678"), "it knows the classes in another order"),
    ):
        with pytest.raises(DigitsError, match=f"--teacher .*: {says}$"):
            teacher.load(name, classes, CPU)


def test_a_training_state_is_no_teacher(tmp_path: Path) -> None:
    path = tmp_path / "state-000000001.pth"
    checkpoint.save(path, {"progress": {}})
    with pytest.raises(DigitsError, match="a training state, not a model"):
        teacher.require_shape(str(path), (1, 28, 28))


def test_divergence_is_zero_for_equal_answers_and_grows() -> None:
    logits = torch.tensor([[3.0, 0.0, -1.0]])
    assert teacher.divergence(logits, logits + 5).item() == pytest.approx(0, abs=1e-6)
    near, far = (teacher.divergence(logits, logits.roll(k, 1) * k).item() for k in (1, 2))
    assert 0 < near < far
