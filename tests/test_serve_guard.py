"""Who may ask the server, by which name, how often; what it keeps; what its document says."""

import argparse
import base64
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from digits.__main__ import main
from digits.commands.serve import _hosts, _origin
from digits.reading.formats import CHOICES, LETTERS
from digits.web import corrections
from digits.web.corrections import Corrections
from digits.web.guard import _network
from digits.web.refusal import Refusal
from tests.asking import PNG, Client, small, tile
from tests.conftest import Clients

FRIEND = {"origin": "https://friend.example"}


@pytest.mark.slow
@pytest.mark.parametrize("given", ["", "Bearer", "Bearer wrong", "secret", "Basic secret"])
def test_a_wrong_token(client: Clients, given: str) -> None:
    asking = client(token="secret")
    for path in ("/v1/models", "/metrics"):
        refused = asking.get(path, headers={"authorization": given})
        assert refused.status_code == 401 and refused.headers["www-authenticate"] == "Bearer"
    assert asking.get("/health/live").status_code == asking.get("/").status_code == 200


@pytest.mark.parametrize("token", ["a b", "sécret", "a\n"])
def test_a_token_that_no_client_could_send_is_refused(
    token: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["serve", "--token", token])
    assert "ASCII, without spaces" in capsys.readouterr().err


def test_tokens_are_tried_no_faster_than_the_rate(client: Clients) -> None:
    asking = client(token="secret", rate=1.0)
    statuses = [
        asking.get("/v1/models", headers={"authorization": f"Bearer {i}"}).status_code
        for i in range(10)
    ]
    assert statuses == [401] * 5 + [429] * 5
    right = asking.get("/v1/models", headers={"authorization": "Bearer secret"})
    assert right.status_code == 429 and right.headers["retry-after"] == "1"
    assert 'digits_rejected_total{why="rate"} 6.0' in _metrics(asking)


@pytest.mark.parametrize(
    ("first", "second", "is_one"),
    [("1.2.3.4", "::ffff:1.2.3.4", True), ("::ffff:1.2.3.4", "::ffff:1.2.3.5", False),
     ("2001:db8::1", "2001:db8::2", True), ("2001:db8::1", "2001:db8:0:1::1", False)],
)  # fmt: skip
def test_whose_requests_are_counted_together(first: str, second: str, is_one: bool) -> None:
    assert (_network({"client": (first, 1)}) == _network({"client": (second, 1)})) == is_one


def _metrics(client: Client) -> str:
    """Of the same application, past its guard."""
    app = client.app
    while hasattr(app, "_app") or hasattr(app, "app"):
        app = getattr(app, "_app", None) or app.app
    return Client(app).get("/metrics").text


def test_friends_pages_read_refusals_too(client: Clients) -> None:
    asking = client(token="secret", rate=1.0, allowed_origins=["https://friend.example"])
    seen = {}
    for i in range(8):
        token = {"authorization": "Bearer secret" if i == 0 else "Bearer wrong"}
        answer = asking.post("/v1/predict", content=small(), headers=PNG | FRIEND | token)
        seen[answer.status_code] = answer.headers
    assert set(seen) == {200, 401, 429}
    for headers in seen.values():
        assert headers["access-control-allow-origin"] == "https://friend.example"
        assert "retry-after" in headers["access-control-expose-headers"]
    other = asking.post("/v1/predict", headers=PNG | {"origin": "https://other.example"})
    assert other.status_code == 403 and "access-control-allow-origin" not in other.headers


def test_preflight(client: Clients) -> None:
    ask = {
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization",
    }
    friend = client(token="secret", allowed_origins=["https://friend.example"])
    said = friend.options("/v1/predict", headers=FRIEND | ask)
    assert (
        said.status_code == 200 and "authorization" in said.headers["access-control-allow-headers"]
    )
    assert said.headers["access-control-allow-origin"] == "https://friend.example"
    said = friend.options("/v1/predict", headers={**ask, "origin": "https://other.example"})
    assert "access-control-allow-origin" not in said.headers
    said = client().options("/v1/predict", headers=FRIEND | ask)
    assert said.status_code == 405 and "access-control-allow-origin" not in said.headers


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost", 200), ("LOCALHOST:8080", 200), ("127.0.0.1:8080", 200), ("[::1]:8080", 200),
     ("digits.example.org", 200), ("rebound.example", 403), ("127.0.0.1.rebound.example", 403),
     ("localhost:80@rebound.example", 403)],
)  # fmt: skip
def test_names_that_the_server_has(client: Clients, host: str, status: int) -> None:
    hosts = _hosts("127.0.0.1", ["Digits.example.org"])
    answer = client(allowed_hosts=hosts).get("/health/live", headers={"host": host})
    assert answer.status_code == status


