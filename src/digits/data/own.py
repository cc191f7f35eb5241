"""One's own data: a folder with one folder a class, a CSV file of path,label, or an .npz file.

It says what it found on standard error, and what it leaves out and why, before anything is learned.
The split needs no random numbers and no file names: within a class the pictures are put in the
order of a hash of their tiles. Where writers are told, whole writers are held out.
"""

import csv
import hashlib
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from digits import card
from digits.data.look import Look
from digits.data.pictures import tile_of
from digits.data.split import Dataset, Split
from digits.data.suspects import suspects
from digits.errors import DigitsError, reason
from digits.spec import NONE

FILES = (".csv", ".npz")
TRAIN, VALIDATION, TEST = "train", "validation", "test"
PARTS = {"train": TRAIN, "val": VALIDATION, "valid": VALIDATION, "validation": VALIDATION,
         "test": TEST}  # fmt: skip
TEST_NTH = 5  # every fifth picture of a class, or writer, is for the test
MOST_SUSPECTS = 50  # labels that may be wrong and are named
MOST_NAMED = 5  # files that are left out and named; of more their number is told
EXPECTED = (
    "expected a folder with one folder a class (DATA/a/1.png, DATA/b/2.png), "
    "a CSV file of path,label, or an .npz file of images and labels"
)


@dataclass(frozen=True)
class Item:
    """A picture, a file or pixels (H, W) or (H, W, 3), and what is told of it; `part` may be ""."""

    source: Path | np.ndarray
    name: str
    label: str
    writer: str = ""
    part: str = ""


def is_own(name: str) -> bool:
    """Whether a data set's name is a path."""
    return Path(name).suffix in FILES or Path(name).is_dir() or "/" in name or "\\" in name


def load(name: str, hold_out: int, look: Look) -> Dataset:
    """The data that lie at a path, as tiles of this `look`.

    Every fifth picture of a class is for the test and every `hold_out`-th of the others for
    validation, at least one each where a class has three; unless the folder has parts of its own.

    Raises:
        DigitsError: there is no such data or no picture in it can be read; with `look.strict`, also
            when one cannot, or is there twice.
    """
    path = Path(name)
    items, tiles = _readable(path, list(_items(path)), look)
    items, tiles, keys = _distinct(path, items, tiles, look)
    classes = in_order(item.label for item in items)
    if not card.is_classes(classes, least=1):
        raise DigitsError(f"{path}: a class has a name that none can have, of {classes!r:.80}")
    parts = np.array(_parts(path, items, keys, hold_out))
    labels = np.array([classes.index(item.label) for item in items])
    _say_what_was_found(path, items, classes, parts)
    if look.check_labels:
        _say_suspects(path, items, tiles, labels, classes)
    train, validation, test = (
        Split(tiles[parts == part], labels[parts == part]) for part in (TRAIN, VALIDATION, TEST)
    )
    listing = tuple((i.name, i.label, str(part)) for i, part in zip(items, parts, strict=True))
    return Dataset(name, train, validation, test, classes, listing)


def in_order(labels: Iterator[str] | Sequence[str]) -> tuple[str, ...]:
    """The classes among labels: numbers by their value, then names, and last what is none."""

    def rank(label: str) -> tuple[bool, bool, int, str]:
        number = label.isascii() and label.isdecimal() and len(label) < 10
        return label == NONE, not number, int(label) if number else 0, label

    return tuple(sorted(set(labels), key=rank))


def _items(path: Path) -> Iterator[Item]:
    if path.is_dir():
        return _of_folder(path)
    if not path.is_file():
        raise DigitsError(f"{path}: no such folder or file; {EXPECTED}")
    if path.suffix == ".csv":
        return _of_csv(path)
    if path.suffix == ".npz":
        return _of_npz(path)
    raise DigitsError(f"{path}: {EXPECTED}")


def _of_folder(path: Path) -> Iterator[Item]:
    folders = _folders(path)
    names = [folder.name for folder in folders]
    if TRAIN in names:
        other = [name for name in names if name not in PARTS]
        if other:
            raise DigitsError(f"{path}: has a folder {other[0]!r} beside train/; move it away")
        pairs = [(PARTS[part.name], label) for part in folders for label in _folders(part)]
    else:
        pairs = [("", label) for label in folders]
    if not pairs:
        tables = sorted(path.glob("*.csv"))
        hint = f"; did you mean {tables[0]}?" if tables else ""
        raise DigitsError(f"{path}: no folders in it; {EXPECTED}{hint}")
    for part, folder in pairs:
        for file in sorted(folder.rglob("*")):
            hidden = any(name.startswith(".") for name in file.relative_to(path).parts)
            if file.is_file() and not hidden and file.suffix != ".tmp":
                yield Item(file, str(file.relative_to(path)), folder.name, part=part)


