"""The API: the same answers as the command's, its limits, and what it says when it refuses."""

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from digits.__main__ import main
from tests.conftest import Servers

ROOT = Path(__file__).parents[1]
PICTURES = sorted(p for p in (ROOT / "test_images").iterdir() if p.suffix in (".png", ".jpg"))
PNG = {"content-type": "image/png"}


@pytest.fixture(scope="module")
def client(serve: Servers) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=serve("--model", "reader", "--model", "tiny"), timeout=60) as client:
        yield client


def without_seconds(answer: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in answer.items() if key != "seconds"}


def small() -> bytes:
    return (ROOT / "test_images" / "small.png").read_bytes()


@pytest.fixture(scope="module")
def printed() -> dict[str, Any]:
    """What `digits predict --json` prints, by picture."""
    import contextlib

    text = io.StringIO()
    model = ["--model", "reader", "--json", "--top_k", "3"]
    with contextlib.redirect_stdout(text):
        main(["predict", "--image", *map(str, PICTURES), *model])
    answers = [json.loads(line) for line in text.getvalue().splitlines()]
    return {answer["image"]: without_seconds(answer) for answer in answers}


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_the_answer_is_that_of_the_command(
    path: Path, client: httpx.Client, printed: dict[str, Any]
) -> None:
    data = path.read_bytes()
    wanted = printed[str(path)]
    form = client.post("/v1/predict?top_k=3", files={"image": (str(path), data)})
    raw = client.post(f"/v1/predict?top_k=3&name={path}", content=data, headers=PNG)
    text = base64.b64encode(data).decode()
    images = {"images": [{"data": text, "name": str(path)}]}
    for response in (form, raw, client.post("/v1/predict?top_k=3", json=images)):
        assert response.status_code == 200 and without_seconds(response.json()) == wanted


def test_several_pictures(client: httpx.Client, printed: dict[str, Any]) -> None:
    files = [("image", (str(path), path.read_bytes())) for path in PICTURES[:16]]
    answers = client.post("/v1/predict?top_k=3", files=files).json()["answers"]
    assert [without_seconds(a) for a in answers] == [printed[str(p)] for p in PICTURES[:16]]
