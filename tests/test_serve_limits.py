"""What a request may cost: time, memory, the others' waiting."""

import asyncio
import io
import json
import socket
import struct
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from digits.web import bodies, protocol, worker
from digits.web import desk as desks
from digits.web.app import make_app
from digits.web.desk import BATCH, SMALL, Desk
from digits.web.limits import LIMITS
from digits.web.settings import Settings
from digits.web.worker import Job
from tests import hanging
from tests.asking import JSON, PNG, Client, small
from tests.conftest import Clients
from tests.wire import HEAD, everything, listening, said

FORM = {"content-type": "multipart/form-data; boundary=x"}


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets limits in a module."""

    def set_(module: Any, **limits: float) -> None:
        monkeypatch.setattr(module, "LIMITS", replace(LIMITS, **limits))

    return set_


async def slowly(*parts: bytes, seconds: float = 0.0) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
        await asyncio.sleep(seconds)


# ---- bodies


@pytest.mark.parametrize(
    "headers", [PNG, JSON, {"content-type": "multipart/form-data; boundary=x"}]
)
def test_a_slow_body(client: Clients, limit: Callable[..., None], headers: dict[str, str]) -> None:
    limit(bodies, body_seconds=0.2)
    body = slowly(b"--x\r\n", b"a", seconds=5)
    answer = client().post("/v1/predict", content=body, headers=headers)
    assert answer.status_code == 408 and "in time" in answer.json()["error"]


@pytest.mark.parametrize(
    "headers", [PNG, JSON, {"content-type": "multipart/form-data; boundary=x"}]
)
def test_a_large_body_without_its_length(client: Clients, headers: dict[str, str]) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1 << 20
            yield bytes(1 << 20)

    answer = client().post("/v1/predict", content=endless(), headers=headers)
    assert answer.status_code in (400, 413) and sent <= LIMITS.body_bytes + (2 << 20)


def test_a_large_body_in_chunks_over_the_wire(client: Clients) -> None:
    chunk = b"100000\r\n" + bytes(1 << 20) + b"\r\n"
    with listening(client()) as place:
        answer = said(place, HEAD, "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
                      *[chunk] * 20)  # fmt: skip
    assert answer.startswith(b"HTTP/1.1 413 ") or not answer  # closed while it was still sent


def test_too_much_in_memory_altogether(client: Clients, limit: Callable[..., None]) -> None:
    limit(bodies, buffered_bytes=100)
    answer = client().post("/v1/predict", content=small(), headers=PNG)
    assert answer.status_code == 503 and answer.headers["retry-after"] == "1"


def test_a_body_that_is_shorter_than_its_length(client: Clients) -> None:
    with listening(client()) as place:
        with socket.create_connection(place) as connection:
            connection.sendall(f"{HEAD}Content-Length: 1000\r\n\r\nabc".encode())
        assert said(place, "GET /health/live HTTP/1.1\r\nHost: localhost\r\n",
                    "Connection: close\r\n\r\n").endswith(b'{"status":"live"}')  # fmt: skip


def test_a_body_that_is_longer_than_its_length(client: Clients) -> None:
    """The rest is the next request, and none."""
    with listening(client()) as place:
        answer = said(
            place, HEAD, f"Content-Length: {len(small())}\r\n\r\n", small(), b"rest\r\n\r\n"
        )
    assert answer.startswith(b"HTTP/1.1 400 ") or b'"status": "read"' in answer


@pytest.mark.slow
@pytest.mark.parametrize(
    "lengths",
    ["Content-Length: 3\r\nTransfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked, x",
     "Content-Length: 3\r\nContent-Length: 4", "Content-Length: -3"],
)  # fmt: skip
def test_two_lengths(client: Clients, lengths: str) -> None:
    with listening(client()) as place:
        answer = said(place, HEAD, lengths, "\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ") and set(json.loads(body)) == {"error", "hint"}


@pytest.mark.parametrize("charset", ["utf-16", "utf-32", "latin-1"])
def test_json_of_another_charset(client: Clients, charset: str) -> None:
    content = '{"images": [{"data": "eA==", "name": "ä"}]}'.encode(charset)
    kind = {"content-type": f"application/json; charset={charset}"}
    assert client().post("/v1/predict", content=content, headers=kind).status_code == 400


# ---- pictures


@pytest.mark.slow
def test_a_bomb_in_a_comment(client: Clients) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + crc

    bomb = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(200 << 20), 9))
    answer = client().post("/v1/predict", content=small()[:33] + bomb + small()[33:], headers=PNG)
    assert answer.status_code == 415


def test_a_file_of_many_pages(client: Clients) -> None:
    with Image.open(io.BytesIO(small())) as image:
        page = image.convert("L")
    file = io.BytesIO()
    page.save(file, "TIFF", save_all=True, append_images=[page] * 199)
    answer = client().post("/v1/predict", content=file.getvalue(), headers=PNG).json()
    assert (answer["page"], answer["text"]) == (1, "3")
    assert answer["warnings"] == ["only the first page of the file was read"]


@pytest.fixture
def fragile(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk whose process hangs and crashes when it is told to."""
    monkeypatch.setattr(worker, "run", hanging.run)
    desk = Desk({"tiny": Path("tiny.onnx")}, 1)
    desk.open()
    yield desk
    desk.close()


