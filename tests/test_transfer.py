"""Starting from a trained model: what is taken over, what is frozen, how fast the rest learns."""

import dataclasses
from pathlib import Path

import pytest
import torch

from digits import archs, checkpoint
from digits.__main__ import main
from digits.data import Dataset
from digits.errors import DigitsError
from digits.spec import PAGE_SHAPE
from digits.training import ensemble, transfer
from digits.training.config import TrainConfig
from digits.training.optim import TAKEN_OVER, make_optimizer
from digits.training.ranks import Ranks
from digits.training.run import Run

ELEVEN = (*"0123456789", "none")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A checkpoint of cnn5, which has batch norm, with eleven classes."""
    torch.manual_seed(5)
    path = tmp_path / "old.pth"
    checkpoint.save(path, checkpoint.pack("cnn5", archs.create("cnn5", 11), classes=ELEVEN))
    return path


def config(old: Path, **changes: object) -> TrainConfig:
    settings = TrainConfig(arch="cnn5", init=str(old), epochs=1, batch_size=128)
    return dataclasses.replace(settings, **changes)  # type: ignore[arg-type]


def test_layers_and_the_rows_of_known_classes_are_taken_over(old: Path) -> None:
    labels = ("a", "7", "3")
    model = archs.create("cnn5", 3)
    fresh = transfer.layers(model)[-1].weight.detach().clone()
    transfer.start(model, config(old, labels=labels), (1, 28, 28))
    taken = checkpoint.load(old)["state_dict"]
    state = model.state_dict()
    head = list(state)[-2]  # weights; biases come last
    for name in state:
        if not name.startswith(head.rpartition(".")[0]):
            assert torch.equal(state[name], taken[name]), name
    assert torch.equal(state[head][1:], taken[head][[7, 3]])
    assert torch.equal(state[head][0], fresh[0])


def test_a_lost_class_none_is_said(old: Path, tmp_path: Path) -> None:
    assert "--nondigits 0.2 keeps it" in transfer.said_of_none(config(old))
    assert not transfer.said_of_none(config(old, nondigits=0.2))
    assert not transfer.said_of_none(config(old, labels=("a", "7")))
    assert not transfer.said_of_none(TrainConfig(arch="cnn5"))
    ten = tmp_path / "ten.pth"
    checkpoint.save(ten, checkpoint.pack("cnn5", archs.create("cnn5", 10), classes=ELEVEN[:10]))
    assert not transfer.said_of_none(config(ten))


@pytest.mark.parametrize("arch", ["cnn5", "finder"])
def test_where_the_classes_are_the_same_all_is_taken_over(tmp_path: Path, arch: str) -> None:
    path, shape = tmp_path / "old.pth", PAGE_SHAPE if arch == "finder" else (1, 28, 28)
    settings = TrainConfig(arch=arch, init=str(path))
    made = archs.create(arch, len(settings.classes), shape)
    content = checkpoint.pack(arch, made, classes=settings.classes, input_shape=shape)
    checkpoint.save(path, content)
    model = archs.create(arch, len(settings.classes), shape)
    transfer.start(model, settings, shape)
    for name, value in model.state_dict().items():
        assert torch.equal(value, made.state_dict()[name]), name


@pytest.mark.slow
def test_frozen_layers_and_their_statistics_stay(old: Path, uci: Dataset, run_folder: Path) -> None:
    before = checkpoint.load(old)["state_dict"]
    trained = ensemble.train(
        config(old, freeze=4, learning_rate=0.01), uci, Run(run_folder), Ranks(),
        torch.device("cpu"), resume=False,
    )  # fmt: skip
    after = trained.model.state_dict()
    body = transfer.layers(trained.model)
    weight_of = {id(m.weight): name for name, m in trained.model.named_modules()
                 if m in body}  # fmt: skip
    moved = [not torch.equal(after[f"{weight_of[id(m.weight)]}.weight"],
                             before[f"{weight_of[id(m.weight)]}.weight"])
             for m in body[:-1]]  # fmt: skip
    assert moved == [False] * 4 + [True] * (len(body) - 5)
    norms = [name for name in after if name.endswith("running_mean")]
    still = [torch.equal(after[name], before[name]) for name in norms]
    assert still == [True] * 4 + [False] * (len(norms) - 4)


@pytest.mark.parametrize("labels, share", [(("7", "3"), TAKEN_OVER), (("7", "a"), 1)])
def test_what_is_taken_over_learns_at_a_tenth(
    labels: tuple[str, ...], share: float, old: Path
) -> None:
    settings = config(old, learning_rate=0.01, labels=labels)
    model = archs.create("cnn5", len(labels))
    transfer.start(model, settings, (1, 28, 28))
    head = {id(p) for p in transfer.layers(model)[-1].parameters()}
    rates = {
        (id(p) in head): group["lr"]
        for group in make_optimizer(model, settings).param_groups
        for p in group["params"]
    }
    assert rates == {True: 0.01 * share, False: pytest.approx(0.01 * TAKEN_OVER)}


@pytest.mark.slow
@pytest.mark.parametrize("flags, says", [
    ("--init no_such", "no such model"),
    ("--init old.pth --arch cnn3", "is of --arch cnn5, not cnn3"),
    ("--init old.pth --freeze 99", "at most 7 layers of cnn5"),
    ("--init old.pth --frame none --size 32 --dataset own.npz", "takes tiles of"),
    ("--init row.pth --arch cnn3", "is of --arch rows, not cnn3"),
])  # fmt: skip
def test_what_cannot_be_taken_over_is_one_line(
    flags: str, says: str, old: Path, run_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    import numpy as np

    from digits.spec import BLANK, ROW_CLASSES, ROW_SHAPE

    classes = (*ROW_CLASSES, BLANK)
    rows = archs.create("rows", len(classes))
    checkpoint.save("row.pth", checkpoint.pack("rows", rows, classes=classes,
                                               input_shape=ROW_SHAPE))  # fmt: skip
    images = np.random.default_rng(0).integers(0, 255, (40, 20, 20), np.uint8)
    np.savez("own.npz", images=images, labels=np.arange(40) % 10)
    given = flags if "--dataset" in flags else f"{flags} --dataset uci"
    assert main(["train", "--cpu", "--epochs", "1", *given.split()]) == 1
    error = capfd.readouterr().err
    said = [line for line in error.splitlines() if line.startswith("train: ")]
    assert len(said) == 1 and says in said[0] and "Traceback" not in error


def test_non_digits_are_not_for_rows(run_folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """They would change nothing."""
    flags = "--arch rows --nondigits 0.2 --dataset uci --cpu"
    assert main(["train", *flags.split()]) == 1
    assert "--nondigits: is of classifiers; --arch rows has none" in capfd.readouterr().err
    assert not Path("runs").exists()


def test_freeze_alone_is_wrong_usage() -> None:
    with pytest.raises(SystemExit) as stop:
        main(["train", "--freeze", "2"])
    assert stop.value.code == 2


@pytest.mark.slow
def test_a_model_that_is_taken_over_begins_where_it_ended(
    run_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    flags = ["--dataset", "uci", "--cpu"]
    assert main(["train", "--arch", "cnn3", "--epochs", "8", *flags]) == 0
    Path("models/best_model.pth").rename("old.pth")
    capfd.readouterr()
    assert main(["train", "--init", "old.pth", "--epochs", "1", *flags]) == 0
    assert float(capfd.readouterr().out.split()[2].rstrip("%")) > 95
    assert checkpoint.load("models/best_model.pth")["arch"] == "cnn3"


def test_a_teacher_of_other_tiles_is_refused() -> None:
    from digits.training import teacher

    teacher.require_shape("micro", (1, 28, 28))
    with pytest.raises(DigitsError, match="takes tiles of"):
        teacher.require_shape("micro", (3, 32, 32))


@pytest.mark.parametrize("flags, says", [
    ("--nondigits 0.1", "--nondigits: only where the classes are the digits"),
    ("--arch rows", "--arch rows: only where the classes are the digits"),
])  # fmt: skip
@pytest.mark.parametrize("classes", [4, 10])
def test_what_is_of_digits_is_not_for_other_classes_or_whole_pictures(
    classes: int, flags: str, says: str, run_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    import numpy as np

    images = np.random.default_rng(0).integers(0, 255, (40, 20, 20), np.uint8)
    np.savez("own.npz", images=images, labels=np.arange(40) % classes)
    command = ["train", "--cpu", "--dataset", "own.npz", "--frame", "none", *flags.split()]
    assert main(command) == 1
    assert says in capfd.readouterr().err and not Path("runs").exists()
