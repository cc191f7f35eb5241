"""The pictures of a request: a multipart form, one raw picture, or JSON; limited as they stream."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from digits.web.limits import LIMITS
from digits.web.refusal import Refusal
from digits.web.schema import Pictures

Model = TypeVar("Model", bound=BaseModel)
Read = TypeVar("Read")
Named = tuple[str, bytes]  # a picture's name, and its file
FORM, JSON = "multipart/form-data", "application/json"


class Buffered:
    """Bytes of all requests that are in memory."""

    def __init__(self) -> None:
        self.bytes = 0


class _InMemory(MultiPartParser):
    spool_max_size = LIMITS.body_bytes + 1  # nothing goes to a temporary file


class Body:
    """The body of one request; `async with` keeps count of what it holds in memory."""

    def __init__(self, request: Request, buffered: Buffered) -> None:
        self._request, self._buffered, self._size = request, buffered, 0

    async def __aenter__(self) -> "Body":
        return self

    async def __aexit__(self, *_: object) -> None:
        self._buffered.bytes -= self._size

    async def pictures(self, name: str) -> list[Named]:
        """The pictures; `name` is for those without one.

        Raises:
            Refusal: too large, too slow, none, of a type that is not known, or malformed.
        """
        kind = self._request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == FORM:
            return await _in_time(self._form(name))
        if kind == JSON:
            images = (await self.parsed(Pictures)).images
            names = (
                image.name or _numbered(name, i, len(images)) for i, image in enumerate(images)
            )
            return [(own, image.data) for own, image in zip(names, images, strict=True)]
        if kind.startswith("image/") or kind == "application/octet-stream":
            data = await _in_time(self._whole())
            if not data:
                raise Refusal(400, "the body is empty", "send a picture in it")
            return [(name, data)]
        raise Refusal(
            415,
            f"Content-Type {kind or 'missing'}: not known",
            f"send {FORM}, {JSON}, image/... or application/octet-stream",
        )

    async def parsed(self, model: type[Model]) -> Model:
        """The body as JSON of this model.

        Raises:
            Refusal: as `pictures`, or it is not as the model says.
        """
        data = await _in_time(self._whole())
        if data.count(b",") > LIMITS.json_commas:
            raise Refusal(413, "the body holds too many values", "see /openapi.json")
        try:
            return await asyncio.to_thread(model.model_validate_json, data)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            status = {"json_invalid": 400, "too_long": 413}.get(first["type"], 422)
            raise Refusal(
                status, f"{where or 'the body'}: {first['msg']}", "see /openapi.json"
            ) from None

    async def _whole(self) -> bytes:
        return b"".join([chunk async for chunk in self._stream()])

    async def _form(self, name: str) -> list[Named]:
        parser = _InMemory(
            self._request.headers, self._stream(), max_files=LIMITS.pictures, max_fields=0
        )
        hint = f"send 1 to {LIMITS.pictures} files; options go into the query, as ?expect=zip"
        try:
            form = await parser.parse()
        except MultiPartException as error:
            status = 413 if error.message.startswith("Too many files") else 400
            raise Refusal(status, f"the form: {error.message}", hint) from None
        except (ValueError, LookupError) as error:  # charsets that are none, and the like
            raise Refusal(400, f"the form cannot be read: {error}", hint) from None
        try:
            files = [part for _, part in form.multi_items() if not isinstance(part, str)]
            if not files:
                raise Refusal(400, "the form holds no file", hint)
            return [
                (_short(part.filename) or _numbered(name, i, len(files)), await part.read())
                for i, part in enumerate(files)
            ]
        finally:
            await form.close()

    async def _stream(self) -> AsyncGenerator[bytes, None]:
        too_large = Refusal(
            413, "the body is too large", f"send no more than {LIMITS.body_bytes >> 20} MB"
        )
        declared = self._request.headers.get("content-length", "0")
        if declared.isdecimal() and int(declared) > LIMITS.body_bytes:
            raise too_large
        async for chunk in self._chunks():
            self._size += len(chunk)
            self._buffered.bytes += len(chunk)
            if self._size > LIMITS.body_bytes:
                raise too_large
            if self._buffered.bytes > LIMITS.buffered_bytes:
                raise Refusal(
                    503, "the server is busy", "try again in a second", {"Retry-After": "1"}
                )
            yield chunk

    async def _chunks(self) -> AsyncGenerator[bytes, None]:
        try:
            async for chunk in self._request.stream():
                yield chunk
        except ClientDisconnect:
            raise Refusal(400, "the body ends too early", "send all of it") from None


async def _in_time(reading: Coroutine[Any, Any, Read]) -> Read:
    try:
        return await asyncio.wait_for(reading, LIMITS.body_seconds)
    except (asyncio.TimeoutError, TimeoutError):  # one class only since Python 3.11
        raise Refusal(408, "the body did not come in time", "send it faster") from None


def _numbered(name: str, i: int, count: int) -> str:
    return name if count == 1 else f"{name}-{i + 1}"


def _short(name: str | None) -> str:
    return (name or "")[-LIMITS.name_length :]
