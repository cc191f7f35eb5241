"""Made-up rows, the row image and the CTC loop: what they promise, on small and seeded samples."""

import signal
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from digits import archs, checkpoint
from digits.data import Dataset, hands, row_clutter, row_ink, rows
from digits.errors import DigitsError
from digits.row_image import HEIGHT, STRIDE
from digits.spec import BLANK, ROW_CLASSES, ROW_SHAPE
from digits.training import lifecycle, made_up
from digits.training import rows as loop
from digits.training.config import TrainConfig
from digits.training.loop import Outcome
from digits.training.ranks import Ranks
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


@pytest.mark.slow
def test_no_writer_is_both_learned_from_and_held_out(source: rows.Sources) -> None:
    learned, held_out = hands.load(MNIST_FOLDER), hands.load(MNIST_FOLDER, held_out=True)
    for name in hands.COLLECTIONS:
        ours, others = ({hand.name for hand in some[name]} for some in (learned, held_out))
        assert ours and others and not ours & others


@pytest.mark.slow
def test_a_seed_gives_the_same_rows_in_one_process_and_in_two(source: rows.Sources) -> None:
    alone, shared = rows.samples(600, source, 3), rows.samples(600, source, 3, processes=2)
    assert [text for _, text in alone] == [text for _, text in shared]
    assert all(np.array_equal(a, b) for (a, _), (b, _) in zip(alone, shared, strict=True))
    assert {c for _, text in alone for c in text} == set(ROW_CLASSES)
    empty = np.mean([text == "" for _, text in alone])
    assert empty == pytest.approx(rows.EMPTY, abs=0.05)


@pytest.mark.slow
def test_a_small_digit_of_a_picture_keeps_its_thin_strokes(source: rows.Sources) -> None:
    one = np.zeros((120, 60), np.uint8)
    cv2.line(one, (30, 2), (30, 117), 255, 4, cv2.LINE_AA)
    cv2.circle(one, (30, 10), 9, 255, -1)
    hand = hands.Hand("thin", {"1": [hands.Glyph("1", 1.0, ink=one)]})
    for seed in range(5):
        ink = row_ink.written("1", hand, source, 20.0, np.random.default_rng(seed)).ink
        assert (ink.max(axis=1)[2:-2] > 50).all() and len(ink) >= 16


@pytest.mark.slow
def test_a_faint_picture_of_a_digit_is_written_as_dark_as_others(source: rows.Sources) -> None:
    faint = np.zeros((60, 40), np.uint8)
    faint[5:55, 16:24] = 48
    hand = hands.Hand("faint", {"1": [hands.Glyph("1", 1.0, ink=faint)]})
    ink = row_ink.written("11", hand, source, 50.0, np.random.default_rng(0)).ink
    assert (ink > 200).mean() > 0.1


def test_some_points_stand_above_the_line(source: rows.Sources) -> None:
    rng, raised = np.random.default_rng(0), 0
    bar = np.full((60, 12), 255, np.uint8)
    hand = hands.Hand("bars", {"1": [hands.Glyph("1", 1.0, ink=bar)]})
    hand.glyphs["."] = [hands.Glyph(".", 0.15, ink=np.full((12, 12), 255, np.uint8))]
    for _ in range(200):
        ink = row_ink.written("1.1", hand, source, 80.0, rng).ink
        count, _, stats, _ = cv2.connectedComponentsWithStats((ink > 128).astype(np.uint8))
        points = [box for box in stats[1:count] if box[3] < 40]
        raised += bool(points) and points[0][1] + points[0][3] < 0.87 * len(ink)
    assert 0.1 < raised / 200 < 0.5


def test_a_ring_goes_around_the_number(source: rows.Sources) -> None:
    box = 60, 30, 100, 40
    for seed in range(20):
        drawn = np.zeros((96, 260), np.uint8)
        row_clutter._ring(drawn, box, 40.0, source, np.random.default_rng(seed))
        y, x = np.nonzero(drawn)
        assert x.min() < 75 and x.max() > 145 and y.min() < 45 and y.max() > 55
        assert not drawn[45:55, 95:125].any()


