"""Models that are whole and make no sense: a right checksum, and content that cannot be."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch

from digits import archs, card, checkpoint, classifier
from digits.__main__ import main
from digits.errors import DigitsError
from digits.optimization import artefact

NAN = float("nan")
PARTS: dict[str, list[Any]] = {
    "arch": [None, 7, "", "no such", "../cnn3", ["cnn3"], "\x1b[2J"],
    "arch_args": [7, ["count"], {"count": 10**9}, {"members": 3}, {"count": NAN}, {1: 2}],
    "classes": [None, [], "0123456789", ["a"] * 10, [*"0123456789", "x"], [*"012345678", "\n"], 10],
    "temperature": [None, "1", NAN, float("inf"), 0, -1, True, [1.0]],
    "thresholds": [None, [], {"read": "0.9"}, {"read": NAN}, {"read": 7}, {1: 0.5}],
    "metrics": [None, [], "good"],
    "config": [None, [1], {1: 2}],
    "versions": [None, "2.14"],
    "input_shape": [7, [3, 224, 224], [1, 28]],
}
WRONG = [(part, value) for part, values in PARTS.items() for value in values]
IN_JSON = [(p, v) for p, v in WRONG if not (isinstance(v, dict) and (1 in v or "members" in v))]


@pytest.fixture(scope="module")
def content() -> dict[str, Any]:
    torch.manual_seed(0)
    return checkpoint.pack("micro", archs.create("micro"), config={"dataset": "uci"})


@pytest.fixture(scope="module")
def exported(content: dict[str, Any]) -> bytes:
    return artefact.build(content, ".onnx")


def described(exported: bytes, card: object, path: Path) -> Path:
    """An ONNX file with another description."""
    proto = onnx.load_from_string(exported)
    proto.metadata_props[0].value = card if isinstance(card, str) else json.dumps(card)
    onnx.save(proto, path)
    return path


def refused(path: Path) -> None:
    """Refused in one line that names the file, by every command that takes a model."""
    with pytest.raises(DigitsError) as caught:
        classifier.load(path)
    message = str(caught.value)
    assert "\n" not in message and "\x1b" not in message and len(message) < 250 + len(str(path))


@pytest.mark.parametrize(("part", "value"), WRONG)
def test_a_checkpoint_with_wrong_content_is_refused(
    part: str, value: object, content: dict[str, Any], tmp_path: Path
) -> None:
    checkpoint.save(tmp_path / "a.pth", {**content, part: value})
    refused(tmp_path / "a.pth")


@pytest.mark.parametrize(
    "part", [part for part in PARTS if part not in ("input_shape", "arch_args")]
)
def test_a_checkpoint_without_a_part_is_refused(
    part: str, content: dict[str, Any], tmp_path: Path
) -> None:
    checkpoint.save(tmp_path / "a.pth", {k: v for k, v in content.items() if k != part})
    refused(tmp_path / "a.pth")


@pytest.mark.parametrize(
    "weights",
    [
        None,
        7,
        {},
        {"x": 1},
        {1: torch.zeros(1)},
        {"0.weight": torch.zeros(3).to_sparse()},
        torch.zeros(3),
    ],
)
def test_weights_of_another_kind_are_refused(
    weights: object, content: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "a.pth"
    try:
        checkpoint.save(path, {**content, "state_dict": weights})
    except (RuntimeError, NotImplementedError):  # no checksum can be made of it
        torch.save({"format": 1, **content, "state_dict": weights, "checksum": "0" * 64}, path)
    refused(path)


@pytest.mark.slow
@pytest.mark.parametrize(("part", "value"), IN_JSON)
def test_an_onnx_file_with_wrong_metadata_is_refused(
    part: str, value: object, content: dict[str, Any], exported: bytes, tmp_path: Path
) -> None:
    plain = {**classifier.metadata_of(content), part: value}
    refused(described(exported, plain, tmp_path / "a.onnx"))


@pytest.mark.slow
@pytest.mark.parametrize("text", ["", "{", "[]", "null", "7", '"digits"', "[" * 100_000, "\x00"])
def test_an_onnx_file_whose_metadata_is_no_description_is_refused(
    text: str, exported: bytes, tmp_path: Path
) -> None:
    refused(described(exported, text, tmp_path / "a.onnx"))


def test_an_onnx_file_that_answers_for_other_classes_is_refused(
    content: dict[str, Any], exported: bytes, tmp_path: Path
) -> None:
    eleven = {**classifier.metadata_of(content), "classes": [*"0123456789", "none"]}
    refused(described(exported, eleven, tmp_path / "a.onnx"))


def poisoned(content: dict[str, Any], value: float) -> dict[str, Any]:
    weights = {name: tensor.clone() for name, tensor in content["state_dict"].items()}
    next(iter(weights.values())).view(-1)[0] = value
    return {**content, "state_dict": weights}


@pytest.mark.parametrize("value", [NAN, float("inf")])
@pytest.mark.parametrize(
    "command",
    [
        "predict --cpu --image a.png --model a.pth",
        "evaluate --cpu --dataset uci --model a.pth",
        "optimize --dataset uci --model a.pth --output a.onnx --quantize",
        "optimize --dataset uci --model a.pth --output a.pt2",
        "train --cpu --dataset uci --epochs 1 --arch micro --teacher a.pth",
    ],
)
def test_weights_that_are_no_numbers_are_refused(
    command: str,
    value: float,
    content: dict[str, Any],
    run_folder: Path,
    capfd: pytest.CaptureFixture,
) -> None:
    checkpoint.save("a.pth", poisoned(content, value))
    Path("a.png").write_bytes(b"")
    assert main(command.split()) == 1
    error = capfd.readouterr().err
    assert "no numbers" in error and "Traceback" not in error
    assert not list(run_folder.glob("a.[op]*[tx2]"))


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".onnx", ".pt2"])
def test_an_artefact_whose_answers_are_no_numbers_is_refused(
    suffix: str, content: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = poisoned(content, NAN)
    monkeypatch.setattr(checkpoint, "build", lambda c: _built(c))
    path = tmp_path / f"a{suffix}"
    path.write_bytes(artefact.build({**bad, "state_dict": _all_nan(bad)}, suffix))
    refused(path)


def _all_nan(content: dict[str, Any]) -> dict[str, Any]:
    return {
        name: torch.full_like(value, NAN) if value.is_floating_point() else value
        for name, value in content["state_dict"].items()
    }


def _built(content: dict[str, Any]) -> torch.nn.Module:
    model = archs.create(content["arch"])
    model.load_state_dict(content["state_dict"])
    return model.eval()


def test_every_shipped_model_has_a_card_that_passes() -> None:
    for path in classifier.shipped().values():
        loaded = classifier.load(path)
        assert loaded(np.zeros((1, 1, 28, 28), np.uint8)).shape == (1, len(loaded.classes))


def test_the_rules_name_what_is_wrong(content: dict[str, Any]) -> None:
    check: Callable[[object, Any], None] = card.check
    check("a.pth", content)
    with pytest.raises(DigitsError, match=r"a.pth: a model whose temperature cannot be right"):
        check("a.pth", {**content, "temperature": 0})
