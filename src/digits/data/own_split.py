"""Who of one's own data is for training, validation and the test: by a hash of each, no chance.

A picture is held out if its hash says so, whatever else is in its class, so that adding pictures
moves none from training to the test: a model would be measured on what it has learned. Each part
gets one of a class at least, by the order of the hashes; only where that went against the hash (a
class of one or two pictures, or all of them for the test) can it change.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from digits.data.own_files import TEST, TRAIN, VALIDATION, Item
from digits.errors import DigitsError

TEST_SHARE = 0.2  # of the pictures of a class, or of writers


def parts_of(path: Path, items: list[Item], keys: Sequence[str], hold_out: int) -> list[str]:
    """The part of each item, of which `keys` are hashes: the one that is told, else TEST_SHARE for
    the test and one in `hold_out` of the others for validation. Where writers are told, whole
    writers are held out.

    Raises:
        DigitsError: parts are told of some alone, or there are fewer than three writers.
    """
    told = [item.part for item in items]
    if any(told) and not all(told):
        raise DigitsError(f"{path}: some pictures have a split and others none")
    parts = told if any(told) else [TRAIN] * len(items)
    wanted = {} if TEST in parts else {TEST: TEST_SHARE}
    if VALIDATION not in parts:
        wanted[VALIDATION] = (1 - sum(wanted.values())) / hold_out
    rest = [i for i, part in enumerate(parts) if part == TRAIN]
    writers = sorted({items[i].writer for i in rest})
    if any(writers) and wanted:
        if len(writers) <= len(wanted):
            raise DigitsError(f"{path}: {len(writers)} writers; to hold some out it takes three")
        of_writer = dict(zip(writers, by_hash(writers, wanted), strict=True))
        return [
            of_writer[item.writer] if part == TRAIN else part
            for item, part in zip(items, parts, strict=True)
        ]
    of_class: dict[str, list[int]] = defaultdict(list)
    for i in rest:
        of_class[items[i].label].append(i)
    for some in of_class.values():
        for i, part in zip(some, by_hash([keys[i] for i in some], wanted), strict=True):
            parts[i] = part
    return parts


def by_hash(keys: Sequence[str], wanted: dict[str, float]) -> list[str]:
    """The part of each key: of the `wanted` ones about the share that is said, one at least while
    one is left for each part after it and for training."""
    places = [_place(key) for key in keys]
    order = sorted(range(len(keys)), key=places.__getitem__)
    parts, done, bound = [TRAIN] * len(keys), 0, 0.0
    for number, (part, share) in enumerate(wanted.items(), 1):
        bound += share
        count = max(sum(place < bound for place in places) - done, 1)
        most = len(keys) - done - 1 - (len(wanted) - number)
        for i in order[done : done + max(min(count, most), 0)]:
            parts[i] = part
            done += 1
    return parts


def _place(key: str) -> float:
    """Where in 0..1 the hash of a key lies."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") / 2**64
