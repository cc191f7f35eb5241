"""Read more pictures than one machine can, with Ray Data on a cluster: the list of pictures in
parts, a Parquet file of answers each.

A worker that is lost is replaced, and goes on with its part where the lost one stopped; a part that
is whole is not read again.
"""

import logging
import os
import pickle
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any

from digits import classifier
from digits.bulk.answer_file import AnswerFile
from digits.bulk.workers import Workers
from digits.errors import DigitsError, reason, told
from digits.extras import required
from digits.pictures import packed
from digits.pictures.packed import File
from digits.spec import STATUSES

PART = 10_000  # pictures: half an hour of a core for photographs of a row
WAVE = 200  # parts that the cluster is given at a time: so many lists lie in its memory
MOST_NAMED = 3  # strange parts, where there are more
SUFFIX = ".parquet"


def read_into(
    folder: str, files: Iterable[File], resume: bool, part: int = PART, **settings: Any
) -> Iterator[Counter[str]]:
    """Read files into `folder`, a path or an address that all machines see; for each part that has
    become whole how many answers of each status it got, and how many files as `there before`.

    `settings` are the arguments of `Workers`, with `model` as a name or path on each machine. The
    cluster is that of $RAY_ADDRESS, else this machine.

    Raises:
        DigitsError: Ray is not installed; the folder has parts already and is not to be gone on
            with, or cannot be written; a worker raised one.
    """
    there = set(_whole_parts(folder))
    if there and not resume:
        raise DigitsError(f"--output {folder}: has answers; add --resume to go on, or remove it")
    classifier.load(classifier.find(settings["model"]))  # what is wrong with it is said first
    ray = _started()
    waiting, met = iter(files), set()
    for number in range(0, 1 << 62, WAVE):
        wave = []
        for place in range(number, number + WAVE):
            if not (some := list(islice(waiting, part))):
                break
            name = f"part-{place:06}-{_digest(some, settings)}{SUFFIX}"
            met.add(name)
            if name in there:
                yield Counter({"there before": len(some)})
            else:
                wave.append({"name": name, "files": pickle.dumps(some)})
        if wave:
            yield from _read_wave(ray, folder, wave, settings)
        elif not some:
            break
    if strange := there - met:
        raise DigitsError(
            f"--output {folder}: all is read, but parts of another list, or read otherwise, lie "
            f"there too: remove {', '.join(sorted(strange)[:MOST_NAMED])}"
            + (f" and {len(strange) - MOST_NAMED} more" if len(strange) > MOST_NAMED else "")
        )


def _read_wave(
    ray: Any, folder: str, wave: list[dict[str, Any]], settings: dict[str, Any]
) -> Iterator[Counter[str]]:
    workers = max(1, int(ray.cluster_resources().get("CPU", 1)))
    parts = ray.data.from_items(wave, override_num_blocks=len(wave)).map(
        Worker,
        fn_constructor_kwargs={"folder": folder, "settings": settings},
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=workers),
        num_cpus=1,
    )
    try:
        for row in parts.iter_rows():
            if "failed" in row:
                raise DigitsError(row["failed"])
            yield Counter({status: count for status, count in row.items() if count})
    except ray.exceptions.RayError as error:
        raise DigitsError(f"Ray: {reason(error)}") from None


class Worker:
    """Reads parts in a process of a cluster; pictures in one more, as one of them may kill it."""

    def __init__(self, folder: str, settings: dict[str, Any]) -> None:
        model = classifier.find(settings["model"])
        self._folder = folder
        self._workers = Workers(**{**settings, "model": model}, processes=1)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        files: list[File] = pickle.loads(row["files"])
        try:
            if not packed.is_address(self._folder):
                return {**self._read(Path(self._folder) / row["name"], files)}
            with tempfile.TemporaryDirectory() as own:
                counts = self._read(Path(own) / row["name"], files)
                packed.write(f"{self._folder.rstrip('/')}/{row['name']}", Path(own) / row["name"])
            return {**counts}
        except DigitsError as error:  # Ray would try it for ever, and tell of it in 50 lines
            return {"failed": str(error)}

    def _read(self, path: Path, files: list[File]) -> Counter[str]:
        counts = Counter(dict.fromkeys(STATUSES, 0))
        with AnswerFile(path, resume=True) as answers:
            counts["there before"] = len(answers.answered)
            for some in self._workers.read([f for f in files if not answers.has(f.name)]):
                answers.write(some)
                counts.update(answer["status"] for answer in some)
        return counts


def _whole_parts(folder: str) -> Iterator[str]:
    """The names of the parts that are whole; beside one that is not lies its journal."""
    with told(f"--output {folder}: cannot be read"):
        if packed.is_address(folder):
            names = {one.rpartition("/")[2] for one in packed.listed(folder)}
        else:
            names = {path.name for path in Path(folder).glob("part-*")}
    return (n for n in names if n.endswith(SUFFIX) and f"{n}.jsonl" not in names)


def _digest(files: list[File], settings: dict[str, Any]) -> str:
    """Of what is read and how: a part of another list has another name."""
    content = repr((files, sorted(settings.items())))
    return blake2b(content.encode("utf-8", "backslashreplace"), digest_size=6).hexdigest()


def _started() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would report home
    ray = required("ray", "--engine ray")
    required("ray.data", "--engine ray")
    if not ray.is_initialized():
        package = str(Path(__file__).parents[2])  # for workers on this machine
        seen = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
        try:
            ray.init(
                include_dashboard=None if os.environ.get("RAY_ADDRESS") else False,
                logging_level=logging.ERROR,
                log_to_driver=False,
                runtime_env={"env_vars": {"PYTHONPATH": seen}},
            )
        except Exception as error:  # a bare one, where a node does not start in time
            raise DigitsError(f"Ray does not start: {reason(error)}") from None
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    ray.data.DataContext.get_current().enable_progress_bars = False
    return ray
