"""Ask an application in this process, and what to ask it with."""

import asyncio
import base64
import io
from dataclasses import dataclass
from functools import partialmethod
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from PIL import Image

from digits.web.guard import Record

ROOT = Path(__file__).parents[1]
PNG = {"content-type": "image/png"}
JSON = {"content-type": "application/json"}


@dataclass
class Client:
    """Asks an application in this process."""

    app: Record

    def ask(self, method: str, path: str, **what: Any) -> httpx.Response:
        return asyncio.run(self.asking(method, path, **what))

    async def asking(self, method: str, path: str, **what: Any) -> httpx.Response:
        inside = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=inside, base_url="http://localhost") as client:
            return await client.request(method, path, **what)

    get, head = partialmethod(ask, "GET"), partialmethod(ask, "HEAD")
    post, options = partialmethod(ask, "POST"), partialmethod(ask, "OPTIONS")


def small() -> bytes:
    """A picture of a 3."""
    return (ROOT / "test_images" / "small.png").read_bytes()


def tile(grey: int = 200) -> str:
    """A tile as the API gives it, of a bar."""
    pixels = np.zeros((28, 28), np.uint8)
    pixels[4:24, 12:16] = grey
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()
