"""Pictures in archives, tables and lists, here and at an address."""

import csv
import io
import json
import os
import tarfile
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from digits.__main__ import main
from digits.errors import DigitsError
from digits.pictures import files, packed
from digits.pictures.packed import File

FOLDER = Path(__file__).parents[1] / "test_images"
NAMES = ["dark_on_light.png", "number.png", "two_rows.png"]


def contents() -> dict[str, bytes]:
    return {name: (FOLDER / name).read_bytes() for name in NAMES if (FOLDER / name).exists()}


def tar(path: Path, mode: Any = "w") -> Path:
    """A WebDataset: pictures, a label beside each, in a folder of the archive."""
    with tarfile.open(path, mode) as archive:
        folder = tarfile.TarInfo("a")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, data in contents().items():
            for member, some in ((name, data), (f"{Path(name).stem}.json", b"{}")):
                info = tarfile.TarInfo(f"a/{member}")
                info.size = len(some)
                archive.addfile(info, io.BytesIO(some))
    return path


def parquet(path: Path, **columns: Any) -> Path:
    table = pyarrow.table({"label": list(range(len(contents()))), **columns})
    pyarrow.parquet.write_table(table, path, row_group_size=2)
    return path


def listing(path: Path, entries: list[str]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["label", "path"], *([1, entry] for entry in entries)])
    return path


def read_back(name: str) -> dict[str, bytes]:
    return {
        Path(file.name).name: data
        if isinstance(data := files.source(file), bytes)
        else data.read_bytes()
        for file in files.files(name)
    }


def test_an_archive_means_the_pictures_in_it(tmp_path: Path) -> None:
    archive = tar(tmp_path / "shard.tar")
    assert [file.name for file in files.files(str(archive))] == [
        f"{archive}/a/{name}" for name in contents()
    ]
    assert read_back(str(archive)) == contents()
    assert [files.size(file) for file in files.files(str(archive))] == [
        len(data) for data in contents().values()
    ]


def test_a_table_means_the_pictures_in_it(tmp_path: Path) -> None:
    images = list(contents().values())
    named = parquet(tmp_path / "a.parquet", image=list(contents()), png=images)
    assert read_back(str(named)) == contents()
    assert [file.name for file in files.files(str(named))] == [f"{named}/{n}" for n in contents()]
    assert [files.size(file) for file in files.files(str(named))] == list(map(len, images))
    bare = parquet(tmp_path / "b.parquet", png=images)
    places = ["0/0", "0/1", "1/0"]
    assert [file.name for file in files.files(str(bare))] == [f"{bare}/{at}" for at in places]
    assert [files.source(file) for file in files.files(str(bare))] == images
    faces = parquet(tmp_path / "c.parquet", image=[{"bytes": one, "path": ""} for one in images])
    assert [files.source(file) for file in files.files(str(faces))] == images


def test_of_a_table_the_first_column_that_holds_bytes_is_taken(tmp_path: Path) -> None:
    images = list(contents().values())
    boxes = [{"x": 1}] * len(images)
    large = pyarrow.array(images, pyarrow.large_binary())
    numbered = parquet(tmp_path / "a.parquet", image=[7, 8, 9], box=boxes, png=large)
    assert [files.source(file) for file in files.files(str(numbered))] == images
    places = [file.name for file in files.files(str(numbered))]
    assert places == [f"{numbered}/{at}" for at in ("0/0", "0/1", "1/0")]


def test_a_column_may_have_a_dot_in_its_name_and_names_may_be_large(tmp_path: Path) -> None:
    images = list(contents().values())
    names = pyarrow.array(list(contents()), pyarrow.large_string())
    dotted = {"image": names, "scan.png": images}
    assert read_back(str(parquet(tmp_path / "a.parquet", **dotted))) == contents()
    dotted["scan.png"] = [{"bytes": one, "path": ""} for one in images]
    assert read_back(str(parquet(tmp_path / "b.parquet", **dotted))) == contents()


def test_a_pattern_means_what_is_in_the_archives_that_fit_it(tmp_path: Path) -> None:
    for name in ("a.tar", "b.tar"):
        tar(tmp_path / name)
    (tmp_path / "list.txt").write_text("a.tar\n")
    inner = [f"{tmp_path}/{shard}/a/{name}" for shard in ("a.tar", "b.tar") for name in contents()]
    assert [file.name for file in files.files(f"{tmp_path}/*.tar")] == inner
    assert [file.name for file in files.files(f"{tmp_path}/*.txt")] == inner[: len(contents())]
    # among other files a list is none
    assert [file.name for file in files.files(f"{tmp_path}/*")] == [*inner, f"{tmp_path}/list.txt"]


def test_a_row_of_a_table_without_a_picture_is_empty(tmp_path: Path) -> None:
    some = [{"bytes": one, "path": ""} for one in contents().values()]
    table = parquet(tmp_path / "a.parquet", image=[some[0], None, {"bytes": None, "path": ""}])
    assert [files.source(file) for file in files.files(str(table))] == [some[0]["bytes"], b"", b""]


def test_what_lies_here_is_read_without_a_package_for_addresses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> Any:
        raise AssertionError

    monkeypatch.setattr(packed, "_fsspec", fail)
    archive = tar(tmp_path / "shard.tar")
    table = parquet(tmp_path / "a.parquet", image=list(contents()), png=list(contents().values()))
    assert read_back(str(archive)) == read_back(str(table)) == contents()
    assert File("a.png") == ("a.png", "", 0, 0)


