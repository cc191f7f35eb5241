"""What a request may cost: time and memory, of its body, its head and its connection."""

import asyncio
import io
import json
import socket
import struct
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from unittest.mock import Mock

import httpx
import pytest
from PIL import Image

from digits.web import bodies, protocol
from digits.web.limits import LIMITS
from tests.asking import JSON, PNG, small
from tests.conftest import Clients
from tests.wire import HEAD, everything, listening, said

FORM = {"content-type": "multipart/form-data; boundary=x"}


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
        deadline = time.monotonic() + 300
        while not said(place, "GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200 "):
            assert time.monotonic() < deadline


def test_few_requests_at_once_are_answered_and_many_are_not(client: Clients) -> None:
    ask = "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with listening(client()) as place:
        last = ask.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")
        assert said(place, 9 * ask, last).count(b"HTTP/1.1 200 ") == 10
        assert said(place, 4000 * ask, last).count(b"HTTP/1.1 200 ") < 100


@pytest.mark.slow
@pytest.mark.parametrize("more", ["\r\n", "a"])
def test_a_connection_that_says_too_little_after_an_answer(
    client: Clients, limit: Callable[..., None], more: str
) -> None:
    limit(protocol, head_seconds=0.5)
    ask = "GET /health/live HTTP/1.1\r\nHost: localhost\r\n"
    body = "Content-Length: 100\r\n" * (more == "a")
    with listening(client()) as place:
        answer = said(place, f"{ask}{body}\r\n", more)
    assert answer.startswith(b"HTTP/1.1 200 ") and b"HTTP/1.1 408 " in answer


def test_an_answer_that_nobody_fetches_ends_its_connection(limit: Callable[..., None]) -> None:
    limit(protocol, answer_seconds=0.05)

    async def held(fetched: bool) -> bool:
        one = object.__new__(protocol.Protocol)
        one.loop, one._unsent = asyncio.get_running_loop(), None
        one.flow, one.transport = Mock(), Mock()
        one.pause_writing()
        if fetched:
            one.resume_writing()
        await asyncio.sleep(0.2)
        return bool(one.transport.abort.called)

    assert [asyncio.run(held(fetched)) for fetched in (True, False)] == [False, True]


def test_json_of_too_many_values(client: Clients) -> None:
    body = b'{"images": [' + b"{}," * 6000 + b"{}]}"
    answer = client().post("/v1/predict", content=body, headers=JSON)
    assert answer.status_code == 413 and answer.json()["error"] == "the body holds too many values"
