"""Training of the row model: a run that was broken off ends as one that was not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from digits import checkpoint
from digits.errors import DigitsError
from digits.training.config import TrainConfig
from digits.training.strings import Sample, build, train
from digits.vision.row_image import ROW_IMAGE_HEIGHT

CONFIG = TrainConfig(arch="strings", epochs=2, batch_size=4, learning_rate=1e-3, average=0.9)


@pytest.fixture
def some() -> list[Sample]:
    rng = np.random.default_rng(0)
    widths = rng.integers(16, 33, 12) * 2
    return [(rng.integers(0, 256, (ROW_IMAGE_HEIGHT, w)).astype(np.uint8), "47") for w in widths]


def weights(model: torch.nn.Module) -> torch.Tensor:
    return torch.cat([value.flatten().float() for value in model.state_dict().values()])


def fresh() -> torch.nn.Module:
    torch.manual_seed(3)
    return build()


def test_a_run_goes_on_where_it_broke_off(
    some: list[Sample], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = train(fresh(), some, CONFIG, tmp_path / "whole.state")
    kept, save = tmp_path / "broken.state", checkpoint.save

    def save_and_stop(path: Path, content: dict[str, object]) -> None:
        save(path, content)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(checkpoint, "save", save_and_stop)
        with pytest.raises(KeyboardInterrupt):
            train(fresh(), some, CONFIG, kept)
    resumed = train(fresh(), some, CONFIG, kept)
    assert torch.equal(weights(resumed), weights(whole))
    with pytest.raises(DigitsError, match="other settings"):
        train(fresh(), some, replace(CONFIG, epochs=3), kept)


def test_logits_for_every_second_column(some: list[Sample]) -> None:
    strip = torch.from_numpy(some[0][0])[None, None]
    logits = fresh().eval()(strip)
    assert logits.shape == (1, strip.shape[-1] // 2, 11)