def _folders(path: Path) -> list[Path]:
    return sorted(f for f in path.iterdir() if f.is_dir() and not f.name.startswith("."))


def _of_csv(path: Path) -> Iterator[Item]:
    """Rows of path,label and perhaps writer and split; paths start at the CSV file's folder."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DigitsError(f"{path}: cannot be read: {reason(error)}") from None
    rows = csv.DictReader(text.splitlines(), skipinitialspace=True)
    if not {"path", "label"} <= set(rows.fieldnames or ()):
        raise DigitsError(f"{path}: its first line names no path and label; it is `path,label`")
    for number, row in enumerate(_told(path, rows), start=2):
        file, label = (row["path"] or "").strip(), (row["label"] or "").strip()
        part = (row.get("split") or "").strip()
        if not file or not label or None in row:
            raise DigitsError(f"{path}: line {number} is not path,label: {row!s:.60}")
        if part and part not in PARTS:
            raise DigitsError(f"{path}: line {number}: split is {part!r}, not {', '.join(PARTS)}")
        writer = (row.get("writer") or "").strip()
        yield Item(path.parent / file, file, label, writer, PARTS.get(part, ""))


def _told(path: Path, rows: "csv.DictReader[str]") -> Iterator[dict[str, str]]:
    try:
        yield from rows
    except csv.Error as error:
        raise DigitsError(f"{path}: no CSV file: {reason(error)}") from None


def _of_npz(path: Path) -> Iterator[Item]:
    """images (N, H, W) or (N, H, W, 3) uint8, labels (N,), and perhaps writers (N,)."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except Exception as error:  # a damaged zip raises whatever zlib and zipfile do
        raise DigitsError(f"{path}: damaged, or no .npz file ({reason(error)})") from None
    images, labels = arrays.get("images"), arrays.get("labels")
    if images is None or labels is None:
        raise DigitsError(f"{path}: holds no arrays `images` and `labels`")
    count = len(labels) if labels.ndim == 1 else -1
    writers = arrays.get("writers", np.full(max(count, 0), ""))
    pixels = images.ndim == 3 or (images.ndim == 4 and images.shape[3] == 3)
    if not (pixels and images.dtype == np.uint8 and len(images) == len(writers) == count):
        raise DigitsError(
            f"{path}: images are {images.dtype} {images.shape} and labels {labels.shape}; they "
            "should be uint8 (N, H, W) or (N, H, W, 3) and (N,)"
        )
    for i, image in enumerate(images):
        yield Item(image, f"images[{i}]", str(labels[i]), str(writers[i]))


def _readable(path: Path, items: list[Item], look: Look) -> tuple[list[Item], np.ndarray]:
    """The pictures that can be read, and their tiles (N, C, H, W) uint8."""
    from tqdm import tqdm

    tiles = np.empty((len(items), *look.shape), np.uint8)
    kept: list[Item] = []
    left_out: list[str] = []
    for item in tqdm(items, "pictures", disable=None, leave=False, delay=2):
        try:
            tiles[len(kept)] = tile_of(item.source, look)
            kept.append(item)
        except DigitsError as error:
            named = isinstance(item.source, Path) and str(error).startswith(str(item.source))
            left_out.append(str(error) if named else f"{item.name}: {error}")
    _leave_out(path, "cannot be used", left_out, look)
    if not kept:
        raise DigitsError(f"{path}: no picture in it can be read; {EXPECTED}")
    return kept, tiles[: len(kept)]