@pytest.mark.parametrize("given", ["https://example.org/", "https://Example.org"])
def test_an_origin_is_as_browsers_send_it(given: str) -> None:
    assert _origin(given) == "https://example.org"


@pytest.mark.parametrize("given", ["*", "example.org", "https://*.example.org", "https://a/b"])
def test_what_is_no_origin_is_wrong_usage(given: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is no origin"):
        _origin(given)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_of_a_token_has_no_case(client: Clients, scheme: str) -> None:
    answer = client(token="secret").get("/v1/models", headers={"authorization": f"{scheme} secret"})
    assert answer.status_code == 200


def test_a_server_for_others_is_asked_by_any_name_unless_told() -> None:
    assert _hosts("0.0.0.0", []) == _hosts("digits.example.org", []) == []
    assert "a.example" in _hosts("0.0.0.0", ["A.example:8080"])
    assert "127.0.0.1" in _hosts("0.0.0.0", ["a.example"])  # the container's health check
    assert "[::1]" in _hosts("::1", []) and "127.0.0.2" in _hosts("127.0.0.2", [])
    assert _hosts("LocalHost", []) == _hosts("localhost", [])
    assert {"[fd00::5]", "[fd00::6]"} <= set(_hosts("::1", ["fd00::5", "[FD00::6]:8080"]))


@pytest.mark.parametrize("path", ["/", "/icon.svg", "/health/live", "/health/ready", "/v1/models"])
def test_head(client: Clients, path: str) -> None:
    asking = client()
    head, got = asking.head(path), asking.get(path)
    assert head.status_code == got.status_code == 200
    assert head.headers["content-length"] == got.headers["content-length"]


SAFE = {
    "x-content-type-options": "nosniff", "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin", "cross-origin-resource-policy": "same-origin",
}  # fmt: skip


@pytest.mark.parametrize("path", ["/", "/worker.js", "/v1/models", "/nothing", "/openapi.json"])
def test_safe_headers(client: Clients, path: str) -> None:
    headers = client().get(path).headers
    assert headers.items() >= SAFE.items() and "camera=(self)" in headers["permissions-policy"]
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy
    assert headers["cache-control"] == ("no-cache" if path in ("/", "/worker.js") else "no-store")


def test_corrections_at_once_are_one_file(tmp_path: Path) -> None:
    kept = Corrections(tmp_path)
    data = base64.b64decode(tile())
    with ThreadPoolExecutor(24) as pool:
        names = set(pool.map(lambda _: kept.keep("3", data), range(24)))
    assert len(names) == 1
    assert [p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.*")] == list(names)


def test_two_servers_share_a_folder(tmp_path: Path) -> None:
    both = [Corrections(tmp_path), Corrections(tmp_path)]
    data = [base64.b64decode(tile(grey)) for grey in range(100, 148)]
    with ThreadPoolExecutor(24) as pool:
        list(pool.map(lambda i: both[i % 2].keep("3", data[i // 2]), range(2 * len(data))))
    assert len(list((tmp_path / "3").iterdir())) == len(data)


def test_the_last_correction_holds(tmp_path: Path) -> None:
    kept = Corrections(tmp_path)
    data = base64.b64decode(tile())
    for label in ("3", "8", "none"):
        name = kept.keep(label, data)
    assert [p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.png")] == [name]


@pytest.mark.parametrize(
    ("label", "folder"), [("..", "%2E%2E"), ("a/b", "a%2Fb"), ("/etc", "%2Fetc")]
)
def test_no_label_leads_out_of_the_folder(tmp_path: Path, label: str, folder: str) -> None:
    """A class may have such a name; training reads it back from this folder."""
    name = Corrections(tmp_path / "kept").keep(label, base64.b64decode(tile()))
    assert name.startswith(f"{folder}/")
    (path,) = tmp_path.rglob("*.png")
    assert path.relative_to(tmp_path / "kept").as_posix() == name


def test_a_full_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corrections, "MOST", 2)
    first, second, third = (base64.b64decode(tile(grey)) for grey in (100, 150, 200))
    Corrections(tmp_path).keep("3", first)
    kept = Corrections(tmp_path)  # counts what is there
    kept.keep("4", second)
    with pytest.raises(Refusal, match="2 corrections already"):
        kept.keep("5", third)
    assert kept.keep("3", first).startswith("3/")  # what is there is no new file
    assert kept.keep("5", first).startswith("5/")
    assert len(list(tmp_path.rglob("*.png"))) == 2


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    kept = Corrections(tmp_path)
    (tmp_path / "3").write_text("a file in its place")
    with pytest.raises(Refusal) as refused:
        kept.keep("3", base64.b64decode(tile()))
    assert refused.value.status == 503 and str(tmp_path) not in refused.value.error


def test_corrections_take_the_classes_of_the_model(client: Clients, tmp_path: Path) -> None:
    asking = client(Corrections(tmp_path))
    cards = asking.get("/v1/models").json()["models"]
    assert [card["classes"][-1] for card in cards] == ["none", "z"]
    for label, model, status in [
        ("3", None, 200), ("none", "reader", 200), ("q", "letters", 200), ("q", "reader", 422),
        ("3", "letters", 422), ("../3", None, 422), ("3", "nothing", 422), ("", None, 422),
    ]:  # fmt: skip
        body = {"label": label, "tile": tile(), **({"model": model} if model else {})}
        assert asking.post("/v1/corrections", json=body).status_code == status
    wrong = {"label": "3", "tile": base64.b64encode(small()).decode()}
    assert asking.post("/v1/corrections", json=wrong).status_code == 422
    assert [path.parent.name for path in tmp_path.rglob("*.png")] == ["q"]


@pytest.mark.slow
def test_the_document(client: Clients) -> None:
    schema = client(token="secret").get("/openapi.json").json()
    assert set(schema["paths"]) == {
        "/v1/predict", "/v1/models", "/v1/corrections", "/health/live", "/health/ready", "/metrics",
    }  # fmt: skip
    assert "$defs" not in json.dumps(schema)
    (scheme,) = schema["components"]["securitySchemes"].values()
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    operations = {(path, how): said for path, hows in schema["paths"].items()
                  for how, said in hows.items()}  # fmt: skip
    guarded = {path for (path, _), said in operations.items() if "security" in said}
    assert guarded == {"/v1/predict", "/v1/models", "/v1/corrections", "/metrics"}
    assert "securitySchemes" not in client().get("/openapi.json").json()["components"]
    metrics = operations["/metrics", "get"]["responses"]["200"]["content"]
    assert set(metrics) == {"text/plain"}
    options = {one["name"]: one for one in operations["/v1/predict", "post"]["parameters"]}
    assert all(name in options["expect"]["description"] for name in (*CHOICES, *LETTERS))
    correction = operations["/v1/corrections", "post"]["requestBody"]["content"]["application/json"]
    labels = correction["schema"]["properties"]["label"]["enum"]
    assert set(labels) == {*"0123456789", "none", *"abcdefghijklmnopqrstuvwxyz"}


def test_the_documents_examples_are_true(client: Clients, tmp_path: Path) -> None:
    asking = client(Corrections(tmp_path))
    paths = asking.get("/openapi.json").json()["paths"]
    for path in ("/v1/predict", "/v1/corrections"):
        body = paths[path]["post"]["requestBody"]["content"]["application/json"]["example"]
        answer = asking.post(path, json=body)
        assert answer.status_code == 200
    examples = paths["/v1/predict"]["post"]["responses"]["200"]["content"]["application/json"]
    one, several = (one["value"] for one in examples["examples"].values())
    body = small()
    assert set(asking.post("/v1/predict", content=body, headers=PNG).json()) == set(one)
    files = [("image", ("a.png", body)), ("image", ("b.png", body))]
    answers = asking.post("/v1/predict", files=files).json()["answers"]
    assert [set(a) for a in answers] == [set(a) for a in several["answers"]]
    problem = paths["/v1/predict"]["post"]["responses"]["415"]["content"]["application/json"]
    refused = asking.post("/v1/predict", content=b"no", headers=PNG).json()
    assert set(refused) == set(problem["example"])
