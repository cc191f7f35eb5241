"""Collections of hands are made of their makers' archives: proved, read once, and then at hand."""

import hashlib
import io
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digits import data
from digits.data import hands, originals
from digits.errors import DigitsError

WRITERS = 20
SEGMENT = """.SEGMENT DIGIT {number} ? "{label}"
.COMMENT {label} {writer} 1
.PEN_DOWN
 {points}
.PEN_UP
"""
SEVEN, ONE = "0 400\n 200 400\n 50 0", "100 400\n 100 0"  # y goes up


def pendigits(writers: range) -> bytes:
    """What each of them wrote, a 7 and a 1."""
    texts = [
        SEGMENT.format(number=2 * k + n, label=label, writer=writer, points=points)
        for k, writer in enumerate(writers)
        for n, (label, points) in enumerate((("7", SEVEN), ("1", ONE)))
    ]
    return "".join(texts).encode()


def compressed(content: bytes) -> bytes:
    """As `compress` has it (Welch 1984): codes of 9 bits for single bytes, cleared in time."""
    codes = []
    for start in range(0, len(content), 248):
        codes += [*content[start : start + 248], *[256] * 8]  # a width's codes come in eights
    bits = "".join(f"{code:09b}"[::-1] for code in codes)
    bits += "0" * (-len(bits) % 8)
    packed = bytes(int(bits[i : i + 8][::-1], 2) for i in range(0, len(bits), 8))
    return b"\x1f\x9d\x90" + packed


def uji() -> dict[str, bytes]:
    """A file a writer; y goes down."""
    seven = ".COORD X Y\n" + SEGMENT.format(
        number=0, label="7", writer=1, points="0 0\n 200 0\n 50 400"
    )
    capital = SEGMENT.format(number=1, label="O", writer=1, points="0 0\n 200 200\n 0 400")
    return {f"UJIpenchars-w{k:02d}": (seven + capital).encode() for k in range(1, 12)}


def bhmsds() -> dict[str, bytes]:
    """Bars on white, one of them blank."""
    made = {}
    for name in ("7-0000", "7-0001", "1-0000", "minus-0000"):
        pixels = np.full((28, 28), 255, np.uint8)
        pixels[4:24, 12:16] = 0 if name != "7-0001" else 255
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "PNG")
        made[f"bhmsds-0/symbols/{name}.png"] = file.getvalue()
    return made


FILES = {
    "pendigits": lambda: {
        "pendigits-orig.tra.Z": compressed(pendigits(range(WRITERS))),
        "pendigits-orig.tes.Z": compressed(pendigits(range(2))),
    },
    "uji": uji,
    "bhmsds": bhmsds,
}


@pytest.fixture(params=list(FILES))
def served(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[str, Path]:
    """The name of a collection and the archive that its maker serves."""
    name = request.param
    archive = tmp_path / "maker" / f"{name}.zip"
    archive.parent.mkdir()
    with zipfile.ZipFile(archive, "w") as file:
        for path, content in FILES[name]().items():
            file.writestr(path, content)
    sha256 = hashlib.sha256(archive.read_bytes()).hexdigest()
    known = replace(originals.ORIGINALS[name], url=archive.as_uri(), sha256=sha256)
    monkeypatch.setitem(originals.ORIGINALS, name, known)
    return name, archive


def labels(some: list[hands.Hand]) -> set[str]:
    return {label for hand in some for label in hand.glyphs}


def test_a_collection_is_made_once_of_its_original(
    served: tuple[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, archive = served
    learned, held_out = (hands.load(tmp_path, held, (name,))[name] for held in (False, True))
    said = capsys.readouterr().err
    assert f"{name} is not in" in said and f"hands/{name}.npz" in said.replace("\\", "/")
    known = {"pendigits": {"1", "7"}, "uji": {"7"}, "bhmsds": {"1", "7", "-"}}[name]
    assert labels(learned) | labels(held_out) == known
    assert not {hand.name for hand in learned} & {hand.name for hand in held_out}
    archive.unlink()
    hands.load(tmp_path, True, (name,))
    assert not capsys.readouterr().err


@pytest.mark.parametrize("served", ["pendigits", "uji"], indirect=True)
def test_strokes_stand_upright_and_have_their_writers_size(
    served: tuple[str, Path], tmp_path: Path
) -> None:
    name, _ = served
    for hand in hands.load(tmp_path, False, (name,))[name]:
        (glyph,) = hand.glyphs["7"]
        (stroke,) = glyph.strokes
        assert stroke.tolist() == [[0, 0], [500, 0], [125, 1000]]
        assert glyph.size == 1


@pytest.mark.parametrize("served", ["bhmsds"], indirect=True)
def test_a_blank_picture_is_nobodys(served: tuple[str, Path], tmp_path: Path) -> None:
    name, _ = served
    some = [hand for held in (False, True) for hand in hands.load(tmp_path, held, (name,))[name]]
    assert sum(len(hand.glyphs["7"]) for hand in some) == 1
    (bar,) = (glyph for hand in some for glyph in hand.glyphs["7"])
    assert bar.ink is not None and bar.ink.shape == (20, 4) and (bar.ink == 255).all()


def test_what_is_not_the_known_archive_is_refused(
    served: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, _ = served
    other = replace(originals.ORIGINALS[name], sha256=64 * "0")
    monkeypatch.setitem(originals.ORIGINALS, name, other)
    with pytest.raises(DigitsError, match=r"could not be downloaded .*hash"):
        hands.load(tmp_path, False, (name,))
    assert not list(tmp_path.rglob("*.npz"))


def test_an_altered_archive_is_named(served: tuple[str, Path], tmp_path: Path) -> None:
    name, _ = served
    kept = tmp_path / "hands" / "originals" / f"{name}.zip"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"PK")
    with pytest.raises(DigitsError, match=r"\.zip: truncated or altered .*; delete it"):
        hands.load(tmp_path, False, (name,))


@pytest.mark.parametrize("served", ["pendigits"], indirect=True)
def test_digits_of_an_original_are_a_data_set(served: tuple[str, Path], tmp_path: Path) -> None:
    dataset = data.load(served[0], tmp_path, hold_out=5)
    assert sorted(set(dataset.train.labels.tolist())) == [1, 7]
    assert len(dataset.test) and len(dataset.validation)
