"""Run the application on uvicorn, from the socket to the last answer."""

import logging
import signal
import socket
from collections.abc import Callable
from functools import partial
from types import FrameType

import uvicorn

from digits.errors import DigitsError, reason
from digits.web.app import make_app
from digits.web.corrections import Corrections
from digits.web.desk import Desk
from digits.web.log import Lines
from digits.web.protocol import Protocol
from digits.web.settings import Settings

DRAIN_SECONDS = 30  # for the answers that are on their way when the server is told to stop
BACKLOG = 2048


class Server(uvicorn.Server):
    """Uvicorn, but a second SIGTERM stops at once as a second Ctrl-C does."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        again = self.should_exit
        super().handle_exit(sig, frame)
        if again and sig == signal.SIGTERM:
            self.force_exit = True


def serve(
    settings: Settings, desk: Desk, host: str, port: int, then: Callable[[str], None]
) -> None:
    """Serve with a desk that was started, until SIGTERM or Ctrl-C; `then` is called with the
    address when pictures are read.

    Raises:
        DigitsError: the address is taken or not this machine's, or a model cannot be loaded.
    """
    logging.basicConfig(handlers=[Lines()], level=logging.WARNING)
    logging.captureWarnings(True)
    corrections = Corrections(settings.corrections) if settings.corrections else None
    with listen(host, port) as listener:
        desk.await_start()
        app = make_app(settings, desk, corrections)
        config = uvicorn.Config(
            app, http=partial(Protocol, refused=app.refused), ws="none",  # type: ignore[arg-type]
            log_config=None, access_log=False, server_header=False,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=settings.trusted_proxies,
            timeout_graceful_shutdown=DRAIN_SECONDS, timeout_keep_alive=15,
        )  # fmt: skip
        where = f"[{host}]" if ":" in host else host
        then(f"http://{where}:{listener.getsockname()[1]}/")
        Server(config).run(sockets=[listener])


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens, whose connections send what is written at once.

    Raises:
        DigitsError: the address is taken or not this machine's.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except (OSError, UnicodeError) as error:
        why = reason(error).partition(" (while")[0]  # Python adds the address, which is said here
        raise DigitsError(
            f"--host {host} --port {port}: {why}; choose another --port or --host"
        ) from None
    # Connections inherit it. asyncio sets it only on sockets of IPPROTO_TCP, which this one does
    # not say it is; without it the body of an answer waits for the client's delayed ACK, 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
