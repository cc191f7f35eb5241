"""What a model looked at: maps over a tile that say what speaks for its answer.

Occlusion needs nothing but answers, so it works for every artefact. Grad-CAM and integrated
gradients need gradients, so a checkpoint, and Captum.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from digits import checkpoint
from digits.classifier import Classifier
from digits.evaluation.measure import Measurement
from digits.evaluation.style import figure
from digits.extras import required
from digits.occlusion import drops
from digits.spec import TILE_SIZE

if TYPE_CHECKING:
    from torch import nn

SHOWN = 6  # errors, and as many right answers of the least sure
STEPS = 50  # of the integral


def occlusion(model: Classifier, tile: np.ndarray, target: int) -> np.ndarray:
    """How much the probability of class `target` falls where a square of the tile (28, 28) uint8 is
    blanked: (28, 28)."""
    return drops(lambda tiles: model.predict_proba(tiles)[:, target], tile)


def grad_cam(network: "nn.Module", tile: np.ndarray, target: int) -> np.ndarray | None:
    """Grad-CAM (Selvaraju et al. 2017) at the last convolution: (28, 28), at least 0. None for a
    network without one."""
    from torch import nn

    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    if not layers:
        return None
    attribution = _captum().LayerGradCam(network, layers[-1])
    small = attribution.attribute(_input(tile), target, relu_attributions=True)
    large = nn.functional.interpolate(small, (TILE_SIZE, TILE_SIZE), mode="bilinear")
    return large.detach().numpy()[0, 0]


def integrated_gradients(network: "nn.Module", tile: np.ndarray, target: int) -> np.ndarray:
    """Integrated gradients (Sundararajan et al. 2017) from empty paper: (28, 28), which sum to the
    difference in the class's logit."""
    method = _captum().IntegratedGradients(network)
    result = method.attribute(_input(tile), target=target, n_steps=STEPS)
    return result.detach().numpy()[0, 0]


def _input(tile: np.ndarray) -> Any:
    import torch

    return torch.from_numpy(tile[None, None].astype(np.float32)).requires_grad_()


def _captum() -> Any:
    return required("captum", "--explain of a checkpoint", "or name an .onnx model").attr


def check(model: Classifier) -> None:
    """Say of an artefact that only occlusion can be drawn.

    Raises:
        DigitsError: it is a checkpoint, and Captum is not installed.
    """
    if model.path.suffix == ".pth":
        _captum()
    else:
        print(
            f"--explain: {model.path.name} has no gradients: occlusion alone; its checkpoint "
            "(.pth) gives Grad-CAM and integrated gradients too",
            file=sys.stderr,
        )


def maps(test: Measurement) -> tuple[np.ndarray, dict[str, list[np.ndarray]]]:
    """Indices (M,) of the surest errors and the least sure right answers, and by method a map
    (28, 28) for each, of what speaks for the answer given."""
    sure = np.argsort(-test.confidence, kind="stable")
    wrong, right = sure[~test.right[sure]], sure[::-1][test.right[sure[::-1]]]
    chosen = np.concatenate([wrong[:SHOWN], right[:SHOWN]])
    pairs = [(test.images[i, 0], int(test.predicted[i])) for i in chosen]
    found = {"occlusion": [occlusion(test.model, *pair) for pair in pairs]}
    if test.model.path.suffix == ".pth":
        network = checkpoint.build(checkpoint.load(test.model.path))
        cams = [grad_cam(network, *pair) for pair in pairs]
        if all(cam is not None for cam in cams):
            found["Grad-CAM"] = [cam for cam in cams if cam is not None]
        found["integrated\ngradients"] = [integrated_gradients(network, *pair) for pair in pairs]
    return chosen, found


def draw(path: Path, test: Measurement) -> Path:
    """A line of tiles, and below it a line of maps a method; orange speaks for the answer,
    purple against it."""
    chosen, found = maps(test)
    classes = test.model.classes
    with figure(path, 1 + len(found), 1, (10, 0.8 * (1 + len(found)) + 0.3)) as axes:
        tiles = _line([255.0 - test.images[i, 0] for i in chosen], 255)
        axes[0][0].imshow(tiles, cmap="gray", vmin=0, vmax=255)
        words = [
            f"{classes[test.predicted[i]]}" + ("" if test.right[i] else f" (is {classes[k]})")
            for i, k in zip(chosen, test.labels[chosen], strict=True)
        ]
        middles = [(TILE_SIZE + 4) * i + TILE_SIZE / 2 for i in range(len(chosen))]
        axes[0][0].set_xticks(middles, words)
        axes[0][0].xaxis.tick_top()
        for axis, values in zip(axes[1:, 0], found.values(), strict=True):
            scaled = [value / max(np.abs(value).max(), 1e-9) for value in values]
            axis.imshow(_line(scaled, 0), cmap="PuOr_r", vmin=-1, vmax=1)
            axis.set_xticks([])
        for axis, name in zip(axes[:, 0], ("tile", *found), strict=True):
            axis.set_yticks([TILE_SIZE / 2], [name])
            axis.grid(visible=False)
            axis.tick_params(length=0)
            axis.spines[:].set_visible(False)
    return path


def _line(images: Sequence[np.ndarray], between: float) -> np.ndarray:
    """Images (28, 28) side by side, 4 pixels apart."""
    padded = [np.pad(image, ((0, 0), (0, 4)), constant_values=between) for image in images]
    return np.concatenate(padded, axis=1) if padded else np.full((TILE_SIZE, TILE_SIZE), between)
