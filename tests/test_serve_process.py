"""How the server listens, what it logs, for whom a proxy speaks, and how it ends."""

import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import httpx
import pytest

from digits.errors import DigitsError
from digits.web.desk import Desk
from digits.web.limits import LIMITS
from digits.web.server import listen
from tests.asking import PNG, small
from tests.conftest import Clients, Servers
from tests.wire import HEAD, everything, listening, said

# ---- the socket


def test_the_body_of_an_answer_does_not_wait_for_the_head_to_be_acknowledged() -> None:
    with (
        listen("127.0.0.1", 0) as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_host_that_is_no_name_is_one_plain_line() -> None:
    with pytest.raises(DigitsError, match=r"--host a\.\.b --port 0: "):
        listen("a..b", 0)


def test_an_address_that_is_not_this_machines_is_one_plain_line() -> None:
    with pytest.raises(DigitsError) as caught:
        listen("192.0.2.1", 80)
    assert str(caught.value).endswith("address; choose another --port or --host")


# ---- the log


def test_the_log_tells_nothing_of_a_picture(
    client: Clients, capsys: pytest.CaptureFixture[str]
) -> None:
    path = "/v1/predict?name=secret&tiles=true&explain=true"
    assert client().post(path, content=small(), headers=PNG).json()["text"] == "3"
    (line,) = capsys.readouterr().err.splitlines()
    said = json.loads(line)
    assert set(said) == {"time", "client", "method", "path", "status", "ms"}
    assert (said["method"], said["path"], said["status"]) == ("POST", "/v1/predict", 200)


@pytest.mark.slow
def test_all_that_is_logged_is_json(serve: Servers) -> None:
    address = serve("--model", "tiny")
    place = ("127.0.0.1", int(address.rpartition(":")[2]))
    assert said(place, "nonsense\r\n\r\n").startswith(b"HTTP/1.1 400 ")
    assert httpx.get(address).status_code == 200
    serve.stop(address)
    lines = [json.loads(line) for line in serve.logs[address].read_text().splitlines()]
    assert [line["status"] for line in lines] == [400, 200]


def test_a_fault_is_answered_and_logged_as_one_line(
    client: Clients, desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from digits.web.log import Lines

    async def broken(_: object) -> None:
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr(desk, "read", broken)
    with listening(client()) as (host, port):
        answer = httpx.post(f"http://{host}:{port}/v1/predict", content=small(), headers=PNG)
    assert answer.status_code == 500 and set(answer.json()) == {"error", "hint"}
    (record,) = [one for one in caplog.records if one.name == "uvicorn.error" and one.exc_info]
    written: list[dict[str, Any]] = []
    monkeypatch.setattr("digits.web.log.write", lambda **what: written.append(what))
    Lines().emit(record)
    assert written[0]["level"] == "error" and "ZeroDivisionError: a fault" in written[0]["trace"]


# ---- a server of its own


@pytest.mark.slow
@pytest.mark.parametrize(
    ("flags", "client"), [([], "127.0.0.1"), (["--trusted_proxy", "127.0.0.1"], "203.0.113.7")]
)
def test_whom_a_proxy_speaks_for(serve: Servers, flags: list[str], client: str) -> None:
    address = serve("--model", "tiny", "--rate", "0.01", *flags)
    names = [{"x-forwarded-for": f"203.0.113.{i}"} for i in (7, 8, 9, 7, 8, 9)]
    with httpx.Client(base_url=address, timeout=60) as asking:
        statuses = [asking.get("/v1/models", headers=name).status_code for name in names]
    assert (429 in statuses) == (client == "127.0.0.1")  # else each has its own rate
    serve.stop(address)
    first = serve.logs[address].read_text().splitlines()[0]
    assert json.loads(first)["client"] == client


@contextmanager
def half_asked(serve: Servers) -> Iterator[tuple[str, socket.socket]]:
    """A server that waits for the second half of a picture."""
    address = serve("--model", "tiny")
    place = ("127.0.0.1", int(address.rpartition(":")[2]))
    with socket.create_connection(place, timeout=60) as connection:
        head = f"{HEAD}Content-Length: {len(small())}\r\n\r\n".encode()
        connection.sendall(head + small()[:100])
        time.sleep(0.5)
        yield address, connection


@pytest.mark.slow
def test_sigterm_waits_for_the_answers_under_way(serve: Servers) -> None:
    with half_asked(serve) as (address, connection):
        process = serve.running.pop(address)
        process.terminate()
        deadline = time.monotonic() + 300
        with suppress(ConnectionError):  # no new ones
            while time.monotonic() < deadline:
                socket.create_connection(connection.getpeername()).close()
                time.sleep(0.05)
        assert process.poll() is None
        connection.sendall(small()[100:])
        assert b'"text": "3"' in everything(connection)
    process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM


@pytest.mark.slow
def test_a_second_sigterm_stops_at_once(serve: Servers) -> None:
    with half_asked(serve) as (address, _):
        process = serve.running.pop(address)
        start = time.monotonic()
        process.terminate()
        time.sleep(0.5)
        assert process.poll() is None
        process.terminate()
        process.communicate(timeout=60)
        assert time.monotonic() - start < LIMITS.body_seconds / 2  # then it would end by itself
    assert process.returncode == 128 + signal.SIGTERM


@pytest.mark.slow
def test_killed_under_load_and_started_again(serve: Servers) -> None:
    address = serve("--model", "tiny")
    port = address.rpartition(":")[2]
    process = serve.running.pop(address)

    def ask(i: int) -> int:
        if i == 50:
            os.kill(process.pid, signal.SIGKILL)
        try:
            return asking.post("/v1/predict", content=small(), headers=PNG).status_code
        except httpx.TransportError:
            return 0

    with httpx.Client(base_url=address, timeout=60) as asking:
        with ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(ask, range(100)))
        process.communicate(timeout=60)
        assert set(statuses) == {0, 200}
        assert serve("--model", "tiny", "--port", port) == address
        assert ask(0) == 200
