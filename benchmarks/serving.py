"""Measure the server against the same reader in a loop: `python benchmarks/serving.py`.

The loop runs first, with no server beside it; then `digits serve` on this machine's loopback is
asked over kept-alive connections for a bounded number of pictures, killed under load and started
again. Prints the table of docs/results.md; `--output` writes it as JSON. Code 1 where an answer is
none of 200, 429 and 503.
"""

import argparse
import asyncio
import json
import os
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import cycle, islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from support.command import run_main
from support.server import ROOT, Server, asked

from digits import checkpoint
from digits.errors import DigitsError

SMALL, PAGE = "28x28 PNG", "page photograph"
CONNECTIONS = {SMALL: (1, 8, 32, 128), PAGE: (1, 4)}
FLAT_CONNECTIONS = 32
WARM = 5000  # requests before memory is looked at: pools and caches are full then
ALLOWED = {"200", "429", "503"}


def small_pictures(count: int) -> list[bytes]:
    """Tiles as PNG files: drawn digits, each another one."""
    import cv2

    from digits.data import strokes

    tiles, _ = strokes.draw(count, np.random.default_rng(1))
    return [cv2.imencode(".png", tile.reshape(28, 28))[1].tobytes() for tile in tiles]


def page_photograph() -> bytes:
    """Two rows of digits in a picture of 12 megapixels, as JPEG: what is read within its time."""
    import cv2
    from PIL import Image

    with Image.open(ROOT / "test_images" / "two_rows.png") as image:
        small = np.asarray(image.convert("L"))
    page = cv2.resize(small, (4000, 3000), interpolation=cv2.INTER_CUBIC)
    noise = np.random.default_rng(1).normal(0, 3, page.shape)
    light = np.linspace(0.7, 1.0, page.shape[1])
    picture = np.clip(page * light + noise, 0, 255).astype(np.uint8)
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()


def loop(pictures: list[bytes]) -> tuple[float, float, str]:
    """Seconds, on the clock and of the CPU, that the reader takes for pictures on one thread, and
    what it read in the first."""
    import cv2

    from digits import classifier
    from digits.pictures.load import load
    from digits.reading.reader import Reader

    cv2.setNumThreads(1)
    classifier.compute_on_one_thread()
    reader = Reader.expecting(classifier.load(classifier.find(classifier.DEFAULT_SHIPPED)))
    text = reader.read(load(pictures[0])).text
    start, cpu = time.perf_counter(), time.process_time()
    for picture in pictures:
        json.dumps(reader.read(load(picture)).as_json())
    return time.perf_counter() - start, time.process_time() - cpu, text


def loops(pictures: list[bytes], processes: int) -> dict[str, Any]:
    """That loop in several processes at once."""
    shares = [share for i in range(processes) if (share := pictures[i::processes])]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        seconds, cpu, texts = zip(*pool.map(loop, shares), strict=True)
    return {
        "pictures_per_second": len(pictures) / max(seconds),
        "cpu_ms_per_picture": 1000 * sum(cpu) / len(pictures),
        "answer": texts[0],
    }


def served(server: Server, pictures: list[bytes], connections: int, rate: float) -> dict[str, Any]:
    """What the server does of them; `rate`: pictures a second of the loop, of which it is a share.

    Raises:
        DigitsError: a status that is not ALLOWED.
    """
    cpu = server.cpu_seconds
    measured = asyncio.run(asked(server.port, pictures, connections))
    measured["cpu_ms_per_picture"] = 1000 * (server.cpu_seconds - cpu) / len(pictures)
    measured["share_of_loop"] = measured["pictures_per_second"] / rate
    if others := set(measured["statuses"]) - ALLOWED:
        raise DigitsError(f"{connections} connections: answered with {', '.join(sorted(others))}")
    return measured


def flat(server: Server, pictures: list[bytes], count: int) -> dict[str, Any]:
    """Memory before and after `count` requests, once the server is warm."""

    def ask(requests: int) -> float:
        asyncio.run(asked(server.port, islice(cycle(pictures), requests), FLAT_CONNECTIONS))
        return server.memory_mb

    before, after = ask(min(WARM, count)), ask(count)
    return {"requests": count, "before_mb": before, "after_mb": after, "grown": after / before - 1}


def killed(server: Server, pictures: list[bytes], workers: int) -> tuple[Server, float]:
    """SIGKILL for the server while it is asked; another one on its port, which has answered after
    so many seconds.

    Raises:
        DigitsError: it was not asked at that moment.
    """

    async def under_load() -> None:
        asking = asyncio.create_task(asked(server.port, cycle(pictures), FLAT_CONNECTIONS))
        await asyncio.sleep(1)
        server.kill()
        await asking

    try:
        asyncio.run(under_load())
        raise DigitsError("the server was killed, and nobody noticed")
    except (ConnectionError, asyncio.IncompleteReadError):
        again = Server(workers, server.port)
    return again, again.seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--count", type=int, default=5000, help="28x28 pictures a measurement")
    add("--photographs", type=int, default=20, help="photographs a measurement")
    add("--crowd", type=int, default=1000, help="connections at once, each with five pictures")
    add("--flat", type=int, default=0, help="requests over which memory is to stay as it is")
    add("--workers", type=int, default=os.cpu_count() or 1)
    add("--output", type=Path, help="write what was measured as JSON")
    args = parser.parse_args()

    pictures = {SMALL: small_pictures(args.count), PAGE: [page_photograph()] * args.photographs}
    found: dict[str, Any] = {"workers": args.workers, "table": []}

    def note(what: str, how: str, measured: dict[str, Any]) -> None:
        found["table"].append({"what": what, "how": how, **measured})
        print(json.dumps(found["table"][-1]), flush=True)

    rates = {}
    for name, files in pictures.items():
        measured = loops(files, args.workers)
        rates[name] = measured["pictures_per_second"]
        note(name, f"loop, {args.workers} processes", measured)
    server = Server(args.workers)
    found["first_answer_s"] = server.seconds
    try:
        for name, files in pictures.items():
            for connections in CONNECTIONS[name]:
                measured = served(server, files, connections, rates[name])
                note(name, f"{connections} connections", measured)
        crowd = list(islice(cycle(pictures[SMALL]), 5 * args.crowd))
        measured = served(server, crowd, args.crowd, rates[SMALL])
        note(SMALL, f"{args.crowd} connections", measured)
        if args.flat:
            found["memory"] = flat(server, pictures[SMALL], args.flat)
        server, found["first_answer_after_kill_s"] = killed(server, pictures[SMALL], args.workers)
    finally:
        server.stop()
    print(json.dumps({key: value for key, value in found.items() if key != "table"}))
    if args.output:
        checkpoint.write_json(args.output, found)
    return 0


if __name__ == "__main__":
    run_main(main)
