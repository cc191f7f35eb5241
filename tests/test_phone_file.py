"""Files for phones, run by their runtimes where these are installed; a line where they are not."""

import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from digits.errors import DigitsError
from digits.optimization import phone_file, phone_program
from digits.optimization.source import Source
from tests.test_optimization import content, relative_error, tiles

PACKAGES = {".pte": "executorch", ".tflite": "litert_torch"}


@pytest.mark.parametrize("suffix", PACKAGES)
def test_a_missing_package_is_one_line(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", {}.get)
    with pytest.raises(DigitsError, match=rf"\{suffix} needs .*pip install '.*\[{suffix[1:]}\]'"):
        phone_file.make(Source.of(content("micro")), tmp_path / f"a{suffix}", None)
    assert not list(tmp_path.iterdir())
    phone_file.require(".onnx")


def test_a_program_that_the_runtime_cannot_compute_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ExecuTorch 1.5.1 loads the program of `reader` and fails when it is to answer."""

    def execute(_: list[object]) -> None:
        raise RuntimeError("method->execute() failed with error 0x12")

    runtime = SimpleNamespace(load_program=lambda _: runtime, load_method=lambda _: runtime,
                              execute=execute)  # fmt: skip
    package = SimpleNamespace(Runtime=SimpleNamespace(get=lambda: runtime))
    monkeypatch.setitem(sys.modules, "executorch", SimpleNamespace(runtime=package))
    monkeypatch.setitem(sys.modules, "executorch.runtime", package)
    run = phone_program.load_pte(tmp_path / "a.pte")
    with pytest.raises(DigitsError, match=r"a\.pte: ExecuTorch cannot .*0x12.*; take \.onnx"):
        run(np.zeros((1, 1, 28, 28), np.uint8))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the packages, and none of it about our code
@pytest.mark.parametrize("suffix", PACKAGES)
def test_they_answer_as_pytorch_does(suffix: str, tmp_path: Path) -> None:
    pytest.importorskip(PACKAGES[suffix])
    source, batch = Source.of(content("micro")), tiles(20, seed=9).numpy()
    oracle = source.logits(batch)
    plain = phone_file.make(source, tmp_path / f"a{suffix}", None)
    np.testing.assert_allclose(plain(batch), oracle, rtol=1e-3, atol=1e-3)
    small = phone_file.make(source, tmp_path / f"b{suffix}", tiles(64))
    assert relative_error(small(batch), oracle) < 0.15
    assert small.path.stat().st_size < plain.path.stat().st_size * 1.1