def test_a_path_is_spelled_without_repeats_and_blanks() -> None:
    blank = loop.BLANK
    assert loop.spelled(np.array([blank, 1, 1, blank, 1, 10, 0, 0])) == "11.0"
    assert loop.spelled(np.full(5, blank)) == ""


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_run_that_was_killed_while_it_judged_an_epoch_loses_nothing(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    made = [(rng.integers(0, 255, (HEIGHT, 64), np.uint8), "47") for _ in range(4)]
    config = TrainConfig(arch="rows", samples=4, epochs=2, batch_size=2, save_every=0)
    moments: list[str] = []  # evaluations, of which the one with a kill raises

    def evaluate(model: nn.Module) -> dict[str, float]:
        moments.append("killed" if moments == ["whole"] * 2 else "whole")
        if moments[-1] == "killed":
            raise ProcessLookupError
        return loop.evaluate(model, made)

    def trained(run: Run, resume: bool = False) -> Outcome:
        run.folder.mkdir(exist_ok=True)
        torch.manual_seed(0)
        model = archs.create("rows", len(ROW_CLASSES) + 1)
        lesson = replace(loop.lesson(lambda _: made, made), evaluate=evaluate)
        return made_up.fit(model, lesson, config, run, resume)

    expected = trained(Run(tmp_path / "whole"))
    with pytest.raises(ProcessLookupError):
        trained(Run(tmp_path / "broken"))
    resumed = trained(Run(tmp_path / "broken"), resume=True)
    assert resumed.best_epoch == expected.best_epoch and len(resumed.history) == config.epochs
    assert all(torch.equal(value, resumed.weights[n]) for n, value in expected.weights.items())


def test_the_advice_after_a_loss_that_is_not_finite_can_be_followed(tmp_path: Path) -> None:
    made = [(np.zeros((HEIGHT, 64), np.uint8), "47")]
    lesson = replace(
        loop.lesson(lambda _: made, made), loss=lambda model, *_: model(torch.zeros(1)) * torch.nan
    )
    config = TrainConfig(arch="rows", samples=1, epochs=1, batch_size=1, learning_rate=0.25)
    with pytest.raises(DigitsError, match=r"a lower --learning_rate than 0\.25") as said:
        made_up.fit(nn.Linear(1, 1), lesson, config, Run(tmp_path))
    assert "--resume" not in str(said.value)


def test_how_many_rows_are_made_up_is_no_matter_of_classifiers() -> None:
    with pytest.raises(DigitsError, match=r"^--samples: is of rows and pages; --arch cnn3 learns"):
        lifecycle.begin({"arch": "cnn3", "dataset": "uci", "samples": 100}, None)


@pytest.mark.parametrize("arch", ["rows", "finder", "lines"])
@pytest.mark.parametrize(
    ("name", "value"),
    [("patience", 3), ("on_nan", "lower"), ("teacher", "cnn3"), ("ensemble", 2),
     ("augment", "light"), ("compile", "on"), ("label_smoothing", 0.0)],
)  # fmt: skip
def test_a_setting_of_classifiers_is_refused(arch: str, name: str, value: object) -> None:
    with pytest.raises(DigitsError, match=f"^--{name}: is of classifiers; --arch {arch} has none$"):
        lifecycle.begin({"arch": arch, "dataset": "uci", name: value}, None)


@pytest.mark.parametrize("resume", [False, True])
def test_processes_that_each_would_train_the_whole_are_refused(
    resume: bool, run_folder: Path
) -> None:
    config = TrainConfig.make({"arch": "rows", "dataset": "uci"})
    checkpoint.write_json(run_folder / "config.json", config.as_dict())
    given, of = {"arch": "rows", "dataset": "uci"}, str(run_folder) if resume else None
    with pytest.raises(DigitsError, match="trained by one process; leave out torchrun"):
        lifecycle.prepare(given, None, of, None, None, Ranks(1, 2))
    assert not (run_folder / "runs").exists()


def test_a_preset_whose_last_epoch_chooses_is_refused_by_several_processes(
    run_folder: Path,
) -> None:
    given = {"dataset": "uci"}
    with pytest.raises(DigitsError, match="leave out torchrun, or take --arch fast"):
        lifecycle.prepare(given, "fast", None, None, None, Ranks(1, 2))
    assert not (run_folder / "runs").exists()


def test_init_begins_with_the_weights_of_a_row_model(
    uci: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = archs.create("rows", len(ROW_CLASSES) + 1)
    content = checkpoint.pack("rows", old, classes=(*ROW_CLASSES, BLANK), input_shape=ROW_SHAPE)
    checkpoint.save(tmp_path / "old.pth", content)

    def fit(model: nn.Module, *_: object) -> Outcome:
        for name, value in old.state_dict().items():
            assert torch.equal(value, model.state_dict()[name]), name
        return Outcome({}, 0, [], 0.0, 0.0, 0, True)

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


def test_no_character_lies_deep_in_its_neighbour_however_uneven_the_gaps() -> None:
    """Two bars, 100 pixels high and 40 wide, of which one would lie in the other."""
    bar = np.full((100, 40), 255, np.uint8)
    widths = [
        row_ink.beside([(bar, 0.0)] * 2, -30.0, 100.0, 0.0, np.random.default_rng(k), 0.5).shape[1]
        for k in range(30)
    ]
    assert min(widths) >= 80 - 15 - 1 and max(widths) > 80
