"""A server on loopback for benchmarks: started, asked over kept-alive connections, looked at."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[2]


class Server:
    """`digits serve` on a port, 0 for any; `seconds` from the command to its first answer."""

    def __init__(self, workers: int, port: int = 0) -> None:
        begin = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, ROOT / "src" / "serve.py", "--port", str(port),
             "--workers", str(workers)],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert self.process.stdout
        self.port = int(self.process.stdout.readline().split()[2].rstrip("/").rpartition(":")[2])
        asyncio.run(asked(self.port, [(ROOT / "test_images" / "small.png").read_bytes()], 1))
        self.seconds = time.perf_counter() - begin

    def stop(self) -> None:
        """End it as an operator would."""
        self.process.terminate()
        self.process.communicate(timeout=60)

    def kill(self) -> None:
        """End it at once, with SIGKILL."""
        self.process.kill()
        self.process.communicate()

    @property
    def _family(self) -> list[str]:
        tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
        children = {pid for task in tasks for pid in (task / "children").read_text().split()}
        return [str(self.process.pid), *children]

    @property
    def memory_mb(self) -> float:
        """Resident memory of it and its processes, MB."""
        pages = [int(Path(f"/proc/{p}/statm").read_text().split()[1]) for p in self._family]
        return sum(pages) * os.sysconf("SC_PAGE_SIZE") / 2**20

    @property
    def cpu_seconds(self) -> float:
        """What it and its processes have computed so far: other programs do not change it."""
        stats = [Path(f"/proc/{p}/stat").read_text() for p in self._family]
        fields = [stat.rpartition(")")[2].split() for stat in stats]
        return sum(int(f[11]) + int(f[12]) for f in fields) / os.sysconf("SC_CLK_TCK")


async def asked(port: int, pictures: Iterable[bytes], connections: int) -> dict[str, Any]:
    """Ask for each picture once, over so many connections.

    Pictures a second; the statuses; the latencies of what was answered with 200, and if there was
    any, of the rest.

    Raises:
        ConnectionError, IncompleteReadError: the server goes away.
    """
    waiting, latencies = iter(pictures), dict[int, list[float]]()

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for picture in waiting:
            start = time.perf_counter()
            status = await _ask(reader, writer, picture)
            latencies.setdefault(status, []).append(1000 * (time.perf_counter() - start))
        writer.close()

    start = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(connections)))
    seconds = time.perf_counter() - start
    good = latencies.get(200, [])
    rest = [ms for status, several in latencies.items() if status != 200 for ms in several]
    return {
        "pictures_per_second": len(good) / seconds,
        **_percentiles(good),
        **({"others": _percentiles(rest)} if rest else {}),
        "statuses": {str(status): len(latencies[status]) for status in sorted(latencies)},
    }


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, picture: bytes) -> int:
    kind = b"image/jpeg" if picture.startswith(b"\xff\xd8") else b"image/png"
    writer.write(
        b"POST /v1/predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: %s\r\n"
        b"Content-Length: %d\r\n\r\n" % (kind, len(picture)) + picture
    )
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
    await reader.readexactly(length)
    return int(head[9:12])


def _percentiles(latencies: list[float]) -> dict[str, float]:
    if not latencies:
        return {}
    values = np.percentile(latencies, [50, 95, 99])
    return dict(zip(("p50_ms", "p95_ms", "p99_ms"), map(float, values), strict=True))
