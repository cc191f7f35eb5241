"""Pruning takes channels out and nothing else; training wins back what rounding costs."""

from pathlib import Path

import numpy as np
import pytest
import torch

from digits import checkpoint, classifier
from digits.__main__ import main
from digits.data import Dataset
from digits.errors import DigitsError
from digits.optimization import refine
from digits.optimization.chain import Grid
from digits.optimization.program import program_bytes
from digits.optimization.source import Source
from tests.test_integer import calibrated
from tests.test_optimization import content, tiles


@pytest.mark.slow
@pytest.mark.parametrize("arch", ["tiny", "fast", "cnn3", "improved", "best"])
def test_channels_that_are_zero_are_taken_out_and_no_logit_changes(arch: str) -> None:
    chain = calibrated(arch)
    whole = sum(p.numel() for p in chain.parameters())
    with torch.no_grad():
        for link in chain.links:  # the same places in all, as residuals add them
            link.weight[1::2], link.bias[1::2] = 0.0, 0.0
        expected = chain(tiles(30))
        refine.prune(chain, 0.5)

        torch.testing.assert_close(chain(tiles(30)), expected, rtol=1e-4, atol=1e-4)
    assert sum(p.numel() for p in chain.parameters()) < 0.55 * whole


@pytest.mark.slow
def test_what_rounding_costs_is_trained_back_and_said(
    uci: Dataset, capsys: pytest.CaptureFixture
) -> None:
    torch.manual_seed(0)
    source = Source.of(content("cnn2"))
    source = refine.refined(source, uci, uci.train.images[:256], 0, 0, None, 0.0)
    assert "not trained" in capsys.readouterr().err and not source.changes
    # So coarse that nearly all is lost; the network's own answers, though untrained, are learned.
    chain, grid = source.chain(), Grid(2)
    chain.calibrate(uci.train.images[:256])

    def far_off() -> float:
        with torch.no_grad():
            wanted = source.model(uci.validation.images).softmax(dim=1)
            given = chain.simulated(uci.validation.images, grid).softmax(dim=1)
            return float((given - wanted).abs().mean())

    before = far_off()
    refine.train(chain, source.model, uci.train, uci.train.images[:256], 2, grid, "none", 1e-3)
    assert far_off() < 0.5 * before
    assert "epoch 2 of 2" in capsys.readouterr().err


def test_a_model_that_is_no_chain_is_refused(uci: Dataset) -> None:
    packed = {**content("fast"), "arch": "ensemble", "arch_args": {"member": "fast", "count": 1}}
    weights = packed["state_dict"].items()
    packed["state_dict"] = {f"members.0.{name}": value for name, value in weights}
    with pytest.raises(DigitsError, match=r"Ensemble.*--prune"):
        refine.refined(Source.of(packed), uci, uci.train.images[:9], 0.5, 0, None, 0.0)


@pytest.mark.slow
def test_pruned_files_are_smaller_and_say_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    checkpoint.save("a.pth", content("fast"))
    flags = ["optimize", "--model", "a.pth", "--quantize", "--max_drop", "100"]
    assert main([*flags, "--output", "whole.onnx", "--output", "whole.c"]) == 0
    flags += ["--prune", "0.5", "--finetune", "1", "--output", "half.onnx", "--output", "half.c"]
    assert main(flags) == 0
    assert (
        "50% of the channels taken out, epochs of training: 1, with 8 bits"
        in capsys.readouterr().err
    )
    assert "50% of the channels taken out" in Path("half.c").read_text("utf-8")
    assert Path("half.onnx").stat().st_size < 0.7 * Path("whole.onnx").stat().st_size
    half = classifier.load("half.onnx")
    assert half.card["metrics"]["validation"] and np.isfinite(half(tiles(3).numpy())).all()


@pytest.mark.slow
@pytest.mark.parametrize("arch", ["tiny", "best"])
def test_a_refined_network_is_a_program_too(arch: str, tmp_path: Path) -> None:
    chain, path = calibrated(arch), tmp_path / "a.pt2"
    path.write_bytes(program_bytes(chain, classifier.metadata_of(content(arch)), None))
    with torch.no_grad():
        expected = chain(tiles(20)).numpy()
    np.testing.assert_allclose(classifier.load(path)(tiles(20).numpy()), expected, 1e-3, 1e-3)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("--finetune 1", "give one of them"),
        ("--quantize --bits 4", "--bits is for .c and .html"),
        ("--half --output a.pt2", "--half is for .onnx"),
        ("--half --quantize", "not allowed with"),
        ("--benchmark --prune 0.5", "saves nothing"),
        ("--prune 1", "at most 0.95"),
    ],
)
def test_flags_that_contradict_are_wrong_usage(
    flags: str, said: str, capsys: pytest.CaptureFixture
) -> None:
    with pytest.raises(SystemExit) as exit_code:
        main(["optimize", *flags.split()])
    assert exit_code.value.code == 2 and said in capsys.readouterr().err
