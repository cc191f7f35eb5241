"""Measure the server against the same reader in a loop: `python benchmarks/serving.py`.

Starts `digits serve` on this machine's loopback, asks it over kept-alive connections for a bounded
number of pictures, and ends it. Prints the table of docs/results.md; `--output` writes it as JSON.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from support.command import run_main

ROOT = Path(__file__).parents[1]
CONNECTIONS = {"28x28 PNG": (1, 8, 32, 128), "page photograph": (1, 4)}


def small_pictures(count: int) -> list[bytes]:
    """Tiles as PNG files: drawn digits, each another one."""
    import cv2

    from digits.data import strokes

    tiles, _ = strokes.draw(count, np.random.default_rng(1))
    return [cv2.imencode(".png", tile.reshape(28, 28))[1].tobytes() for tile in tiles]


def page_photograph() -> bytes:
    """Two rows of digits in a picture of 12 megapixels, as JPEG."""
    import cv2
    from PIL import Image

    with Image.open(ROOT / "test_images" / "two_rows.png") as image:
        small = np.asarray(image.convert("L"))
    page = cv2.resize(small, (4000, 3000), interpolation=cv2.INTER_CUBIC)
    noise = np.random.default_rng(1).normal(0, 6, page.shape)
    light = np.linspace(0.7, 1.0, page.shape[1])
    picture = np.clip(page * light + noise, 0, 255).astype(np.uint8)
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()


def loop(pictures: list[bytes]) -> tuple[float, float]:
    """Seconds, on the clock and of the CPU, that the reader takes for pictures on one thread."""
    import cv2

    from digits import classifier
    from digits.reading.reader import Reader
    from digits.vision.load import load

    cv2.setNumThreads(1)
    classifier.compute_on_one_thread()
    reader = Reader.expecting(classifier.load(classifier.find(classifier.DEFAULT_SHIPPED)))
    reader.read(load(pictures[0]))
    start, cpu = time.perf_counter(), time.process_time()
    for picture in pictures:
        json.dumps(reader.read(load(picture)).as_json())
    return time.perf_counter() - start, time.process_time() - cpu


def loops(pictures: list[bytes], processes: int) -> dict[str, float]:
    """That loop in several processes at once."""
    shares = [pictures[i::processes] for i in range(processes)]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        seconds, cpu = zip(*pool.map(loop, shares), strict=True)
    return {
        "pictures_per_second": len(pictures) / max(seconds),
        "cpu_ms_per_picture": 1000 * sum(cpu) / len(pictures),
    }


async def asked(port: int, pictures: list[bytes], connections: int) -> dict[str, Any]:
    """Ask for each picture once, over so many connections; latencies in ms, statuses."""
    waiting, latencies, statuses = iter(pictures), [], dict[int, int]()

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for picture in waiting:
            start = time.perf_counter()
            writer.write(
                b"POST /v1/predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/png\r\n"
                b"Content-Length: %d\r\n\r\n" % len(picture) + picture
            )
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
            await reader.readexactly(length)
            latencies.append(1000 * (time.perf_counter() - start))
            status = int(head[9:12])
            statuses[status] = statuses.get(status, 0) + 1
        writer.close()

    start = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(connections)))
    seconds = time.perf_counter() - start
    p50, p95, p99 = np.percentile(latencies, [50, 95, 99])
    return {
        "pictures_per_second": len(pictures) / seconds,
        "p50_ms": float(p50), "p95_ms": float(p95), "p99_ms": float(p99), "statuses": statuses,
    }  # fmt: skip


def family(pid: int) -> list[str]:
    """A process and its children."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [str(pid), *{p for task in tasks for p in (task / "children").read_text().split()}]


def memory_mb(pid: int) -> float:
    """Resident memory of a process and its children, MB."""
    pages = [int(Path(f"/proc/{p}/statm").read_text().split()[1]) for p in family(pid)]
    return sum(pages) * os.sysconf("SC_PAGE_SIZE") / 2**20


def cpu_seconds(pid: int) -> float:
    """What a process and its children have computed so far: other programs do not change it."""
    fields = [Path(f"/proc/{p}/stat").read_text().rpartition(")")[2].split() for p in family(pid)]
    return sum(int(f[11]) + int(f[12]) for f in fields) / os.sysconf("SC_CLK_TCK")


def start(workers: int) -> tuple[subprocess.Popen[str], int, float]:
    """A server, its port, and the seconds from the command to its first answer."""
    begin = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, ROOT / "src" / "serve.py", "--port", "0", "--workers", str(workers)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout
    port = int(process.stdout.readline().split()[2].rstrip("/").rpartition(":")[2])
    asyncio.run(asked(port, [(ROOT / "test_images" / "small.png").read_bytes()], 1))
    return process, port, time.perf_counter() - begin


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=5000, help="28x28 pictures a measurement")
    parser.add_argument("--photographs", type=int, default=20, help="photographs a measurement")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--output", type=Path, help="write what was measured as JSON")
    args = parser.parse_args()

    pictures = {
        "28x28 PNG": small_pictures(args.count),
        "page photograph": [page_photograph()] * args.photographs,
    }
    table: list[dict[str, Any]] = []

    def note(what: str, how: str, measured: dict[str, Any]) -> None:
        table.append({"what": what, "how": how, **measured})
        print(json.dumps(table[-1]), flush=True)

    for name, files in pictures.items():
        note(name, f"loop, {args.workers} processes", loops(files, args.workers))
    process, port, seconds = start(args.workers)
    try:
        print(f"from the command to the first answer: {seconds:.2f} s", flush=True)
        before = memory_mb(process.pid)
        for name, files in pictures.items():
            for connections in CONNECTIONS[name]:
                cpu = cpu_seconds(process.pid)
                measured = asyncio.run(asked(port, files, connections))
                cpu = cpu_seconds(process.pid) - cpu
                measured["cpu_ms_per_picture"] = 1000 * cpu / len(files)
                note(name, f"{connections} connections", measured)
        crowd = asyncio.run(asked(port, pictures["28x28 PNG"], 1000))
        note("28x28 PNG", "1000 connections", crowd)
        memory = {"before": before, "after": memory_mb(process.pid)}
        print(f"memory: {before:.0f} MB before, {memory['after']:.0f} MB after")
    finally:
        process.terminate()
        process.wait(60)
    if args.output:
        content = {"first_answer_s": seconds, "memory_mb": memory, "table": table}
        args.output.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    run_main(main)
