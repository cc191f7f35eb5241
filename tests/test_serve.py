"""The API: the same answers as the command's, and its limits."""

import base64
import contextlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from digits import classifier
from digits.__main__ import main
from digits.classifier import Classifier
from digits.web import worker
from tests.conftest import Servers

ROOT = Path(__file__).parents[1]
PICTURES = sorted(p for p in (ROOT / "test_images").iterdir() if p.suffix in (".png", ".jpg"))
PNG = {"content-type": "image/png"}


def without_seconds(answer: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in answer.items() if key != "seconds"}


def small() -> bytes:
    return (ROOT / "test_images" / "small.png").read_bytes()


def wide() -> bytes:
    """A picture of more pixels than are taken."""
    file = io.BytesIO()
    Image.new("1", (30_000, 1_000)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def printed() -> dict[str, Any]:
    """What `digits predict --json` prints, by picture."""
    text = io.StringIO()
    model = ["--model", "reader", "--json", "--top_k", "3"]
    with contextlib.redirect_stdout(text):
        main(["predict", "--image", *map(str, PICTURES), *model])
    answers = [json.loads(line) for line in text.getvalue().splitlines()]
    return {answer["image"]: without_seconds(answer) for answer in answers}


@pytest.mark.slow
@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_the_answer_is_that_of_the_command(
    path: Path, online: httpx.Client, printed: dict[str, Any]
) -> None:
    data = path.read_bytes()
    wanted = printed[str(path)]
    form = online.post("/v1/predict?top_k=3", files={"image": (str(path), data)})
    raw = online.post(f"/v1/predict?top_k=3&name={path}", content=data, headers=PNG)
    text = base64.b64encode(data).decode()
    images = {"images": [{"data": text, "name": str(path)}]}
    for response in (form, raw, online.post("/v1/predict?top_k=3", json=images)):
        assert response.status_code == 200 and without_seconds(response.json()) == wanted


def test_several_pictures(online: httpx.Client, printed: dict[str, Any]) -> None:
    files = [("image", (str(path), path.read_bytes())) for path in PICTURES[:16]]
    answers = online.post("/v1/predict?top_k=3", files=files).json()["answers"]
    assert [without_seconds(a) for a in answers] == [printed[str(p)] for p in PICTURES[:16]]


def test_what_is_asked_for_is_added(online: httpx.Client) -> None:
    asks = "explain=true&tiles=true&expect=digit&model=tiny"
    answer = online.post(f"/v1/predict?{asks}", content=small(), headers=PNG).json()
    assert base64.b64decode(answer["explain"]).startswith(b"\x89PNG")
    ((tile,),) = answer["tiles"]
    with Image.open(io.BytesIO(base64.b64decode(tile))) as image:
        assert image.size == (28, 28)
    assert answer["text"] == "3" and len(answer["rests_on"][0]) == 1


def test_what_digits_rest_on_is_drawn_while_there_is_time(
    online: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers = worker.Readers({"tiny": classifier.load(classifier.shipped()["tiny"])})
    monkeypatch.setattr(worker, "LIMITS", replace(worker.LIMITS, explain_seconds=-1.0))
    (result,) = readers.read([worker.Job(small(), "a.png", "tiny", explain=True)])
    assert json.loads(result.answer)["rests_on"] == [[None]]


def test_no_answer_says_where_a_model_lies(tmp_path: Path) -> None:
    """One of the server's own is called by its name, not by its path as in the command's answer."""
    own = tmp_path / "mine.onnx"
    own.write_bytes(classifier.shipped()["tiny"].read_bytes())
    readers = worker.Readers({"mine": classifier.load(own)})
    job = worker.Job(small(), "a.png", "mine")
    damaged, wrong = replace(job, data=small()[:200]), replace(job, expect="letter")
    results = readers.read([job, damaged, wrong])
    assert [result.status for result in results] == [200, 422, 422]
    assert [json.loads(one.answer)["model"] for one in results[:2]] == ["mine", "mine"]
    assert not any(str(tmp_path) in f"{one.answer!r} {one.message}" for one in results)


def test_what_an_answer_rests_on_is_where_the_model_looks() -> None:
    def left_half(tiles: np.ndarray) -> np.ndarray:
        ink = tiles[:, 0, :, :14].mean(axis=(1, 2))
        return np.stack([ink, np.zeros_like(ink)], axis=1).astype(np.float32)

    model = Classifier(left_half, Path("rule"), classes=("1", "2"))
    tile = np.full((28, 28), 100, np.uint8)
    orange = worker.rests_on(model, tile, "1")[..., 0] > 50
    assert orange[:, :13].all() and not orange[:, 20:].any()


@pytest.mark.parametrize("data", [small()[:-60], b"no picture", wide()])
def test_what_is_wrong_with_one_picture_does_not_hold_up_others(
    online: httpx.Client, data: bytes
) -> None:
    files = [("image", ("a.png", small())), ("image", ("b.png", data))]
    good, bad = online.post("/v1/predict", files=files).json()["answers"]
    assert good["status"] == "read" and bad["status"] == "error" and "b.png" in bad["error"]


def test_metrics_and_openapi(online: httpx.Client) -> None:
    online.post("/v1/predict", content=small(), headers=PNG)
    text = online.get("/metrics").text
    for name in ("digits_requests_total", "digits_request_seconds_bucket", "digits_waiting 0.0",
                 'digits_answers_total{status="read"}'):  # fmt: skip
        assert name in text
    schema = online.get("/openapi.json").json()
    assert set(schema["paths"]) == {
        "/v1/predict", "/v1/models", "/v1/corrections", "/health/live", "/health/ready", "/metrics",
    }  # fmt: skip
    assert "$defs" not in json.dumps(schema)


@pytest.mark.slow
def test_a_full_queue_says_so_and_a_killed_process_is_replaced(serve: Servers) -> None:
    address = serve("--model", "tiny")
    parent = serve.running[address].pid
    files = [("image", (f"{i}.png", small())) for i in range(16)]

    def ask(_: int) -> httpx.Response:
        return httpx.post(f"{address}/v1/predict", files=files, timeout=120)

    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(ask, range(40)))
    assert {answer.status_code for answer in answers} == {200, 503}
    assert all("retry-after" in answer.headers for answer in answers if answer.status_code == 503)
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    threads = Path(f"/proc/{parent}/task").iterdir()
    children += [pid for task in threads for pid in (task / "children").read_text().split()]
    for pid in set(children):
        if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text():
            os.kill(int(pid), signal.SIGKILL)
    assert httpx.post(f"{address}/v1/predict", files=files, timeout=120).status_code == 200
    assert serve.stop(address) == 128 + signal.SIGTERM


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--model", "nothing"], "nothing: no such model"),
        (["--model", "tiny", "--model", "tiny"], "there are two called tiny"),
        (["--model", __file__], "only .onnx is served"),
        (["--model", "DAMAGED"], "damaged, or not an ONNX model"),
        (["--host", "192.0.2.1"], "choose another --port or --host"),
    ],
)
def test_wrong_flags_are_one_line(
    flags: list[str], says: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "damaged.onnx").write_bytes(b"damaged")
    flags = [flag.replace("DAMAGED", str(tmp_path / "damaged.onnx")) for flag in flags]
    assert main(["serve", *flags, "--port", "0"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("serve: ") and says in said and said.count("\n") == 1


@pytest.mark.slow
def test_the_server_loads_no_torch(serve: Servers) -> None:
    """Neither it nor its reading process, after a number was read."""
    address = serve("--model", "reader")
    number = (ROOT / "test_images" / "number.png").read_bytes()
    asked = f"{address}/v1/predict?explain=true&tiles=true"
    answer = httpx.post(asked, content=number, headers=PNG, timeout=120).json()
    assert answer["text"] == "40917" and answer["explain"]
    pid = serve.running[address].pid
    tasks = Path(f"/proc/{pid}/task").iterdir()
    children = {pid for task in tasks for pid in (task / "children").read_text().split()}
    for process in [str(pid), *children]:
        assert "libtorch" not in Path(f"/proc/{process}/maps").read_text()


@pytest.mark.slow
def test_the_benchmark_runs(tmp_path: Path) -> None:
    path = tmp_path / "serving.json"
    few = ["--count", "40", "--photographs", "1", "--crowd", "100", "--flat", "50"]
    command = [sys.executable, ROOT / "benchmarks" / "serving.py", *few, "--output", path]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    subprocess.run([*command, "--workers", "1"], check=True, env=environment, timeout=600)
    found = json.loads(path.read_text("utf-8"))
    rows = {(row["what"], row["how"]): row for row in found["table"]}
    assert rows["page photograph", "loop, 1 processes"]["answer"] == "2026\n1147"
    assert rows["28x28 PNG", "8 connections"]["statuses"] == {"200": 40}
    assert found["memory"]["requests"] == 50 and found["first_answer_after_kill_s"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("language", ["python", "javascript", "curl"])
def test_the_examples_of_the_docs(serve: Servers, tmp_path: Path, language: str) -> None:
    text = (ROOT / "docs" / "serve.md").read_text("utf-8")
    code = dict(re.findall(r"```(\w+)\n(.*?)```", text, re.DOTALL))
    code["curl"] = re.findall(r"^    (curl .*)$", text, re.MULTILINE)[0]
    program, suffix = {
        "python": (sys.executable, ".py"), "javascript": ("node", ".mjs"), "curl": ("sh", ".sh"),
    }[language]  # fmt: skip
    for name in (program, "curl" if language == "curl" else program):
        if not shutil.which(name):
            pytest.skip(f"no {name}")
    script = tmp_path / f"example{suffix}"
    address = serve("--model", "reader")
    example = code[language].replace("http://127.0.0.1:8080", address)
    script.write_text(example.replace("photo.jpg", "test_images/number.png"), "utf-8")
    said = subprocess.run(
        [program, script], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert "40917" in said and "read" in said