def test_lists_name_pictures_and_archives_beside_them(tmp_path: Path) -> None:
    tar(tmp_path / "shard.tar")
    for name, data in contents().items():
        (tmp_path / name).write_bytes(data)
    entries = [*contents(), "shard.tar", str(tmp_path / "shard.tar")]
    text = tmp_path / "list.txt"
    text.write_text("\n".join(entries) + "\n\n")
    expected = [str(tmp_path / name) for name in contents()]
    expected += [f"{tmp_path}/shard.tar/a/{name}" for name in contents()] * 2
    assert [file.name for file in files.files(str(text))] == expected
    table = listing(tmp_path / "list.csv", entries)
    assert [file.name for file in files.files(str(table))] == expected


def test_a_list_here_names_no_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("list.txt").write_text("-\n")
    (file,) = files.files("list.txt")
    assert files.source(file) == Path("-") and not files.is_there(file)


def test_an_address_is_read_as_a_path_is(tmp_path: Path) -> None:
    pytest.importorskip("fsspec")
    for name, data in contents().items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "notes.md").write_text("no picture")
    assert read_back(f"file://{tmp_path}") == contents()
    assert read_back(f"file://{tmp_path}/n*.png") == {"number.png": contents()["number.png"]}
    archive = tar(tmp_path / "shard.tar")
    assert read_back(f"file://{archive}") == contents()
    table = parquet(tmp_path / "a.parquet", image=list(contents()), png=list(contents().values()))
    assert read_back(f"file://{table}") == contents()
    listing(tmp_path / "list.csv", [f"file://{tmp_path}/number.png", "number.png"])
    found = list(files.files(f"file://{tmp_path}/list.csv"))
    assert found == [File(f"file://{tmp_path}/number.png")] * 2


def test_what_is_wrong_is_one_line(tmp_path: Path) -> None:
    def error(name: str, content: bytes) -> str:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DigitsError) as raised:
            list(files.files(str(tmp_path / name)))
        assert "\n" not in str(raised.value) and name in str(raised.value)
        return str(raised.value)

    assert "no pictures in it" in error("empty.txt", b"\n")
    assert "no column of it is called path or image" in error("a.csv", b"x,y\n1,2\n")
    assert "not UTF-8" in error("b.txt", b"\xff\xfe\n")
    assert "cannot be read" in error("c.tar", b"no archive" * 100)
    assert "cannot be read" in error("d.parquet", b"no table")
    assert "compressed" in error("e.tar", tar(tmp_path / "z.tar", "w:gz").read_bytes())
    assert "no column of it is binary" in error("f.parquet", parquet(tmp_path / "y").read_bytes())
    for name in ("g.tar", ".tar", ".txt"):
        with pytest.raises(DigitsError, match=rf"{name}: cannot be read: No such file"):
            list(files.files(str(tmp_path / name)))


def test_a_folder_that_cannot_be_read_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one within: its pictures would be missing from the answers without a word."""
    (tmp_path / "in" / "locked").mkdir(parents=True)
    scan = os.scandir

    def refuse(path: str) -> Any:
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DigitsError, match="locked: cannot be read: Permission denied"):
        list(files.files(str(tmp_path / "in")))


def test_a_file_that_went_away_is_an_answer(tmp_path: Path, capfd: Any) -> None:
    listing(tmp_path / "list.csv", ["gone.png", str(FOLDER / "number.png")])
    out = tmp_path / "answers.jsonl"
    assert main(["predict", "--image", str(tmp_path / "list.csv"), "--output", str(out)]) == 1
    first, second = map(json.loads, out.read_text().splitlines())
    assert (first["status"], second["text"]) == ("error", "40917")


@pytest.mark.slow
def test_an_archive_is_read_into_a_table_and_gone_on_with(tmp_path: Path, capfd: Any) -> None:
    archive, out = tar(tmp_path / "shard.tar"), tmp_path / "answers.csv"
    flags = ["predict", "--image", str(archive), "--output", str(out)]
    assert main([*flags, "--shard", "2/2"]) == 0
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert [Path(row["image"]).name for row in rows] == list(contents())[1::2]
    assert main([*flags, "--resume"]) == 0
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert sorted(Path(row["image"]).name for row in rows) == sorted(contents())
    (row,) = (row for row in rows if row["image"].endswith("number.png"))
    assert row["text"] == "40917" and json.loads(row["alternatives"])[0][0][0] == "40917"
    (box,) = json.loads(row["boxes"])
    assert len(box) == 4


def test_what_lies_in_an_archive_is_said_once_and_the_rest_is_read(
    tmp_path: Path, capfd: Any
) -> None:
    archive = str(tar(tmp_path / "shard.tar"))
    assert main(["predict", "--image", archive, str(FOLDER / "number.png")]) == 1
    shown = capfd.readouterr()
    assert shown.err.count("add --output") == 1 and "40917" in shown.out


@pytest.mark.parametrize("text", ["0/3", "4/3", "a/b", "1", "1/0"])
def test_shards_that_are_none(text: str, capfd: Any) -> None:
    with pytest.raises(SystemExit):
        main(["predict", "--image", "a.png", "--output", "a.csv", "--shard", text])
    assert "is not I/N" in capfd.readouterr().err
    assert packed.SUFFIXES


def test_flags_of_sharing_out_want_a_file(capfd: Any) -> None:
    for flags in (["--shard", "1/2"], ["--engine", "ray"]):
        with pytest.raises(SystemExit):
            main(["predict", "--image", "a.png", *flags])
        assert "name it" in capfd.readouterr().err
    with pytest.raises(SystemExit):
        main(["predict", "--image", "a.png", "--engine", "ray", "--output", "a.csv"])
    assert "is a folder" in capfd.readouterr().err
