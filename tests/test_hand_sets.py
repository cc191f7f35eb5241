"""UNIPEN as data sets: whose characters are in which part, and which are in none."""

import csv
import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from digits import data
from digits.__main__ import main
from digits.data import hand_sets, hands, originals
from digits.data.hands import HELD_OUT, SHEETS
from digits.errors import DigitsError

WRITERS, HOLD_OUT = 17, 5
SHAPES = {  # strokes (P, 2), x right and y down
    "1": [[(50, 0), (50, 100)]],
    "7": [[(0, 0), (80, 0), (30, 100)]],
    "a": [[(60, 40), (10, 40), (10, 100), (60, 100), (60, 30)]],
    "A": [[(0, 100), (40, 0), (80, 100)], [(15, 60), (65, 60)]],
    "o": [[(50, 0), (0, 50), (50, 100), (100, 50), (50, 0)]],
    "+": [[(0, 50), (100, 50)], [(50, 0), (50, 100)]],
    ".": [[(0, 0), (1, 1)]],
    "--": [[(0, 50), (100, 50)]],
}


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The checksums, of which `write` may change some."""
    monkeypatch.setattr(hand_sets, "SHA256", dict(hand_sets.SHA256))


def write(folder: Path, name: str, labels: str, doubted: int = -1) -> None:
    """A compact file in which WRITERS write each label twice; of writer `doubted` the ink is."""
    written = [(w, label) for w in range(WRITERS) for label in labels.split() for _ in range(2)]
    strokes = [np.array(stroke) for _, label in written for stroke in SHAPES[label]]
    lookalike = np.array([label in "oO" for _, label in written])
    path = folder / "hands" / f"{name}.npz"
    path.parent.mkdir(exist_ok=True)
    np.savez(
        path,
        points=np.concatenate(strokes).astype(np.int16),
        stroke_start=np.cumsum([0, *map(len, strokes)]),
        sample_start=np.cumsum([0, *(len(SHAPES[label]) for _, label in written)]),
        label=np.array([label for _, label in written]),
        kind=np.array(["character"] * len(written)),
        writer=np.array([w for w, _ in written]),
        rel_size=np.ones(len(written), np.float16),
        lookalike=lookalike,
        use=np.array([w != doubted for w, _ in written]) & ~lookalike,
    )
    hand_sets.SHA256[name] = hashlib.sha256(path.read_bytes()).hexdigest()


def writers(dataset: data.Dataset, part: str) -> set[int]:
    return {int(name.split("/")[0].split("-")[1]) for name, _, p in dataset.listing if p == part}


def test_no_writer_is_in_two_parts(tmp_path: Path) -> None:
    write(tmp_path, "unipen_digits", "1 7")
    dataset = data.load("unipen-digits", tmp_path, HOLD_OUT)
    test, validation, train = (writers(dataset, p) for p in ("test", "validation", "train"))
    assert test == {w for w in range(WRITERS) if w % HELD_OUT == 0}
    assert len(validation) == 3 and not validation & train and not test & (validation | train)
    assert len(test | validation | train) == WRITERS
    for split, some in zip((dataset.train, dataset.validation, dataset.test),
                           (train, validation, test), strict=True):  # fmt: skip
        assert len(split) == 4 * len(some)
    ones = dataset.train.labels == 1
    narrow = dataset.train.images[ones].amax(dim=(1, 2)).gt(99).sum(dim=1)
    assert dataset.classes[1] == "1" and narrow.max() < 8, "labels are not of their tiles"


@pytest.mark.parametrize(
    ("who", "whose"),
    [({"drawer": np.arange(80) % 20 + 1}, lambda k: k % 20 + 1),  # Omniglot's
     ({"number": np.arange(80)}, lambda k: k % SHEETS), ({}, lambda k: k * SHEETS // 80)],
)  # fmt: skip
def test_pictures_are_parted_by_who_drew_them_or_in_sheets(
    who: dict[str, np.ndarray], whose: Callable[[int], int], tmp_path: Path
) -> None:
    """In the order in which they were collected, where nobody is named."""
    image = np.zeros((80, 12, 12), np.uint8)
    for k in range(80):
        image[k, :, 2] = 255
        image[k, k % 10, 3 : 4 + k // 10] = 255  # each one is another
    path = tmp_path / "hands" / "omniglot.npz"
    path.parent.mkdir()
    np.savez(path, image=image, label=np.full(80, "Greek/01"), use=np.ones(80, bool), **who)
    for held_out in (True, False):
        (some,) = hands.load(tmp_path, held_out, ("omniglot",)).values()
        kept = {glyph.ink.tobytes() for hand in some for glyph in hand.glyphs["Greek/01"]}
        hers = [k for k in range(80) if (whose(k) % HELD_OUT == 0) == held_out]
        cropped = {image[k, :, 2 : 4 + k // 10].tobytes() for k in hers}
        assert kept == cropped and 0 < len(hers) < 80


def test_it_is_the_same_at_each_load(tmp_path: Path) -> None:
    write(tmp_path, "unipen_digits", "1 7")
    first, again = (data.load("unipen-digits", tmp_path) for _ in range(2))
    assert first.train.images.equal(again.train.images) and first.listing == again.listing
    pens = first.train.images[first.train.labels == 1].float().mean(dim=(1, 2, 3))
    assert pens.max() > 1.5 * pens.min(), "no two pens are alike"


@pytest.mark.parametrize("name, counts", [
    # Of writers 0, 8 and 16, each twice; what 8 wrote is in doubt, which of an o is not known.
    ("unipen-letters", {"a": 2 * 4, "o": 3 * 2}),
    ("unipen-symbols", {"+": 2 * 2, ".": 2 * 2}),
])  # fmt: skip
def test_classes_are_those_of_the_set(name: str, counts: dict[str, int], tmp_path: Path) -> None:
    write(tmp_path, "unipen_chars", "a A o + . --", doubted=8)
    dataset = data.load(name, tmp_path)
    found = [dataset.classes[label] for label in dataset.test.labels]
    assert {label: found.count(label) for label in set(found)} == counts


@pytest.mark.parametrize("name", hand_sets.SETS)
def test_a_set_that_is_not_there_is_one_line(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for original in ("pendigits", "uji", "bhmsds"):
        there = replace(originals.ORIGINALS[original], url=(tmp_path / "nothing").as_uri())
        monkeypatch.setitem(originals.ORIGINALS, original, there)
    with pytest.raises(DigitsError, match="; name the data folder with --data_dir") as raised:
        data.load(name, tmp_path)
    assert "\n" not in str(raised.value)


def test_a_file_that_was_altered_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "unipen_digits", "1 7")
    hand_sets.SHA256["unipen_digits"] = "0" * 64
    with pytest.raises(DigitsError, match=r"unipen_digits.npz: truncated or altered \(SHA-256"):
        data.load("unipen-digits", tmp_path)


def release(folder: Path, writer: int, category: str, labels: str) -> None:
    """UNIPEN's release as it is unpacked: points in include/, what they show in data/."""
    strokes = [stroke for label in labels for stroke in SHAPES[label]]
    points = [" ".join(f"{x} {100 - y}" for x, y in stroke) for stroke in strokes]
    pen = folder / "unipen" / "include" / "apa" / "data" / f"{category}-{writer}.dat"
    said = folder / "unipen" / "data" / category / "apa" / f"{writer}.dat"
    for path in (pen, said):
        path.parent.mkdir(parents=True, exist_ok=True)
    down = "".join(f".PEN_DOWN\n{some}\n.PEN_UP\n" for some in points)
    pen.write_text(f".VERSION 1.0\n.WRITER_ID w{writer}\n.COORD X Y\n{down}")
    at, lines = 0, [f".INCLUDE apa/data/{category}-{writer}.dat"]
    for label in labels:
        last = at + len(SHAPES[label]) - 1
        lines.append(f'.SEGMENT CHARACTER {at}-{last} OK "{label}"')
        at = last + 1
    said.write_text("\n".join(lines) + "\n")


