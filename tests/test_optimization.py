"""Artefacts of every registered architecture answer as PyTorch does, at a quarter of the size."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from digits import archs, checkpoint, classifier, programs
from digits.errors import DigitsError
from digits.optimization import artefact, parity
from digits.optimization.fold import fold_batch_norm
from digits.optimization.program import program_bytes
from digits.spec import CLASSES

NORMALISED = ["improved", "cnn5", "cnn6", "best", "tiny"]


def tiles(count: int, seed: int = 0) -> torch.Tensor:
    """Blots, bright on black, that differ enough for the logits to differ."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, 1, 7, 7, generator=generator).gt(0.6).float()
    return (torch.nn.functional.interpolate(coarse, (28, 28), mode="bilinear") * 255).byte()


def lively(arch: str) -> torch.nn.Module:
    """A fresh model whose batch norms have statistics as after training, not 0 and 1."""
    torch.manual_seed(0)
    model = archs.create(arch)
    with torch.no_grad():
        for layer in model.modules():
            if isinstance(layer, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
                layer.momentum = None  # the average of all batches
        for seed in range(3):
            model(tiles(128, seed))
    return model.eval()


def content(arch: str) -> dict:
    return checkpoint.pack(
        arch, lively(arch), temperature=1.5, thresholds={"read": 0.9}, config={"dataset": "uci"}
    )


def logits(data: bytes, path: Path, batch: torch.Tensor) -> np.ndarray:
    path.write_bytes(data)
    return classifier.load(path)(batch.numpy())


def expected(packed: dict, batch: torch.Tensor) -> np.ndarray:
    with torch.no_grad():
        return checkpoint.build(packed)(batch).numpy()


def relative_error(found: np.ndarray, oracle: np.ndarray) -> float:
    """Root mean square of the error, against the spread of the logits of one class."""
    return float(np.sqrt(((found - oracle) ** 2).mean()) / oracle.std(axis=0).mean())


@pytest.mark.slow
@pytest.mark.parametrize("arch", NORMALISED)
def test_folding_batch_norm_changes_no_logits(arch: str) -> None:
    model = lively(arch)
    folded = fold_batch_norm(model)
    assert not [m for m in folded.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm)]
    with torch.no_grad():
        torch.testing.assert_close(folded(tiles(9)), model(tiles(9)), rtol=1e-4, atol=1e-4)


ARCHS = [
    name if name == "tiny" else pytest.param(name, marks=pytest.mark.slow) for name in archs.names()
]


@pytest.mark.slow
@pytest.mark.parametrize("arch", ARCHS)
def test_onnx_answers_as_pytorch_does(arch: str, tmp_path: Path) -> None:
    packed = content(arch)
    oracle = expected(packed, tiles(70, seed=9))
    plain = logits(artefact.build(packed, ".onnx"), tmp_path / "a.onnx", tiles(70, seed=9))
    np.testing.assert_allclose(plain, oracle, rtol=1e-3, atol=1e-3)
    small = logits(
        artefact.build(packed, ".onnx", tiles(128)), tmp_path / "a.onnx", tiles(70, seed=9)
    )
    assert relative_error(small, oracle) < 0.15


@pytest.mark.slow
@pytest.mark.parametrize("arch", ["improved", "cnn3"])
def test_program_answers_as_pytorch_does(arch: str, tmp_path: Path) -> None:
    packed = content(arch)
    oracle = expected(packed, tiles(70, seed=9))
    plain = logits(artefact.build(packed, ".pt2"), tmp_path / "a.pt2", tiles(70, seed=9))
    np.testing.assert_allclose(plain, oracle, rtol=1e-3, atol=1e-3)
    small = logits(artefact.build(packed, ".pt", tiles(128)), tmp_path / "a.pt", tiles(70, seed=9))
    assert relative_error(small, oracle) < 0.15


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".onnx", ".pt2"])
@pytest.mark.parametrize("arch", ["improved", "cnn3"])
def test_int8_is_small_takes_any_batch_and_knows_what_it_is(
    arch: str, suffix: str, tmp_path: Path
) -> None:
    packed = content(arch)
    checkpoint.save(tmp_path / "a.pth", packed)
    path = tmp_path / f"a{suffix}"
    path.write_bytes(artefact.build(packed, suffix, tiles(128)))
    assert path.stat().st_size <= 0.3 * (tmp_path / "a.pth").stat().st_size

    model = classifier.load(path)
    assert (model.classes, model.temperature, model.thresholds) == (CLASSES, 1.5, {"read": 0.9})
    assert model.card["arch"] == arch and model.card["config"] == {"dataset": "uci"}

    together = model(tiles(33).numpy())
    apart = np.concatenate([model(tile[None]) for tile in tiles(33).numpy()])
    # Not equal: sums in another order now and then round to the neighbouring level.
    assert relative_error(together, apart) < 0.02


@pytest.mark.slow
def test_an_int8_program_run_eagerly_gives_the_same_logits() -> None:
    module = torch.export.load(io.BytesIO(program_bytes(lively("cnn3"), {}, tiles(64)))).module()
    with torch.no_grad():
        before = module(tiles(50, seed=9))
        programs.run_eagerly(module)
        torch.testing.assert_close(module(tiles(50, seed=9)), before, rtol=0, atol=0)
    assert not [n for n in module.graph.nodes if "quantized_decomposed" in str(n.target)]


@pytest.mark.slow
def test_no_float_weights_stay_in_an_int8_program() -> None:
    data = program_bytes(lively("cnn3"), {}, tiles(64))
    weights = torch.export.load(io.BytesIO(data)).state_dict.values()
    assert {w.dtype for w in weights if w.ndim > 1} == {torch.int8}


