"""The HTTP application: its paths, and how what goes wrong is said."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse
from fastapi.security import HTTPBearer
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from digits.spec import version
from digits.web import openapi, page, schema
from digits.web.bodies import JSON, Body, Buffered
from digits.web.corrections import Corrections
from digits.web.desk import Desk
from digits.web.guard import Guard, Record
from digits.web.metrics import Metrics
from digits.web.openapi import PROBLEMS
from digits.web.refusal import Refusal, from_message
from digits.web.settings import Settings
from digits.web.worker import Job, Result

HINTS = {404: "see /openapi.json", 405: "see /openapi.json for what this path takes"}


def make_app(settings: Settings, desk: Desk, corrections: Corrections | None = None) -> Record:
    """The application; it reads with `desk`, which is open, and closes it at the end."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        desk.close()

    app = FastAPI(
        title="digits", version=version(), docs_url=None, redoc_url=None, lifespan=lifespan,
        redirect_slashes=False,  # behind a proxy with TLS the address would be one without
        description="Reads handwritten digits and numbers in pictures.",
    )  # fmt: skip
    metrics, buffered, default = Metrics(), Buffered(), next(iter(settings.models))
    metrics.waiting.set_function(lambda: desk.waiting)
    # The guard asks for the token; this says so in the OpenAPI document.
    token = [Depends(HTTPBearer(auto_error=False))] if settings.token else []

    def known(model: str | None) -> str:
        if model and model not in settings.models:
            raise Refusal(
                422, f"model {model}: not known", f"choose one of {_list(settings.models)}"
            )
        return model or default

    @app.post(
        "/v1/predict",
        summary="Read the digits in one picture or several",
        response_model=schema.Answer | schema.Answers,
        responses={**openapi.ANSWERED, **PROBLEMS},
        openapi_extra={"parameters": openapi.options(), "requestBody": openapi.pictures()},
        dependencies=token,
    )
    async def predict(request: Request) -> Response:
        options = _options(request)
        model = known(options.model)
        async with Body(request, buffered) as body:
            jobs = [
                Job(data, name, model, options.expect, options.decimal, options.top_k,
                    options.explain, options.tiles)
                for name, data in await body.pictures(options.name)
            ]  # fmt: skip
            results = await _while_there(request, desk.read(jobs))
        for result in results:
            if result.kind:
                metrics.answers.labels(result.kind).inc()
        return Response(_joined(results), media_type=JSON)

    @app.get("/v1/models", responses=PROBLEMS, dependencies=token)
    async def models() -> schema.Models:
        """The models to choose from."""
        cards = [
            schema.ModelCard(name=name, default=name == default, classes=list(desk.classes[name]))
            for name in settings.models
        ]
        return schema.Models(models=cards, corrections=corrections is not None)

    @app.post(
        "/v1/corrections",
        responses=PROBLEMS,
        openapi_extra={"requestBody": openapi.correction(desk.classes)},
        dependencies=token,
    )
    async def correct(request: Request) -> schema.Kept:
        """Keep a digit with its right label, where the server was started with --corrections."""
        if corrections is None:
            raise Refusal(404, "corrections are not kept", "start with --corrections DIR")
        async with Body(request, buffered) as body:
            given = await body.parsed(schema.Correction)
        classes = desk.classes[known(given.model)]
        if given.label not in classes:
            raise Refusal(422, f"label {given.label}: not known", f"send one of {_list(classes)}")
        kept = await asyncio.to_thread(corrections.keep, given.label, given.tile)
        return schema.Kept(kept=kept)

    @app.get("/health/live")
    async def live() -> schema.Health:
        """The server answers."""
        return schema.Health(status="live")

    @app.get("/health/ready", responses={503: {"model": schema.Problem}})
    async def ready() -> schema.Health:
        """A picture that comes now is read."""
        if not desk.ready:
            raise Refusal(503, "not ready", "try again in a second", {"Retry-After": "1"})
        return schema.Health(status="ready")

    @app.get(
        "/metrics",
        response_class=PlainTextResponse,
        responses={**openapi.METRICS, **PROBLEMS},
        dependencies=token,
    )
    async def metrics_text() -> Response:
        """For Prometheus."""
        return Response(metrics.as_text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    for path, asset in page.assets().items():
        app.add_api_route(path, _serving(asset), methods=["GET"], include_in_schema=False)

    @app.exception_handler(Refusal)
    async def refused(request: Request, refusal: Refusal) -> Response:
        if refusal.status == 503 and request.url.path == "/v1/predict":
            metrics.rejected.labels("load").inc()
        return _said(refusal)

    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _broken)
    guarded: ASGIApp = Guard(app, settings, metrics)
    if settings.allowed_origins:  # around the guard: what it refuses is to be read there as well
        guarded = CORSMiddleware(
            guarded, allow_origins=settings.allowed_origins, allow_methods=["GET", "POST"],
            allow_headers=["authorization", "content-type"],
            expose_headers=["retry-after", "www-authenticate"],
        )  # fmt: skip
    return Record(guarded, metrics)


