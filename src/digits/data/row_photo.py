"""How a crop is photographed: paper, light, patterns, blur, grain, JPEG."""

import cv2
import numpy as np
from numpy.random import Generator


def darkness(rng: Generator) -> float:
    """How much of the paper's light ink takes: pencil little, a pen most of it."""
    return float(rng.uniform(0.35, 0.92) if rng.random() < 0.75 else rng.uniform(0.1, 0.35))


def photographed(layers: list[tuple[np.ndarray, float]], rng: Generator) -> np.ndarray:
    """The grey crop (h, w) uint8 of layers of ink, each with its darkness, at some resolution."""
    full = layers[0][0].shape
    scale = rng.uniform(0.3, 0.75) if rng.random() < 0.7 else rng.uniform(0.75, 1.0)
    size = (max(8, round(full[1] * scale)), max(8, round(full[0] * scale)))
    height, width = size[1], size[0]
    light = rng.uniform(90, 245)
    grey = np.full((height, width), light, np.float32)
    if rng.random() < 0.35:
        grey += _pattern(height, width, scale, rng) * rng.uniform(0.2, 1.0)
    across, down = np.linspace(-0.5, 0.5, width), np.linspace(-0.5, 0.5, height)[:, None]
    grey *= 1 + rng.normal(0, 0.12) * across + rng.normal(0, 0.08) * down
    if rng.random() < 0.1:  # the edge of a shadow or of a table
        edge = rng.uniform(0.6, 0.95) if rng.random() < 0.5 else rng.uniform(0.05, 0.3)
        grey[:, int(edge * width) :] *= rng.uniform(0.5, 1.2)
    for ink, dark in layers:
        grey *= 1 - dark * cv2.resize(ink, size, interpolation=cv2.INTER_AREA) / np.float32(255)
    if rng.random() < 0.8:
        grey = cv2.GaussianBlur(grey, (0, 0), np.exp(rng.uniform(np.log(0.3), np.log(1.3))))
    grain = np.exp(rng.uniform(np.log(0.5), np.log(7)))
    grey += np.asarray(rng.normal(0, grain, grey.shape), np.float32)
    grey = np.clip(grey, 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 95))]
        grey = np.asarray(
            cv2.imdecode(cv2.imencode(".jpg", grey, quality)[1], cv2.IMREAD_GRAYSCALE)
        )
    return grey


def _pattern(height: int, width: int, scale: float, rng: Generator) -> np.ndarray:
    """Wavy lines, hatching or dots of safety paper: (height, width) grey levels below 0."""
    y, x = np.mgrid[:height, :width].astype(np.float32) / np.float32(scale)
    drawn = np.zeros((height, width), np.float32)
    for _ in range(int(rng.integers(1, 4))):
        angle, period = rng.uniform(0, np.pi), rng.uniform(5, 16)
        c, s = np.cos(angle), np.sin(angle)
        wave = rng.uniform(0, 6) * np.sin((x * s - y * c) / rng.uniform(8, 50))
        phase = (x * c + y * s + wave) * (2 * np.pi / period)
        drawn -= (np.sin(phase) > rng.uniform(0.2, 0.8)) * rng.uniform(8, 45)
    if rng.random() < 0.25:
        drawn -= (rng.random((height, width)) < 0.15) * rng.uniform(10, 40)
    return drawn
