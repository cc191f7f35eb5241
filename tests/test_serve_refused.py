"""The API: what it says when it refuses."""

import contextlib
import socket
import struct
import zlib
from pathlib import Path

import httpx
import pytest

PNG = {"content-type": "image/png"}
SMALL = (Path(__file__).parents[1] / "test_images" / "small.png").read_bytes()


def png(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


JSON = {"content-type": "application/json"}
BOUNDARY = {"content-type": "multipart/form-data; boundary=x"}
PART = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
PREDICT = "/v1/predict"
# What is asked, and the status it gets: each is answered in JSON that says what is wrong.
REFUSED: list[tuple[str, str, dict[str, str], bytes, int]] = [
    ("GET", PREDICT, {}, b"", 405),
    ("PUT", PREDICT, PNG, b"x", 405),
    ("DELETE", "/", {}, b"", 405),
    ("POST", "/", PNG, b"x", 405),
    ("GET", "/nothing", {}, b"", 404),
    ("GET", "/../pyproject.toml", {}, b"", 404),
    ("GET", "/..%2f..%2f..%2f..%2fetc%2fpasswd", {}, b"", 404),
    ("GET", "//etc/passwd", {}, b"", 404),
    ("GET", "/page.py", {}, b"", 404),
    ("GET", "/index.html", {}, b"", 404),
    ("POST", PREDICT, {}, b"", 415),
    ("POST", PREDICT, {}, b"x", 415),
    ("POST", PREDICT, {"content-type": "text/plain"}, b"x", 415),
    ("POST", PREDICT, {"content-type": "application/x-www-form-urlencoded"}, b"a=b", 415),
    ("POST", PREDICT, {"content-type": "\xff"}, b"x", 415),
    ("POST", PREDICT, PNG, b"", 400),
    ("POST", PREDICT, PNG, b"no picture", 415),
    ("POST", PREDICT, PNG, b"\x89PNG\r\n\x1a\n", 415),
    ("POST", PREDICT, PNG, b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415),
    ("POST", PREDICT, PNG, b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", 415),
    ("POST", PREDICT, PNG, b"P5 2 2 255\n1234", 415),
    ("POST", PREDICT, PNG, png(50_000, 50_000), 413),
    ("POST", PREDICT, PNG, png(24_000_001, 1), 413),
    ("POST", PREDICT, PNG, png(100, 100), 422),
    ("POST", PREDICT, PNG, bytes(10 * 2**20 + 1), 413),
    ("POST", PREDICT, PNG | {"content-encoding": "gzip"}, b"\x1f\x8b\x08", 415),
    ("POST", f"{PREDICT}?top_k=0", PNG, b"x", 422),
    ("POST", f"{PREDICT}?top_k=11", PNG, b"x", 422),
    ("POST", f"{PREDICT}?top_k=a", PNG, b"x", 422),
    ("POST", f"{PREDICT}?explain=perhaps", PNG, b"x", 422),
    ("POST", f"{PREDICT}?expects=zip", PNG, b"x", 422),
    ("POST", f"{PREDICT}?expect=@/etc/passwd", PNG, b"x", 422),
    ("POST", f"{PREDICT}?expect=zap", PNG, b"x", 422),
    ("POST", f"{PREDICT}?expect=/[/", PNG, b"x", 422),
    ("POST", f"{PREDICT}?expect=/{'(' * 98}/", PNG, b"x", 422),
    ("POST", f"{PREDICT}?expect=/(((.{{99}}){{99}}){{99}}){{99}}/", PNG, b"x", 422),
    ("POST", f"{PREDICT}?expect={'a' * 101}", PNG, b"x", 422),
    ("POST", f"{PREDICT}?model=../../etc/passwd", PNG, b"x", 422),
    ("POST", f"{PREDICT}?name={'a' * 201}", PNG, b"x", 422),
    ("POST", PREDICT, JSON, b"", 400),
    ("POST", PREDICT, JSON, b"{", 400),
    ("POST", PREDICT, JSON, b"\xff\xfe", 400),
    ("POST", PREDICT, JSON, b"[" * 100_000, 400),
    ("POST", PREDICT, JSON, b"{}", 422),
    ("POST", PREDICT, JSON, b'{"images": []}', 422),
    ("POST", PREDICT, JSON, b'{"images": [{"data": ""}]}', 422),
    ("POST", PREDICT, JSON, b'{"images": [{"data": "***"}]}', 422),
    ("POST", PREDICT, JSON, b'{"images": [{"data": "e-_="}]}', 422),
    ("POST", PREDICT, JSON, b'{"images": [{"data": "e\\nA=\\n="}]}', 415),
    ("POST", PREDICT, JSON, b'{"images": [{"data": "eA==", "url": "http://127.0.0.1/"}]}', 422),
    ("POST", PREDICT, JSON, b'{"images": [{"data": "eA=="}]}', 415),
    ("POST", PREDICT, JSON, b'{"images": [' + b",".join([b'{"data": "eA=="}'] * 17) + b"]}", 413),
    ("POST", PREDICT, {"content-type": "multipart/form-data"}, b"", 400),
    ("POST", PREDICT, BOUNDARY, b"", 400),
    ("POST", PREDICT, BOUNDARY, b"nonsense", 400),
    ("POST", PREDICT, BOUNDARY, PART, 400),
    ("POST", PREDICT, BOUNDARY, (PART + b"x\r\n") * 17 + b"--x--\r\n", 413),
    ("POST", PREDICT, BOUNDARY, PART.replace(b'; filename="a.png"', b"") + b"1\r\n--x--\r\n", 400),
    ("POST", PREDICT, BOUNDARY, PART.replace(b"a.png", b"../../a.png") + b"x\r\n--x--\r\n", 415),
    ("POST", PREDICT, {"content-type": "multipart/form-data; boundary=x; charset=nope"},
     PART + b"x\r\n--x--\r\n", 415),
    ("POST", f"{PREDICT}/", PNG, SMALL, 404),
    ("POST", PREDICT, PNG | {"origin": "https://elsewhere.example"}, SMALL, 403),
    ("POST", "/v1/corrections", JSON, b"{}", 404),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("method", "path", "headers", "body", "status"), REFUSED)
def test_what_is_wrong_is_refused_and_said(
    online: httpx.Client, method: str, path: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    latin = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    url = httpx.URL(str(online.base_url)).copy_with(raw_path=path.encode())
    response = online.request(method, url, headers=latin, content=body)
    said = response.json()
    assert response.status_code == status, said
    assert set(said) == {"error", "hint"} and said["error"] and said["hint"]
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("expect", "error", "hint"),
    [("banana", "expect banana: not known", "letter, letters, /a regular expression/"),
     ("@x", "expect: a file is not opened for a request", "send a /pattern/ instead")],
)  # fmt: skip
def test_what_may_be_expected_is_said_without_files(
    online: httpx.Client, expect: str, error: str, hint: str
) -> None:
    said = online.post(PREDICT, params={"expect": expect}, headers=PNG, content=SMALL).json()
    assert said["error"] == error and said["hint"].endswith(hint)


@pytest.mark.parametrize(
    "head",
    [
        "Content-Length: -1", "Content-Length: 1\r\nContent-Length: 2", "Content-Length: ten",
        "Transfer-Encoding: chunked\r\n\r\nzz", "Transfer-Encoding: chunked\r\n\r\nfffffffffffffff",
        "Content-Length: 99999999999999", "\r\n".join(f"X-{i}: a" for i in range(10_000)),
        "X-Long: " + "a" * 100_000, "Host: \0", ":",
    ],
)  # fmt: skip
def test_what_is_no_http_is_no_fault_of_the_server(online: httpx.Client, head: str) -> None:
    """Answered with 4xx, or the connection is closed; the next one is answered as ever."""
    place = online.base_url
    with socket.create_connection((place.host, place.port or 80), timeout=30) as connection:
        lines = f"POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Type: image/png\r\n{head}\r\n\r\n"
        with contextlib.suppress(ConnectionError):
            connection.sendall(lines.encode())
            connection.shutdown(socket.SHUT_WR)
            assert connection.recv(100).partition(b" ")[2][:1] in (b"4", b"")
    assert online.get("/health/ready").json() == {"status": "ready"}
