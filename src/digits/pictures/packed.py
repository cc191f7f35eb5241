"""Pictures that lie together: in a tar archive, in a Parquet table, in a list of their names; here
or at an address (s3://..., gs://..., by fsspec).

Names alone are read until a picture is asked for, so that millions can be shared out.
"""

import csv
import io
import tarfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, NamedTuple

from digits.errors import DigitsError, told
from digits.extras import required
from digits.pictures.load import MAX_BYTES

ARCHIVES = (".tar", ".parquet")
LISTS = (".csv", ".txt")
SUFFIXES = ARCHIVES + LISTS
NAME_COLUMNS = ("path", "image")  # of a list, or of a table, where pictures may have names
NOT_PICTURES = (".json", ".txt", ".cls", ".csv", ".md")  # WebDataset's labels beside the pictures
GZIP = b"\x1f\x8b"
OF_STORES = (ValueError, ImportError)  # what addresses raise beside OSError


class File(NamedTuple):
    """A picture file by `name`. In a `shard` it lies `at` byte or row group, `size` bytes long or
    in that row of the group."""

    name: str
    shard: str = ""
    at: int = 0
    size: int = 0


def is_address(name: str) -> bool:
    """Whether a name is an address as fsspec takes them, and no path."""
    return "://" in name


def listed(address: str) -> list[str]:
    """The files at an address, which may be a folder or a pattern, in sorted order.

    Raises:
        DigitsError: it cannot be reached.
    """
    with told(f"{address}: cannot be listed", *OF_STORES):
        system, path = _fsspec().core.url_to_fs(address)
        found = system.glob(path) if "*" in path else system.find(path)
        return sorted(str(system.unstrip_protocol(one)) for one in found)


def files(name: str) -> Iterator[File]:
    """The pictures in an archive, or those that a list names.

    Raises:
        DigitsError: it is not there, or damaged.
    """
    kinds = {".tar": _in_tar, ".parquet": _in_parquet, ".csv": _in_csv, ".txt": _in_text}
    damage = (EOFError, ValueError, tarfile.TarError, csv.Error)
    with told(f"{name}: cannot be read", *damage):
        yield from kinds["." + name.lower().rpartition(".")[2]](name)


def read(file: File) -> bytes:
    """What stands in a file of an archive, or at an address; no more than `load` takes.

    Raises:
        DigitsError: it cannot be read, or is not there any more.
    """
    with told(f"{file.name}: cannot be read", *OF_STORES):
        if file.shard.lower().endswith(".parquet"):
            return _of_parquet(file)
        with _opened(file.shard or file.name) as whole:
            if not file.shard:
                return whole.read(MAX_BYTES + 1)
            whole.seek(file.at)
            return whole.read(min(file.size, MAX_BYTES + 1))


def write(address: str, path: Path) -> None:
    """Put a file at an address, whole or not at all as far as its store does so.

    Raises:
        DigitsError: it cannot be written.
    """
    with told(f"{address}: cannot be written", *OF_STORES):
        system, there = _fsspec().core.url_to_fs(address)
        system.makedirs(there.rpartition("/")[0], exist_ok=True)
        system.put_file(str(path), there)


def size(file: File) -> int:
    """The bytes of a file in an archive."""
    return len(_of_parquet(file)) if file.shard.lower().endswith(".parquet") else file.size


def _opened(name: str) -> IO[bytes]:
    if not is_address(name):
        return Path(name).open("rb")
    return _fsspec().open(name, "rb").open()


def _in_tar(name: str) -> Iterator[File]:
    with _opened(name) as whole:
        if whole.read(2) == GZIP:
            raise DigitsError(f"{name}: is compressed, which pictures are already; gunzip it")
        whole.seek(0)
        with tarfile.open(fileobj=whole, mode="r:") as archive:
            for member in archive:
                archive.members = []  # type: ignore[attr-defined]  # it would keep them all
                if member.isfile() and not member.name.lower().endswith(NOT_PICTURES):
                    yield File(f"{name}/{member.name}", name, member.offset_data, member.size)


def _in_parquet(name: str) -> Iterator[File]:
    with _damage_told(name):
        table = _table(name)
        names, _ = _columns(name)
        for group in range(table.num_row_groups):
            rows = table.metadata.row_group(group).num_rows
            known = table.read_row_group(group, [names])[names] if names else None
            for row, one in enumerate(known.to_pylist() if known else range(rows)):
                yield File(f"{name}/{one if names else f'{group}/{one}'}", name, group, row)


def _of_parquet(file: File) -> bytes:
    with _damage_told(file.name):
        return _bytes_of_group(file.shard, file.at)[file.size] or b""


def _damage_told(name: str) -> AbstractContextManager[None]:
    """Within, what a damaged table, or one that lost rows since, makes pyarrow raise is told."""
    pyarrow = required("pyarrow", f"{name}: .parquet")
    return told(f"{name}: cannot be read", pyarrow.ArrowException, IndexError)


@lru_cache(1)  # pictures of a group are asked for one after the other
def _bytes_of_group(name: str, group: int) -> list[bytes | None]:
    _, pictures = _columns(name)
    values = _table(name).read_row_group(group, [pictures]).column(0).to_pylist()
    return [value["bytes"] if isinstance(value, dict) else value for value in values]


def _columns(name: str) -> tuple[str, str]:
    """The columns of names, '' if there is none, and of pictures: the first that is binary, or
    Hugging Face's structure of bytes and path."""
    import pyarrow

    schema = _table(name).schema_arrow
    texts = {field.name for field in schema if field.type in ("string", "large_string")}
    names = [column for column in NAME_COLUMNS if column in texts]
    for field in schema:
        if pyarrow.types.is_binary(field.type) or pyarrow.types.is_large_binary(field.type):
            return (names or [""])[0], field.name
        if pyarrow.types.is_struct(field.type) and field.type.get_field_index("bytes") >= 0:
            return (names or [""])[0], f"{field.name}.bytes"
    raise DigitsError(f"{name}: no column of it is binary; pictures are expected as bytes")


@lru_cache(4)
def _table(name: str) -> Any:
    parquet = required("pyarrow.parquet", f"{name}: .parquet")
    return parquet.ParquetFile(_opened(name) if is_address(name) else name)


def _in_csv(name: str) -> Iterator[File]:
    with io.TextIOWrapper(_opened(name), "utf-8-sig", newline="") as text:
        rows = csv.DictReader(text, strict=True)
        column = next((c for c in NAME_COLUMNS if c in (rows.fieldnames or ())), None)
        if column is None:
            raise DigitsError(f"{name}: no column of it is called {' or '.join(NAME_COLUMNS)}")
        for row in rows:
            yield from _beside(name, row[column] or "")


def _in_text(name: str) -> Iterator[File]:
    with io.TextIOWrapper(_opened(name), "utf-8-sig") as text:
        for line in text:
            yield from _beside(name, line.rstrip("\r\n"))


def _beside(name: str, entry: str) -> Iterator[File]:
    """What a line of a list names, seen from where the list lies; of an archive what is in it."""
    if not entry:
        return
    if not is_address(entry):
        near = f"{name.rpartition('/')[0]}/{entry}"
        entry = near if is_address(name) else str(Path(name).parent / entry)
    if entry.lower().endswith(ARCHIVES):
        yield from files(entry)
    else:
        yield File("./-" if entry == "-" else entry)  # a file of that name, no standard input


def _fsspec() -> Any:
    return required("fsspec", "an address")
