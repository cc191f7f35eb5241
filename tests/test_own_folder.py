"""A folder of pictures becomes a served model, by the commands that docs/own-data.md gives."""

import re
import subprocess
import sys
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest

from digits import checkpoint, classifier
from tests.conftest import Servers
from tests.pages import ROOT, command_in, typed

pytestmark = pytest.mark.slow
CORNERS = {"triangle": [-90, 30, 150], "square": [45, 135, 225, 315],
           "bow": [45, 225, 315, 135], "arrow": [90, 270, 180, 270, 0]}  # fmt: skip
SHAPES = ["circle", *CORNERS]


def commands() -> dict[str, list[str]]:
    """The flags of each command of the page's first part, in their order."""
    text = (ROOT / "docs" / "own-data.md").read_text("utf-8")
    (part,) = re.findall(r"^## From pictures to a server\n(.*?)^## ", text, re.M | re.S)
    return dict(filter(None, map(command_in, typed(part))))


def picture(shape: str, rng: np.random.Generator) -> np.ndarray:
    """A shape drawn with some pen on grey paper: (120, 160) uint8."""
    sheet = np.full((120, 160), rng.integers(210, 250), np.uint8)
    degrees = np.deg2rad(np.array(CORNERS.get(shape, [*range(0, 360, 20)])) + rng.normal(0, 6))
    corners = np.stack([np.cos(degrees), np.sin(degrees)], axis=1) * rng.uniform(22, 40, 2)
    corners += rng.normal([80, 60], 1.5, corners.shape)
    pen = int(rng.integers(3, 7))
    points = [corners.round().astype(np.int32)]
    cv2.polylines(sheet, points, shape != "arrow", int(rng.integers(60)), pen, cv2.LINE_AA)
    return sheet


def draw(folder: Path, count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for shape in SHAPES:
        (folder / shape).mkdir(parents=True)
        for i in range(count):
            cv2.imwrite(str(folder / shape / f"{i}.png"), picture(shape, rng))


def run(name: str, flags: list[str]) -> str:
    """What a command says on standard output, started as the page does."""
    command = [sys.executable, str(ROOT / "src" / f"{name}.py"), *flags]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_a_folder_of_shapes_is_learned_measured_made_small_read_and_served(
    run_folder: Path, serve: Servers
) -> None:
    draw(Path("my_folder"), 40, seed=0)
    draw(Path("photos"), 4, seed=1)
    flags = commands()
    assert [*flags] == ["train", "evaluate", "optimize", "predict", "serve"]
    run("train", flags["train"])
    whole, small = (Path(flags[name][flags[name].index("--model") + 1])
                    for name in ("optimize", "predict"))  # fmt: skip
    content = checkpoint.load(whole)
    assert sorted(content["classes"]) == sorted(SHAPES)

    measured = run("evaluate", flags["evaluate"])
    (accuracy,) = re.findall(r"^accuracy +([\d.]+)%", measured, re.M)
    assert float(accuracy) > 90 and all(f"\n{shape} " in measured for shape in SHAPES)

    assert f"{whole} -> {small}" in run("optimize", flags["optimize"])
    assert small.stat().st_size < whole.stat().st_size / 2
    assert classifier.load(small).classes == tuple(content["classes"])

    lines = run("predict", flags["predict"]).splitlines()
    answers = dict(re.fullmatch(r"photos/(\w+/\d\.png): (\w+).*", line).groups() for line in lines)
    right = sum(name.startswith(f"{answer}/") for name, answer in answers.items())
    assert len(answers) == 4 * len(SHAPES) and right >= len(answers) - 2, lines

    address = serve(*flags["serve"])
    for shape in SHAPES:
        body = Path("photos", shape, "0.png").read_bytes()
        response = httpx.post(f"{address}/v1/predict", content=body,
                              headers={"content-type": "image/png"}, timeout=60)  # fmt: skip
        assert response.json()["text"] == answers[f"{shape}/0.png"]
