"""`digits serve`: a page to try it on, and the same answers for programs over HTTP."""

import argparse
import os
import re
import sys
from importlib.util import find_spec
from pathlib import Path

from digits.commands._flags import Parser, number
from digits.errors import DigitsError
from digits.extras import EXTRAS

LOCAL = ("localhost", "127.0.0.1", "[::1]")


def main(argv: list[str] | None = None) -> int:
    """Serve until it is told to stop."""
    args = _parser().parse_args(sys.argv[1:] if argv is None else argv)
    for package, extra in EXTRAS.items():  # before a process is started that had to be stopped
        if extra == "serve" and find_spec(package) is None:
            raise ModuleNotFoundError(name=package)
    from digits.web.desk import Desk
    from digits.web.settings import Settings

    settings = Settings(
        _models(args.model), args.workers, args.token, args.rate, args.allow_origin,
        _hosts(args.host, args.allow_host), args.trusted_proxy, args.corrections,
    )  # fmt: skip

    def then(address: str) -> None:
        print(f"reading at {address}  (Ctrl-C stops)", flush=True)
        if args.open:
            import webbrowser

            webbrowser.open(address)

    desk = Desk(settings.models, settings.processes)
    desk.start()
    try:
        from digits.web.server import serve  # the models are loaded while FastAPI is imported

        serve(settings, desk, args.host, args.port, then)
    finally:
        desk.kill()  # the processes that did not end by themselves
    return 0


def _token(text: str) -> str:
    """Printable ASCII without spaces: what clients can send in a header as it is."""
    if not all("!" <= c <= "~" for c in text):
        raise argparse.ArgumentTypeError("letters, digits and signs of ASCII, without spaces")
    return text


def _parser() -> argparse.ArgumentParser:
    parser = Parser("serve", description=__doc__)
    add = parser.add_argument_group("where, and with what").add_argument
    add("--host", default="127.0.0.1", help="0.0.0.0 for all (default: %(default)s)")
    add("--port", type=number(int, 0, 65535), default=8080,
        help="0: any that is free (default: %(default)s)")  # fmt: skip
    add("--model", action="append", metavar="MODEL",
        help="an .onnx file or a shipped model's name; give it again for more to choose from"
        " (default: the shipped reader)")  # fmt: skip
    add("--workers", type=number(int, 1, 256), default=os.cpu_count() or 1,
        help="processes that read (default: one a core)")  # fmt: skip
    add("--open", action="store_true", help="open the page in the browser")
    add = parser.add_argument_group("who may ask, and what is kept").add_argument
    add("--token", type=_token, default=os.environ.get("DIGITS_TOKEN", ""),
        help="what API clients must send (default: $DIGITS_TOKEN, else nothing)")  # fmt: skip
    add("--rate", type=number(float, 0), default=0.0,
        help="requests a second that a client may make (default: any)")  # fmt: skip
    add("--allow_origin", type=_origin, action="append", default=[], metavar="ORIGIN",
        help="another site whose pages may ask, as https://example.org")  # fmt: skip
    add("--allow_host", action="append", default=[], metavar="NAME",
        help="a name by which this server is asked, as digits.example.org; others are refused"
        " (default: localhost and --host where that is this machine alone, else any)")  # fmt: skip
    add("--trusted_proxy", action="append", default=[], metavar="ADDRESS",
        help="a proxy whose X-Forwarded-For is believed")  # fmt: skip
    add("--corrections", type=Path, metavar="DIR",
        help="keep the digits that people correct on the page, as DIR/LABEL/HASH.png")  # fmt: skip
    return parser


def _hosts(host: str, more: list[str]) -> list[str]:
    """Names to be asked by: another site's page can give its own name our address, and then read
    all that we answer."""
    bound = _host(host)
    if bound not in LOCAL and not bound.startswith("127.") and not more:
        return []
    return [*LOCAL, bound, *map(_host, more)]


def _host(name: str) -> str:
    """As it stands in a Host header before the port."""
    is_ipv6 = name.count(":") > 1 and not name.startswith("[")
    return f"[{name}]".lower() if is_ipv6 else re.sub(r":\d+$", "", name.lower())


def _origin(text: str) -> str:
    """As browsers send it."""
    origin = text.lower().rstrip("/")
    if not re.fullmatch(r"https?://[^/*]+", origin):
        raise argparse.ArgumentTypeError(f"{text} is no origin, as https://example.org is")
    return origin


def _models(names: list[str] | None) -> dict[str, Path]:
    from digits import classifier

    models: dict[str, Path] = {}
    for name in names or [classifier.DEFAULT_SHIPPED]:
        path = classifier.find(name)
        if path.suffix != ".onnx":
            raise DigitsError(f"--model {name}: only .onnx is served; `optimize` makes one of it")
        if path.stem in models:
            raise DigitsError(f"--model {name}: there are two called {path.stem}; rename one")
        models[path.stem] = path
    return models
