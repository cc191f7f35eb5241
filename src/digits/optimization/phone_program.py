"""Answer tiles with a file for phones, by the Python package of the runtime that is on them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from digits.errors import DigitsError, reason

Run = Callable[[np.ndarray], np.ndarray]  # tiles (N, C, H, W) uint8 -> logits (N, K) float32


def load_pte(path: Path) -> Run:
    """What answers with an ExecuTorch program.

    Raises:
        DigitsError: when it answers, if the runtime cannot compute it (1.5.1 cannot `reader`).
    """
    import torch
    from executorch.runtime import Runtime

    method = Runtime.get().load_program(path).load_method("forward")

    def one(tile: np.ndarray) -> np.ndarray:
        try:
            (logits,) = method.execute([torch.from_numpy(tile)])
        except RuntimeError as error:
            why = f"{path.name}: ExecuTorch cannot compute this network ({reason(error)})"
            raise DigitsError(f"{why}; take .onnx") from None
        return logits.numpy().copy()  # its memory is that of the next answer too

    return _one_by_one(one)


def load_tflite(path: Path) -> Run:
    """What answers with a LiteRT model."""
    interpreter = interpreter_of(path)
    (takes,), (gives,) = interpreter.get_input_details(), interpreter.get_output_details()

    def one(tile: np.ndarray) -> np.ndarray:
        interpreter.set_tensor(takes["index"], tile)
        interpreter.invoke()
        return interpreter.get_tensor(gives["index"])

    return _one_by_one(one)


def interpreter_of(path: Path) -> Any:
    """LiteRT's interpreter of a model, which has its memory."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(path))
    interpreter.allocate_tensors()
    return interpreter


def _one_by_one(one: Run) -> Run:
    """Both take one tile a call."""
    return lambda tiles: np.concatenate([one(tiles[i : i + 1]) for i in range(len(tiles))])
