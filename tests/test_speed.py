"""Races: one thread for one tile, n for batches, of every kind of model; and an end to the slow."""

import time
from pathlib import Path

import numpy as np
import pytest
import torch

from digits import classifier, speed, threads
from digits.onnx_runtime import onnxruntime
from digits.spec import pretrained_dir

TILES = np.zeros((40, 1, 28, 28), np.uint8)


def test_one_tile_is_computed_by_one_thread_and_a_batch_by_those_of_pytorch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    computed: list[tuple[int, int, int]] = []  # tiles, threads of ONNX Runtime, of PyTorch

    class Spy(onnxruntime.InferenceSession):  # type: ignore[misc]
        def run(self, names: None, given: dict[str, np.ndarray]) -> list[np.ndarray]:
            count = self.get_session_options().intra_op_num_threads
            computed.append((len(*given.values()), count, torch.get_num_threads()))
            return super().run(names, given)

    monkeypatch.setattr(onnxruntime, "InferenceSession", Spy)
    before = torch.get_num_threads(), threads.of_onnx
    torch.set_num_threads(2)
    try:
        model = classifier.load(pretrained_dir() / "micro.onnx")
        computed.clear()
        (found,) = speed.race([model], TILES)
    finally:
        torch.set_num_threads(before[0])
    assert {one[1:] for one in computed if one[0] == 1} == {(1, 1)}
    assert {one[1:] for one in computed if one[0] > 1} == {(2, 2)}
    assert found.threads == 2 and found.batch == 40 and threads.of_onnx == before[1]


@pytest.mark.slow
def test_a_slow_model_takes_fewer_turns_and_smaller_batches() -> None:
    seen = {"slow": 0, "fast": 0}

    def slow(tiles: np.ndarray) -> np.ndarray:
        seen["slow"] += len(tiles)
        time.sleep(0.02 * len(tiles))
        return tiles

    def fast(tiles: np.ndarray) -> np.ndarray:
        seen["fast"] += len(tiles)
        return tiles

    of_slow, of_fast = speed.race([slow, fast], TILES, budget_s=0.6)
    assert of_slow.median_ms >= 20 and 1 <= of_slow.batch <= 5 and of_fast.batch == 40
    assert 10 < of_slow.tiles_per_s <= 50
    assert seen["slow"] < 70 and seen["fast"] > speed.ROUNDS * speed.CALLS


def test_a_damaged_onnx_file_is_still_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_bytes(b"damaged")
    with pytest.raises(classifier.DigitsError, match="damaged"):
        classifier.load(tmp_path / "a.onnx")