def jobs(*data: bytes) -> list[Job]:
    return [Job(one, f"{i}.png", "tiny") for i, one in enumerate(data)]


@pytest.mark.slow
@pytest.mark.parametrize("what", [hanging.CRASH, hanging.HANG])
def test_a_picture_that_ends_its_process_costs_no_other(
    fragile: Desk, limit: Callable[..., None], what: bytes
) -> None:
    limit(desks, picture_seconds=3)
    start = time.monotonic()
    bad, *good = asyncio.run(fragile.read(jobs(what, *[b"good"] * (BATCH - 1))))
    seconds = time.monotonic() - start
    assert [one.status for one in good] == [200] * (BATCH - 1)
    assert seconds < BATCH * 3  # each of them had its own time added once
    answer = json.loads(bad.answer)
    assert (bad.status, answer["status"]) == (422, "error") and "took too long" in answer["error"]
    assert {"page", "pages", "value", "model", "seen_as", "cells"} <= set(answer)


@pytest.mark.slow
def test_a_picture_that_hangs_alone_is_read_once(
    fragile: Desk, limit: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(desks, picture_seconds=0.5)
    begun = []
    begin = desks.Clerk._begin
    monkeypatch.setattr(desks.Clerk, "_begin", lambda clerk: (begun.append(1), begin(clerk)))
    (bad,) = asyncio.run(fragile.read(jobs(hanging.HANG)))
    assert bad.status == 422 and len(begun) == 1


@pytest.mark.slow
def test_small_pictures_of_several_requests_share_a_batch(fragile: Desk) -> None:
    async def ask() -> list[int]:
        busy = asyncio.create_task(fragile.read(jobs(hanging.WAIT + bytes(SMALL))))
        await asyncio.sleep(0.1)
        requests = [fragile.read(jobs(b"small")) for _ in range(8)]
        answers = await asyncio.gather(busy, *requests)
        return [int(result.answer) for (result,) in answers]

    assert asyncio.run(ask()) == [1] + [8] * 8


def test_what_nobody_waits_for_is_not_read(fragile: Desk) -> None:
    async def ask() -> bytes:
        busy = asyncio.create_task(fragile.read(jobs(hanging.WAIT + bytes(SMALL))))
        await asyncio.sleep(0.1)
        given_up = asyncio.create_task(fragile.read(jobs(hanging.HANG)))
        await asyncio.sleep(0)
        given_up.cancel()
        await busy
        (answer,) = await fragile.read(jobs(b"good"))
        return answer.answer

    assert asyncio.run(ask()) == b"1"


def test_a_desk_closes_while_a_picture_hangs(
    fragile: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desks, "CLOSE_SECONDS", 0.2)

    async def ask() -> None:
        waiting = asyncio.create_task(fragile.read(jobs(hanging.HANG)))
        await asyncio.sleep(0.1)
        fragile.close()
        waiting.cancel()

    asyncio.run(ask())
    assert not any(clerk.ready for clerk in fragile._clerks)


def test_a_client_that_goes_away_is_not_read_for(client: Clients, fragile: Desk) -> None:
    asking = Client(make_app(Settings(fragile.models), fragile))
    picture = hanging.HANG + bytes(100)
    head = "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
    head += f"Content-Length: {len(picture)}\r\n\r\n"
    with listening(asking) as place:
        with socket.create_connection(place, timeout=60) as connection:
            connection.sendall(head.encode() + picture)
            wait_until(lambda: fragile.waiting == 1)
        wait_until(lambda: fragile.waiting == 0)
        seen = said(place, "GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n").decode()
    assert 'digits_requests_total{status="499"} 1.0' in seen


def wait_until(holds: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.01)
    assert holds()


def test_a_full_queue_is_counted(client: Clients, desk: Desk) -> None:
    asking = client()
    desk.waiting = LIMITS.waiting
    try:
        refused = asking.post("/v1/predict", content=small(), headers=PNG)
        assert refused.status_code == 503 and refused.headers["retry-after"] == "1"
        assert asking.get("/health/ready").status_code == 503
        assert asking.get("/health/live").status_code == 200
    finally:
        desk.waiting = 0
    text = asking.get("/metrics").text
    assert 'digits_rejected_total{why="load"} 1.0' in text
    assert 'digits_requests_total{status="503"} 2.0' in text


# ---- heads and connections


@pytest.mark.parametrize(
    "parts",
    [
        ["X-Long: ", *["a" * (1 << 20)] * 60],
        ["".join(f"X-{i}: a\r\n" for i in range(k, k + 1000)) for k in range(0, 600_000, 1000)],
        ["Transfer-Encoding: chunked\r\n\r\n1;x=", *["a" * (1 << 20)] * 60],
        ["Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Trailer: ", *["a" * (1 << 20)] * 60],
    ],
    ids=["long", "many", "extension", "trailer"],
)
def test_a_head_without_end(client: Clients, parts: list[str]) -> None:
    with listening(client()) as place:
        with socket.create_connection(place, timeout=60) as connection:
            sent = 0
            with suppress(ConnectionError):
                connection.sendall(HEAD.encode())
                for part in parts:
                    connection.sendall(part.encode())
                    sent += len(part)
            answer = everything(connection)
        assert sent < 30 << 20  # what the machine holds on its way; the server closed long before
        assert answer.startswith(b"HTTP/1.1 431 ") or not answer
        assert said(place, "GET /health/live HTTP/1.0\r\n\r\n").endswith(b'{"status":"live"}')


def test_a_head_that_is_a_little_too_large(
    client: Clients, capsys: pytest.CaptureFixture[str]
) -> None:
    with listening(client()) as place:
        whole = said(place, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-A: ",
                     "a" * 60_000, "\r\n\r\n")  # fmt: skip
        assert whole.startswith(b"HTTP/1.1 200 ")
        answer = said(place, "GET / HTTP/1.1\r\nX-A: ", "a" * 66_000)
        head, _, body = answer.partition(b"\r\n\r\n")
        seen = said(place, "GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n").decode()
    assert head.startswith(b"HTTP/1.1 431 ") and "64 KB" in json.loads(body)["hint"]
    assert 'digits_requests_total{status="431"} 1.0' in seen
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    told = {"client": "127.0.0.1", "status": 431, "error": "the headers are too large"}
    assert [line.items() >= told.items() for line in lines].count(True) == 1


@pytest.mark.slow
@pytest.mark.parametrize("begin", ["", "GET / HTTP/1.1\r\nX-A:", f"{HEAD}Content-Length: 1\r\n"])
def test_a_slow_head(client: Clients, limit: Callable[..., None], begin: str) -> None:
    limit(protocol, head_seconds=0.2)
    with listening(client()) as place:
        assert said(place, begin).startswith(b"HTTP/1.1 408 ")


@pytest.mark.slow
def test_a_head_in_time_leaves_its_body_its_own_time(
    client: Clients, limit: Callable[..., None]
) -> None:
    limit(protocol, head_seconds=0.5)
    with listening(client()) as (host, port), httpx.Client() as asking:

        def parts() -> Iterator[bytes]:
            yield small()[:100]
            time.sleep(1)
            yield small()[100:]

        where = f"http://{host}:{port}/v1/predict"
        for _ in range(2):  # on one connection
            assert asking.post(where, content=parts(), headers=PNG).json()["text"] == "3"


def test_too_many_connections(client: Clients, limit: Callable[..., None]) -> None:
    limit(protocol, connections=3)
    with listening(client()) as place:
        held = [socket.create_connection(place) for _ in range(3)]
        refused = said(place, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert refused.startswith(b"HTTP/1.1 503 ") or not refused
        for connection in held:
            connection.close()
        deadline = time.monotonic() + 30
        while not said(place, "GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200 "):
            assert time.monotonic() < deadline
