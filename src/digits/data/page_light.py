"""The paper of a page, what it lies on, how light falls on it, and how a camera sees it."""

import cv2
import numpy as np
from numpy.random import Generator


def light(side: int, rng: Generator) -> np.ndarray:
    """How light falls on the page (S, S) float32, about 1: a slope, a lamp, a shadow's edge."""
    across, down = np.linspace(-0.5, 0.5, side), np.linspace(-0.5, 0.5, side)[:, None]
    made = 1 + rng.normal(0, 0.15) * across + rng.normal(0, 0.15) * down
    if rng.random() < 0.2:
        x, y = rng.uniform(-0.4, 0.4, 2)
        made = made * np.exp(-rng.uniform(0, 2) * ((across - x) ** 2 + (down - y) ** 2))
    if rng.random() < 0.2:
        angle = rng.uniform(0, 2 * np.pi)
        beyond = (np.cos(angle) * across + np.sin(angle) * down) > rng.uniform(-0.3, 0.3)
        shade = cv2.GaussianBlur(beyond.astype(np.float32), (0, 0), rng.uniform(0.5, 12))
        made = made * (1 - rng.uniform(0.1, 0.6) * shade)
    return np.asarray(made, np.float32)


def paper(side: int, rng: Generator) -> np.ndarray:
    """The paper's brightness (S, S) float32: even, clouded or crumpled."""
    made = np.full((side, side), rng.uniform(110, 250), np.float32)
    if rng.random() < 0.3:
        made += clouds(side, int(rng.integers(3, 40)), rng) * rng.uniform(2, 18)
    return made


def table(side: int, rng: Generator) -> np.ndarray:
    """What the sheet lies on (S, S) float32: darker or lighter, with grain of wood or cloth, or
    among other things."""
    if rng.random() < 0.3:
        return scenery(side, rng)
    made = np.full((side, side), rng.uniform(10, 230), np.float32)
    made += clouds(side, int(rng.integers(3, 120)), rng) * rng.uniform(0, 30)
    if rng.random() < 0.4:
        grain = cv2.resize(
            rng.normal(0, 1, (side // 4, 4)).astype(np.float32), (side, side),
            interpolation=cv2.INTER_CUBIC,
        )  # fmt: skip
        made += (grain if rng.random() < 0.5 else grain.T) * rng.uniform(3, 25)
    return np.clip(made, 0, 255)


def scenery(side: int, rng: Generator) -> np.ndarray:
    """Things that hide one another (S, S) float32, of sizes by a power law, as in photographs: the
    dead leaves of Lee, Mumford and Huang 2001, "Occlusion models for natural images"."""
    made = np.full((side, side), rng.uniform(0, 255), np.float32)
    count, least = int(np.exp(rng.uniform(np.log(8), np.log(300)))), rng.uniform(3, 20)
    sizes = np.minimum(least / np.sqrt(rng.uniform(1e-3, 1, count)), side)
    for size, (x, y) in zip(sizes, rng.uniform(0, side, (count, 2)), strict=True):
        corners = int(rng.choice([3, 4, 4, 5, 7, 40]))
        angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
        if corners == 40:
            angles = np.linspace(0, 2 * np.pi, corners)
        shape = np.stack([np.cos(angles), np.sin(angles) * rng.uniform(0.2, 1)], axis=1)
        turn = rng.uniform(0, np.pi)
        turned = shape @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        points = np.round((turned * size + (x, y)) * 16).astype(np.int32)
        cv2.fillPoly(made, [points], rng.uniform(0, 255), cv2.LINE_AA, 4)
    soft = cv2.GaussianBlur(made, (0, 0), float(np.exp(rng.uniform(np.log(0.4), np.log(4)))))
    return np.asarray(soft + clouds(side, int(rng.integers(3, 120)), rng) * rng.uniform(0, 15))


def clouds(side: int, coarse: int, rng: Generator) -> np.ndarray:
    """Smooth noise (S, S) float32 of deviation 1, about `coarse` bumps across."""
    noise = rng.normal(0, 1, (coarse, coarse)).astype(np.float32)
    return np.asarray(cv2.resize(noise, (side, side), interpolation=cv2.INTER_CUBIC))


def on_screen(grey: np.ndarray, rng: Generator) -> np.ndarray:
    """A picture as a program shows it: dark on a light ground or light on dark, without grain."""
    ground, ink = rng.uniform(0, 1, 2) ** 3 * 0.4
    grey = 255 * ink + grey * (1 - ground - ink)
    made = np.clip(255 - grey if rng.random() < 0.3 else grey, 0, 255)
    return made.astype(np.uint8)


def seen(grey: np.ndarray, rng: Generator) -> np.ndarray:
    """A picture as a camera or scanner takes it: inverted, blurred, grainy, JPEG, at times."""
    if rng.random() < 0.12:
        grey = 255 - grey
    if rng.random() < 0.7:
        grey = cv2.GaussianBlur(grey, (0, 0), float(np.exp(rng.uniform(np.log(0.3), np.log(1.6)))))
    grey = grey + rng.normal(0, np.exp(rng.uniform(np.log(0.3), np.log(8))), grey.shape)
    made = np.clip(grey, 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 95))]
        made = cv2.imdecode(cv2.imencode(".jpg", made, quality)[1], cv2.IMREAD_GRAYSCALE)
    return np.asarray(made)
