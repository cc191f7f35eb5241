"""Around every request: who may ask, how often; safe headers; one line of log; the counters."""

import hmac
import ipaddress
import re
import time
from collections import OrderedDict
from collections.abc import Iterable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from digits.web import log
from digits.web.limits import LIMITS
from digits.web.metrics import Metrics
from digits.web.refusal import Refusal
from digits.web.settings import Settings

SAFE_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(self), microphone=(), geolocation=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}
GUARDED = ("/v1/", "/metrics")  # needs the token; health and the page do not


class Rates:
    """A bucket of tokens for each client: a second's worth may come at once, 5 at least."""

    def __init__(self, per_second: float) -> None:
        self._rate, self._most = per_second, max(5.0, per_second)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, client: str, now: float) -> float:
        """Seconds until this client may ask again; 0: now, and this was counted."""
        if not self._rate:
            return 0.0
        tokens, since = self._buckets.pop(client, (self._most, now))
        tokens = min(self._most, tokens + (now - since) * self._rate)
        taken = tokens >= 1
        self._buckets[client] = (tokens - taken, now)
        if len(self._buckets) > LIMITS.clients:
            self._buckets.popitem(last=False)
        return 0.0 if taken else (1 - tokens) / self._rate


class Guard:
    """An ASGI application around another one: refuses who may not ask, or not now."""

    def __init__(self, app: ASGIApp, settings: Settings, metrics: Metrics) -> None:
        self._app, self._settings, self._metrics = app, settings, metrics
        self._rates = Rates(settings.rate)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = self._refusal(scope) if scope["type"] == "http" else None
        if refused:
            await _answer(refused, send)
        else:
            await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> Refusal | None:
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        hosts = self._settings.allowed_hosts
        if hosts and _without_port(host) not in hosts:
            return Refusal(403, "not a name of this server", "start with --allow_host to add it")
        # A proxy may speak TLS where we do not.
        own = (f"http://{host}", f"https://{host}", *self._settings.allowed_origins)
        if scope["method"] == "POST" and origin is not None and origin not in own:
            return Refusal(403, "another site's page asks", "start with --allow_origin to let it")
        if not scope["path"].startswith(GUARDED):
            return None
        seconds = self._rates.wait(_network(scope), time.monotonic())
        if seconds:  # before the token: it is not to be found out by trying
            self._metrics.rejected.labels("rate").inc()
            wait = str(int(seconds) + 1)
            return Refusal(429, "too many requests", f"wait {wait} s", {"Retry-After": wait})
        scheme, _, given = headers.get("authorization", "").partition(" ")
        is_right = hmac.compare_digest(given.encode(), self._settings.token.encode())
        if self._settings.token and not (scheme.lower() == "bearer" and is_right):
            return Refusal(
                401, "a token is needed", "send Authorization: Bearer TOKEN",
                {"WWW-Authenticate": "Bearer"},
            )  # fmt: skip
        return None


class Record:
    """An ASGI application around all others: safe headers, a line of log, the counters."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status = time.perf_counter(), 500

        async def safely(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _with_safe_headers(message["headers"])
            await send(message)

        head = scope["method"] == "HEAD"  # uvicorn leaves the body out
        try:
            await self._app({**scope, "method": "GET"} if head else scope, receive, safely)
        finally:
            self._note(scope, status, time.perf_counter() - start)

    def refused(self, client: str, refusal: Refusal) -> None:
        """Note what was refused before there was a request to pass on."""
        self._metrics.requests.labels(str(refusal.status)).inc()
        if refusal.status == 503:
            self._metrics.rejected.labels("load").inc()
        log.write(client=client, status=refusal.status, error=refusal.error)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        self._metrics.requests.labels(str(status)).inc()
        self._metrics.seconds.observe(seconds)
        log.write(
            client=(scope.get("client") or ("",))[0], method=scope["method"],
            path=scope["path"][:200], status=status, ms=round(1000 * seconds, 1),
        )  # fmt: skip


def _without_port(host: str) -> str:
    """The name in a Host header; an IPv6 address keeps its brackets."""
    return re.sub(r":\d*$", "", host.lower())


def _network(scope: Scope) -> str:
    """The client's address; of IPv6 the /64, which one client has to itself, but IPv4 may be
    written within it."""
    client = (scope.get("client") or ("",))[0]
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client
    if isinstance(address, ipaddress.IPv4Address):
        return client
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((client, 64), strict=False))


def _with_safe_headers(
    headers: Iterable[tuple[bytes, bytes]],
) -> list[tuple[bytes, bytes]]:
    given = list(headers)
    names = {name.lower() for name, _ in given}
    safe = ((name.encode(), value.encode()) for name, value in SAFE_HEADERS.items())
    return given + [(name, value) for name, value in safe if name not in names]


async def _answer(refusal: Refusal, send: Send) -> None:
    headers = {"content-type": "application/json", **refusal.headers}
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    length = (b"content-length", str(len(refusal.body)).encode())
    start = {"type": "http.response.start", "status": refusal.status, "headers": [*pairs, length]}
    await send(start)
    await send({"type": "http.response.body", "body": refusal.body})