def test_calibration_tiles_are_spread_over_the_training_set() -> None:
    everything = torch.arange(5000).view(-1, 1, 1, 1)
    chosen = artefact.calibration_tiles(everything).flatten()
    assert len(chosen) == artefact.CALIBRATION_TILES and chosen.max() > 4500
    assert len(artefact.calibration_tiles(everything[:100])) == 100
    assert artefact.calibration_tiles(everything[:1023]).max() > 1000


def knows(path: Path, wrong: int) -> classifier.Classifier:
    """A classifier of tiles whose first pixel is the label; it gets the first `wrong` wrong."""

    def forward(batch: np.ndarray) -> np.ndarray:
        labels, numbers = batch[:, 0, 0, 0].astype(int), batch[:, 0, 0, 1]
        return np.eye(10)[np.where(numbers < wrong, (labels + 1) % 10, labels)]

    path.write_bytes(b"x" * 1000)
    return classifier.Classifier(forward, path)


def test_compare_measures_both(tmp_path: Path) -> None:
    labels = np.arange(200) % 10
    batch = np.zeros((200, 1, 28, 28), np.uint8)
    batch[:, 0, 0, 0], batch[:, 0, 0, 1] = labels, np.arange(200)
    before, after = parity.compare(
        [knows(tmp_path / "a.pth", 0), knows(tmp_path / "b.onnx", 5)], batch, labels
    )
    assert (before.accuracy, after.accuracy) == (1.0, 0.975)
    assert before.size_bytes == after.size_bytes == 1000
    low, high = after.speed.range_ms
    assert 0 < low <= after.speed.median_ms <= high and after.speed.tiles_per_s > 0
    printed = parity.table(before, after)
    assert "97.50%" in printed and "-2.50 pt" in printed and "100%" in printed
    parity.require_accuracy(before, after, max_drop=2.5)
    with pytest.raises(DigitsError, match=r"2\.50 points.*--max_drop 2\.5"):
        parity.require_accuracy(before, after, max_drop=2.4)


def figures(logits: np.ndarray, median_ms: float = 1.0, tiles_per_s: float = 1e4) -> parity.Figures:
    speed = parity.Speed(median_ms, (median_ms, median_ms), tiles_per_s)
    return parity.Figures(".pt", 1, 0.9, speed, logits)


def test_other_answers_of_equal_accuracy_are_refused_and_named() -> None:
    logits = np.eye(10)[np.arange(1000) % 10] * 5
    other = logits.copy()
    other[[3, 70]] = np.roll(other[[3, 70]], 1, axis=1)
    before, after, usual = figures(logits), figures(other), parity.MAX_DROP
    with pytest.raises(DigitsError, match=r"2 of 1,000 test tiles .*: 3, 70: .*--max_drop 0\.3"):
        parity.require_answers(before, after, usual, error=1)
    parity.require_answers(before, after, 0.3, error=1)  # one who allows more gets more
    worse = replace(after, accuracy=0.89)
    with pytest.raises(DigitsError, match=r"falls by 1\.00 points.*another label: 3, 70\)"):
        parity.require_accuracy(before, worse, usual)
    other[3] = logits[3]
    parity.require_answers(before, figures(other), usual, error=1)  # one in a thousand
    close = figures(logits * 1.01)
    parity.require_answers(before, close, max_drop=0, error=1)
    with pytest.raises(DigitsError, match=r"probability is off by 0\.0"):
        parity.require_answers(before, close, max_drop=0, error=1e-4)


def test_int8_programs_are_held_to_both_speeds() -> None:
    before = figures(np.eye(10))
    parity.require_speed(before, figures(np.eye(10), 0.3, 8.1e4))
    for slow in (figures(np.eye(10), 0.4, 8.1e4), figures(np.eye(10), 0.3, 7.9e4)):
        with pytest.raises(DigitsError, match=r"not 3 and 8.*--any_speed"):
            parity.require_speed(before, slow)


def test_staged_file_appears_only_when_all_went_well(tmp_path: Path) -> None:
    path = tmp_path / "new" / "model.onnx"
    with pytest.raises(DigitsError), artefact.staged(path) as trial:
        assert trial.parent == path.parent and trial.suffix == ".onnx"
        trial.write_bytes(b"bad")
        raise DigitsError("worse")
    assert not list(path.parent.iterdir())
    with artefact.staged(path) as trial:
        trial.write_bytes(b"good")
    with pytest.raises(DigitsError, match="not saved"), artefact.staged(path) as trial:
        raise OSError(28, "No space left on device")
    assert [p.name for p in path.parent.iterdir()] == ["model.onnx"]
    assert path.read_bytes() == b"good"


def test_several_staged_files_are_renamed_when_all_are_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [tmp_path / "a.onnx", tmp_path / "b.c"]
    flushed: list[Path] = []

    def flush(trial: Path) -> None:
        assert not any(path.exists() for path in paths)
        flushed.append(trial)
        if len(flushed) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(artefact, "_flush", flush)
    said = r"b\.c: not saved: No space"
    with pytest.raises(DigitsError, match=said), artefact.staged_together(paths):
        pass
    assert len(flushed) == 2 and not list(tmp_path.iterdir())
    monkeypatch.undo()
    paths[1].mkdir()
    said = r"b\.c: not saved: Is a directory"
    with pytest.raises(DigitsError, match=said), artefact.staged_together(paths):
        pass
    assert list(tmp_path.iterdir()) == [paths[1]]
