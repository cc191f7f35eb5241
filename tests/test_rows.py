"""Made-up rows, the row image and the CTC loop: what they promise, on small and seeded samples."""

import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from digits import archs, checkpoint
from digits.data import Dataset, hands, rows
from digits.row_image import HEIGHT, INK, PAPER, STRIDE, row_image
from digits.spec import BLANK, ROW_CLASSES, ROW_SHAPE
from digits.training import made_up
from digits.training import rows as loop
from digits.training.config import TrainConfig
from digits.training.loop import Outcome
from digits.training.run import Run
from tests.conftest import MNIST_FOLDER


@pytest.fixture(scope="module")
def source(mnist: Dataset) -> rows.Sources:
    if not hands.available(MNIST_FOLDER):
        pytest.skip(f"hands/ is not in {MNIST_FOLDER}")
    train = mnist.train  # type: ignore[attr-defined]
    return rows.sources(
        train.images[:2000, 0].numpy(), train.labels[:2000].numpy(), MNIST_FOLDER, False
    )


def test_a_row_image_has_its_height_its_paper_and_its_ink() -> None:
    grey = np.full((60, 131), 200, np.uint8)
    grey[20:40, 50:60] = 90
    image = row_image(grey)
    assert image.shape == (HEIGHT, 104) and image.shape[1] % STRIDE == 0
    assert abs(int(np.median(image)) - PAPER) <= 1 and abs(int(image[24, 44]) - INK) <= 2
    assert np.abs(row_image(255 - grey, inverted=True).astype(int) - image).max() <= 1


def test_no_writer_is_both_learned_from_and_held_out(source: rows.Sources) -> None:
    learned, held_out = hands.load(MNIST_FOLDER), hands.load(MNIST_FOLDER, held_out=True)
    for name in hands.COLLECTIONS:
        ours, others = ({hand.name for hand in some[name]} for some in (learned, held_out))
        assert ours and others and not ours & others


def test_a_seed_gives_the_same_rows_in_one_process_and_in_two(source: rows.Sources) -> None:
    alone, shared = rows.samples(600, source, 3), rows.samples(600, source, 3, processes=2)
    assert [text for _, text in alone] == [text for _, text in shared]
    assert all(np.array_equal(a, b) for (a, _), (b, _) in zip(alone, shared, strict=True))
    assert {c for _, text in alone for c in text} == set(ROW_CLASSES)
    assert 0.02 < np.mean([text == "" for _, text in alone]) < 0.12


def test_a_path_is_spelled_without_repeats_and_blanks() -> None:
    blank = loop.BLANK
    assert loop.spelled(np.array([blank, 1, 1, blank, 1, 10, 0, 0])) == "11.0"
    assert loop.spelled(np.full(5, blank)) == ""


def test_a_resumed_run_ends_with_the_same_weights(source: rows.Sources, tmp_path: Path) -> None:
    made = rows.samples(12, source, 1)
    config = TrainConfig(arch="rows", samples=12, epochs=2, batch_size=6, average=0.5, save_every=0)

    def trained(run: Run, resume: bool = False) -> Outcome:
        torch.manual_seed(0)
        model = archs.create("rows", len(ROW_CLASSES) + 1)
        return made_up.fit(model, loop.lesson(lambda _: made, made), config, run, resume)

    whole, broken = Run(tmp_path / "whole"), Run(tmp_path / "broken")
    for run in (whole, broken):
        run.folder.mkdir()
    expected = trained(whole)
    steps: list[int] = []
    save = made_up.save

    def save_and_stop(state: object, run: Run, ranks: object) -> None:
        save(state, run, ranks)  # type: ignore[arg-type]
        steps.append(1)
        if len(steps) == 1:
            signal.raise_signal(signal.SIGTERM)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(made_up, "save", save_and_stop)
        assert trained(broken).stopped_by == signal.SIGTERM
    resumed = trained(broken, resume=True)
    assert resumed.stopped_by == 0 and len(resumed.history) == 2
    for name, value in expected.weights.items():
        assert torch.equal(value, resumed.weights[name]), name


def test_init_begins_with_the_weights_of_a_row_model(
    uci: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = archs.create("rows", len(ROW_CLASSES) + 1)
    content = checkpoint.pack("rows", old, classes=(*ROW_CLASSES, BLANK), input_shape=ROW_SHAPE)
    checkpoint.save(tmp_path / "old.pth", content)

    def fit(model: nn.Module, *_: object) -> Outcome:
        for name, value in old.state_dict().items():
            assert torch.equal(value, model.state_dict()[name]), name
        return Outcome({}, 0, [], 0.0, 0.0, 0)

    monkeypatch.setattr(made_up, "fit", fit)
    monkeypatch.setattr(made_up, "sources", lambda *_: ([], []))
    subject = replace(loop.SUBJECT, make=lambda *_: [])
    config = TrainConfig(arch="rows", samples=12, init=str(tmp_path / "old.pth"))
    run, on = Run(tmp_path), torch.device("cpu")
    done = made_up.train(subject, config, uci, tmp_path, run, on, resume=False)
    assert done.runs == [run]


def test_the_row_model_takes_any_width_and_leaves_no_parameter_without_a_gradient() -> None:
    model = archs.create("rows", len(ROW_CLASSES) + 1)
    for width in (32, 88, 640):
        images = torch.randint(0, 255, (2, 1, HEIGHT, width), dtype=torch.uint8)
        logits = model(images)
        assert logits.shape == (2, width // STRIDE, len(ROW_CLASSES) + 1)
    loop.ctc_loss(logits, ["12.5", "7"], torch.tensor([160, 160])).backward()
    assert all(p.grad is not None for p in model.parameters())
