"""The desk: a picture that hangs or crashes costs no other, what nobody waits for is not read."""

import asyncio
import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from digits.web import desk as desks
from digits.web import worker
from digits.web.app import make_app
from digits.web.desk import BATCH, SMALL, Desk
from digits.web.limits import LIMITS
from digits.web.settings import Settings
from digits.web.worker import Job
from tests import hanging
from tests.asking import PNG, Client, small
from tests.conftest import Clients
from tests.wire import listening, said


@pytest.fixture
def fragile(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk whose process hangs and crashes when it is told to."""
    monkeypatch.setattr(worker, "run", hanging.run)
    desk = Desk({"tiny": Path("tiny.onnx")}, 1)
    desk.start()
    desk.await_start()
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


def test_a_process_that_cannot_be_started_is_tried_again(
    fragile: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, failures = desks.Clerk._start_process, [OSError(12, "Cannot allocate memory")]

    def scarce(clerk: desks.Clerk) -> None:
        if failures:
            raise failures.pop()
        start(clerk)

    monkeypatch.setattr(desks, "PAUSE", 0.01)
    monkeypatch.setattr(desks.Clerk, "_start_process", scarce)
    bad, good = asyncio.run(fragile.read(jobs(hanging.CRASH, b"good")))
    assert (bad.status, good.status, failures) == (422, 200, [])


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
        await asyncio.wait([given_up])
        assert [ticket.job.data for ticket in fragile._queue.queue] == [b""]
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


def wait_until(holds: Callable[[], bool], seconds: float = 300) -> None:
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