def _distinct(
    path: Path, items: list[Item], tiles: np.ndarray, look: Look
) -> tuple[list[Item], np.ndarray, list[str]]:
    """Each tile once, and a key of each: a picture in two parts would be learned and measured, and
    of one with two labels nobody knows which is right."""
    keys = [hashlib.sha256(tile.tobytes()).hexdigest() for tile in tiles]
    places: dict[str, list[int]] = defaultdict(list)
    for i, key in enumerate(keys):
        places[key].append(i)
    kept: list[int] = []
    twice: list[str] = []
    torn: list[str] = []
    for same in places.values():
        first, others = items[same[0]], [items[i] for i in same[1:]]
        if len({items[i].part for i in same}) > 1:
            raise DigitsError(
                f"{path}: {first.name} and {others[0].name} are the same picture in two parts; "
                "delete one"
            )
        if len({items[i].label for i in same}) > 1:
            torn += [f"{items[i].name}: labelled {items[i].label!r}" for i in same]
            continue
        kept.append(same[0])
        twice += [f"{other.name}: the same as {first.name}" for other in others]
    _leave_out(path, "are there twice", twice, look)
    _leave_out(path, "are there with two labels", torn, look)
    if not kept:
        raise DigitsError(f"{path}: every picture is there with two labels")
    kept.sort()
    return [items[i] for i in kept], tiles[kept], [keys[i] for i in kept]


def _leave_out(path: Path, why: str, left_out: list[str], look: Look) -> None:
    """Name what is left out, or with `strict` refuse it."""
    if left_out and look.strict:
        raise DigitsError(f"{path}: {len(left_out)} pictures {why}, the first {left_out[0]}")
    for said in left_out[:MOST_NAMED]:
        print(f"warning: left out: {said}", file=sys.stderr)
    if left_out:
        print(f"warning: {path}: {len(left_out)} pictures {why}", file=sys.stderr)


def _parts(path: Path, items: list[Item], keys: list[str], hold_out: int) -> list[str]:
    """The part of each item: the one that is told, else one split off."""
    told = [item.part for item in items]
    if any(told) and not all(told):
        raise DigitsError(f"{path}: some pictures have a split and others none")
    parts = told if any(told) else [TRAIN] * len(items)
    for part, n, least in ((TEST, TEST_NTH, 3), (VALIDATION, hold_out, 2)):
        if part not in parts:
            rest = [i for i, now in enumerate(parts) if now == TRAIN]
            for i in _split_off(path, items, keys, rest, n, least):
                parts[i] = part
    return parts


def _split_off(
    path: Path, items: list[Item], keys: list[str], rest: list[int], n: int, least: int
) -> list[int]:
    """Every n-th of `rest` within a class, one at least where a class has `least`; or every n-th
    writer with all that he wrote."""
    writers = {items[i].writer for i in rest}
    if writers != {""}:
        if len(writers) < least:
            raise DigitsError(f"{path}: {len(writers)} writers; to hold some out it takes three")
        order = sorted(writers, key=lambda name: hashlib.sha256(name.encode()).digest())
        chosen = set(order[: max(len(order) // n, 1)])
        return [i for i in rest if items[i].writer in chosen]
    held: list[int] = []
    for some in _grouped(rest, lambda i: items[i].label).values():
        count = max(len(some) // n, 1 if len(some) >= least else 0)
        held += sorted(some, key=lambda i: keys[i])[:count]
    return held


def _grouped(places: list[int], of: Callable[[int], Hashable]) -> dict[Hashable, list[int]]:
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for i in places:
        groups[of(i)].append(i)
    return groups


def _say_what_was_found(
    path: Path, items: list[Item], classes: tuple[str, ...], parts: np.ndarray
) -> None:
    counts = Counter(item.label for item in items)
    each = ", ".join(f"{name} {counts[name]}" for name in classes)
    sizes = ", ".join(f"{part} {(parts == part).sum():,}" for part in (TRAIN, VALIDATION, TEST))
    writers = {item.writer for item in items}
    by = f" by {len(writers)} writers" if len(writers) > 1 else ""
    found = f"{path}: {len(items):,} pictures of {len(classes)} classes{by}"
    print(f"{found}: {sizes}\n  {each:.300}", file=sys.stderr)
    lonely = [name for name in classes if counts[name] < 3]
    if lonely:
        print(
            f"warning: {path}: fewer than three pictures of {', '.join(lonely):.80}: these "
            "classes cannot be measured",
            file=sys.stderr,
        )


def _say_suspects(
    path: Path, items: list[Item], tiles: np.ndarray, labels: np.ndarray, classes: tuple[str, ...]
) -> None:
    found = suspects(tiles, labels)
    for i, likelier in found[:MOST_SUSPECTS]:
        words = f"labelled {items[i].label!r}, looks like {classes[likelier]!r}"
        print(f"warning: {items[i].name}: {words}", file=sys.stderr)
    print(f"{path}: {len(found)} of {len(items):,} labels may be wrong", file=sys.stderr)
