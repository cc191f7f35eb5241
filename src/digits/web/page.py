"""The page: files beside this one, read once; nothing else is ever served."""

import base64
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "page"
TYPES = {
    "index.html": "text/html; charset=utf-8",
    "manifest.webmanifest": "application/manifest+json",
    "worker.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "icon_180.png": "image/png",  # Apple's home screen takes no SVG
    "icon_192.png": "image/png",
    "icon_512.png": "image/png",
    "squared_paper.png": "image/png",
    "two_rows.png": "image/png",
    "photograph.jpg": "image/jpeg",
    "letter.png": "image/png",
}


@dataclass(frozen=True)
class Asset:
    """A file of the page, with its headers."""

    content: bytes
    headers: dict[str, str]


def assets() -> dict[str, Asset]:
    """Path -> file; '/' is the page."""
    files = {name: (FOLDER / name).read_bytes() for name in TYPES}
    policies = {
        "index.html": _policy(files["index.html"].decode()),
        "worker.js": "default-src 'none'; connect-src 'self'",
    }
    found = {}
    for name, content in files.items():
        headers = {"content-type": TYPES[name], "cache-control": "no-cache"}
        if name in policies:
            headers["content-security-policy"] = policies[name]
        found["/" if name == "index.html" else f"/{name}"] = Asset(content, headers)
    return found


def _policy(page: str) -> str:
    """What the page may do: run and show what stands in it, ask this server, and no more."""
    script, style = (_hash(page, tag) for tag in ("script", "style"))
    return (
        f"default-src 'none'; script-src '{script}'; style-src '{style}'; "
        "img-src 'self' data: blob:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _hash(page: str, tag: str) -> str:
    (content,) = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
    digest = hashlib.sha256(content.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
