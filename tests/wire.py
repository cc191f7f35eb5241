"""Speak to an application byte by byte."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

import uvicorn

from digits.web.protocol import Protocol
from tests.asking import Client

HEAD = "POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"


@contextmanager
def listening(client: Client) -> Iterator[tuple[str, int]]:
    """Where the application of a client is spoken to, byte by byte."""
    protocol = partial(Protocol, refused=client.app.refused)
    config = uvicorn.Config(client.app, http=protocol, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield listener.getsockname()
        finally:
            server.should_exit = True
            thread.join()


def said(place: tuple[str, int], *parts: str | bytes) -> bytes:
    """What comes back until the server closes, of what is sent and then ended."""
    with socket.create_connection(place, timeout=60) as connection:
        with suppress(ConnectionError):
            for part in parts:
                connection.sendall(part if isinstance(part, bytes) else part.encode())
        return everything(connection)


def everything(connection: socket.socket) -> bytes:
    chunks = []
    with suppress(ConnectionError):
        while chunk := connection.recv(1 << 16):
            chunks.append(chunk)
    return b"".join(chunks)
