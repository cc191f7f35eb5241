"""Files for phones, run by their runtimes where these are installed; a line where they are not."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from digits.errors import DigitsError
from digits.optimization import phone_file
from digits.optimization.source import Source
from tests.test_optimization import content, relative_error, tiles

PACKAGES = {".pte": "executorch", ".tflite": "litert_torch"}


@pytest.mark.parametrize("suffix", PACKAGES)
def test_a_missing_package_is_one_line(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", {}.get)
    with pytest.raises(
        DigitsError, match=rf"\{suffix} needs .*pip install 'digits\[{suffix[1:]}\]'"
    ):
        phone_file.make(Source.of(content("micro")), tmp_path / f"a{suffix}", None)
    assert not list(tmp_path.iterdir())
    phone_file.require(".onnx")


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
