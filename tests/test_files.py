"""Which pictures a name means, where names look like patterns, folders or standard input."""

import sys
from collections import Counter
from pathlib import Path

import pytest

from digits.errors import DigitsError
from digits.pictures.files import STDIN, files, size, source
from digits.pictures.packed import File


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def named(name: str) -> list[str]:
    return [file.name for file in files(name)]


def test_a_name_of_nothing_stays_as_it_is_and_a_pattern_of_nothing_is_said(here: Path) -> None:
    assert named("gone.png") == ["gone.png"]
    with pytest.raises(DigitsError, match="no file fits this pattern"):
        named("gone*.png")


def test_a_folder_means_the_pictures_in_it_and_in_its_folders(here: Path) -> None:
    (here / "in" / "more").mkdir(parents=True)
    for name in ("b.PNG", "a.jpg", "notes.txt", "more/c.webp", "more/d.HEIC", "readme", ".hidden"):
        (here / "in" / name).write_bytes(b"")
    others: Counter[str] = Counter()
    found = [file.name for file in files("in", others)]
    assert found == named("in") == ["in/a.jpg", "in/b.PNG", "in/more/c.webp"]
    assert others == {".txt": 1, ".heic": 1, "": 1}


def test_standard_input_is_no_folder_of_that_name(here: Path) -> None:
    (here / STDIN).mkdir()
    (here / STDIN / "a.png").write_bytes(b"")
    assert named(STDIN) == [STDIN]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(here: Path) -> None:
    for name in ("[1].png", "1.png"):
        (here / name).write_bytes(b"")
    assert named("[1].png") == ["[1].png"]


def test_a_pattern_means_no_folders(here: Path) -> None:
    (here / "folder.png").mkdir()
    (here / "a.png").write_bytes(b"")
    assert named("*.png") == ["a.png"]


def test_a_file_at_an_address_needs_no_suffix_that_is_known(here: Path) -> None:
    (here / "scan").write_bytes(b"123")
    (here / "notes").mkdir()
    (here / "notes" / "scan").write_bytes(b"123")
    assert named(f"file://{here}/scan") == [f"file://{here}/scan"]
    with pytest.raises(DigitsError, match="no pictures there"):
        named(f"file://{here}/notes")


def test_the_size_of_what_is_not_here_is_taken_for_large(here: Path) -> None:
    (here / "a.png").write_bytes(b"123")
    assert size(File("a.png")) == 3
    assert size(File("gone.png")) == size(File("s3://bucket/a.png")) == sys.maxsize


def test_closed_standard_input_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(DigitsError, match="standard input is closed; name a file"):
        source(File(STDIN))
