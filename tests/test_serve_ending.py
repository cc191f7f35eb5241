"""What a client is told whose picture is not read to its end."""

import asyncio
from typing import Any, cast

import pytest
from starlette.requests import Request

from digits.web.app import _while_there
from digits.web.refusal import Refusal
from digits.web.worker import Result


class Client:
    """A request whose body is whole; `receive` answers once the client has gone."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}


async def _for_ever() -> list[Result]:
    await asyncio.Event().wait()
    return []


async def _refused(ends_first: str) -> Refusal:
    client = Client()
    reading = asyncio.ensure_future(_while_there(cast("Request", client), _for_ever()))
    await asyncio.sleep(0.01)
    if ends_first == "client":
        client.gone.set()
    else:
        reading.cancel()
    with pytest.raises(Refusal) as told:
        await reading
    return told.value


@pytest.mark.parametrize(("ends_first", "status"), [("client", 499), ("server", 503)])
def test_a_picture_that_is_not_read_to_its_end_has_a_status(ends_first: str, status: int) -> None:
    refusal = asyncio.run(_refused(ends_first))
    assert refusal.status == status
    assert ("Retry-After" in refusal.headers) == (ends_first == "server")
