"""HTTP/1.1 as uvicorn reads it with httptools, but bounded: bytes and time of heads, connections,
requests that wait for an answer, and how long an answer may take to be fetched.

httptools holds a head, a chunk's extension or a trailer until it ends, however long it is.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from digits.web.limits import LIMITS
from digits.web.refusal import Refusal


class Protocol(HttpToolsProtocol):
    """One connection. `refused` is told the client and what is refused before any application sees
    it."""

    def __init__(
        self, *args: Any, refused: Callable[[str, Refusal], None] = lambda *_: None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._refused = refused
        self._unread = 0  # bytes since the last piece of a body or the end of a request
        self._deadline: asyncio.TimerHandle | None = None  # of the head that is coming in
        self._unsent: asyncio.TimerHandle | None = None  # of an answer that is not fetched

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_head()
        if len(self.connections) > LIMITS.connections:
            again = {"Retry-After": "1"}
            self._refuse(Refusal(503, "too many connections", "try again in a second", again))

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_whole()
        self._is_fetched()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unread += len(data)
        super().data_received(data)
        if self._unread > LIMITS.head_bytes:
            most = f"send no more than {LIMITS.head_bytes >> 10} KB"
            self._refuse(Refusal(431, "the headers are too large", most))

    def on_message_begin(self) -> None:
        if len(self.pipeline) >= LIMITS.pipelined:
            self._refuse(Refusal(431, "too many requests at once", "wait for the answers"))
            raise ValueError("pipelined")  # ends the parser, which has more of them
        self._expect_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head_is_whole()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unread = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unread = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self.transport.is_closing():
            self._expect_head()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unsent = self.loop.call_later(LIMITS.answer_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        self._is_fetched()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        self._refuse(Refusal(400, "this is no HTTP/1.1", "send what RFC 9112 says"))

    def _expect_head(self) -> None:
        self._head_is_whole()
        self._deadline = self.loop.call_later(LIMITS.head_seconds, self._late)

    def _late(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self._refuse(Refusal(408, "the headers did not come in time", "send them faster"))
        else:  # a pipelined request: nothing more is taken in before the answer to the one before
            self._expect_head()

    def _head_is_whole(self) -> None:
        if self._deadline:
            self._deadline.cancel()
        self._deadline = None

    def _is_fetched(self) -> None:
        if self._unsent:
            self._unsent.cancel()
        self._unsent = None

    def _refuse(self, refusal: Refusal) -> None:
        """Say so and close."""
        if self.transport.is_closing():
            return
        self._refused((self.client or ("",))[0], refusal)
        if self.cycle is None or not self.cycle.response_started or self.cycle.response_complete:
            headers = {"content-type": "application/json", "connection": "close",
                       "content-length": str(len(refusal.body)), **refusal.headers}  # fmt: skip
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            status = STATUS_LINE[refusal.status]
            self.transport.write(status + lines.encode() + b"\r\n" + refusal.body)
        self.transport.close()