def test_the_release_goes_before_the_compact_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, "unipen_digits", "1 7")
    compact = data.load("unipen-digits", tmp_path, HOLD_OUT)
    for writer in range(10, 10 + WRITERS):
        release(tmp_path, writer, "1a", "177")
        release(tmp_path, writer, "1b", "A")
    (tmp_path / "unipen/data/1a/apa/99.dat").write_text('.SEGMENT CHARACTER 9 OK "7"\n')
    dataset = data.load("unipen-digits", tmp_path, HOLD_OUT)
    assert "99.dat: segment '7' is of component 9, and there are 0" in capsys.readouterr().err
    whose = {p: {n.split("/")[0] for n, _, of in dataset.listing if of == p}
             for p in ("train", "validation", "test")}  # fmt: skip
    assert whose["test"] == {"apa-w10", "apa-w18", "apa-w26"}
    assert not whose["train"] & whose["validation"] and len(set().union(*whose.values())) == WRITERS
    sizes = [len(part) for part in (dataset.train, dataset.validation, dataset.test)]
    assert sum(sizes) == 3 * WRITERS and sizes[2] == 9
    first, second = (
        one.train.images[one.train.labels == 7].float().mean(0) for one in (compact, dataset)
    )
    assert (first - second).abs().mean() < 20, "a seven stands on its foot"
    letters = data.load("unipen-letters", tmp_path, HOLD_OUT)
    assert {letters.classes[k] for k in letters.train.labels} == {"a"}
    with pytest.raises(DigitsError, match="no samples in data/1d/ that can be read"):
        data.load("unipen-symbols", tmp_path)


@pytest.mark.slow
def test_the_run_says_who_is_in_which_part(run_folder: Path) -> None:
    write(run_folder, "unipen_digits", "1 7")
    flags = "--arch micro --dataset unipen-digits --data_dir . --epochs 1 --cpu"
    assert main(["train", *flags.split()]) == 0
    (file,) = run_folder.glob("runs/*/splits.csv")
    with file.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 4 * WRITERS and {row["split"] for row in rows} == {
        "train", "validation", "test",
    }  # fmt: skip