def _options(request: Request) -> schema.Options:
    """FastAPI's own way, `Annotated[schema.Options, Query()]`, takes a third of the event loop's
    time for a small picture.

    Raises:
        RequestValidationError: one of them is not known, or has no such value.
    """
    try:
        return schema.Options.model_validate(dict(request.query_params))
    except ValidationError as error:
        wrong = error.errors(include_context=False)
        raise RequestValidationError(
            [{**one, "loc": ("query", *one["loc"])} for one in wrong]
        ) from None


async def _while_there(
    request: Request, reading: Coroutine[Any, Any, list[Result]]
) -> list[Result]:
    """What is read for a client, or nothing more is read for it once it has gone away.

    Raises:
        Refusal: 499, it has; nobody sees this but the log. 503, the server ends before it is read.
    """
    task = asyncio.ensure_future(reading)
    gone = asyncio.ensure_future(request.receive())  # its body is whole: only the end can come
    gone.add_done_callback(lambda _: task.cancel())
    try:
        return await task
    except asyncio.CancelledError:
        if gone.done() and not gone.cancelled():
            raise Refusal(499, "the client has gone away", "wait for the answer") from None
        raise Refusal(503, "the server is ending", "try again", {"Retry-After": "1"}) from None
    finally:
        gone.cancel()


def _list(words: Iterable[str]) -> str:
    return ", ".join(words)


def _joined(results: list[Result]) -> bytes:
    """One answer as it is, several as a list.

    Raises:
        Refusal: nothing was asked for that is known; or the only picture cannot be read.
    """
    for result in results:
        if result.status != 200 and not result.answer:
            raise from_message(result.status, result.message, "correct `expect`")
    if len(results) > 1:
        return b'{"answers": [' + b", ".join(result.answer for result in results) + b"]}"
    if results[0].status != 200:
        raise from_message(results[0].status, results[0].message)
    return results[0].answer


def _serving(asset: page.Asset) -> Any:
    async def serve() -> Response:
        return Response(asset.content, headers=asset.headers)

    return serve


def _said(refusal: Refusal) -> Response:
    return Response(refusal.body, refusal.status, refusal.headers, JSON)


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:])
    wrong = first["msg"].removeprefix("Value error, ")  # as pydantic begins what we raise
    return _said(from_message(422, f"{where}: {wrong}", "see /openapi.json"))


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    hint = HINTS.get(error.status_code, "see /openapi.json")
    refusal = Refusal(error.status_code, str(error.detail).lower(), hint, dict(error.headers or {}))
    return _said(refusal)


async def _broken(_: Request, error: Exception) -> Response:
    # Starlette raises it once more behind this answer, and uvicorn logs it.
    return _said(Refusal(500, "something is wrong in the server", "see its log"))
