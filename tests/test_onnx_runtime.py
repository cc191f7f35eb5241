"""No command leaves anything in the home folder or opens a connection."""

import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from benchmarks.audit import draw_hand

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "test_images" / "number.png"
SHIPPED = ROOT / "models" / "pretrained"
COMMANDS = {
    "predict": f"predict --cpu --image {PICTURE}",
    "predict with all cores": f"predict --cpu --image {PICTURE} --output answers.csv",
    "evaluate": f"evaluate --cpu --dataset uci --model {SHIPPED / 'micro.onnx'}",
    "optimize": f"optimize --dataset uci --model {SHIPPED / 'micro.pth'} --output a.onnx --quantize"
    " --max_drop 100",
    "train": "train --cpu --dataset uci --arch micro --epochs 1",
    "learn": f"learn --cpu --dataset uci --model {SHIPPED / 'micro.pth'} --from hand --epochs 1",
}
NOT_KEPT = "not kept: "  # which is no failure of `learn`
# An audit hook sees what Python opens, a native library's sockets it does not: those would have
# needed the files in HOME, and strace sees them where it is installed.
HOOKED = """
import socket, sys
def refuse(event, args):
    listens = event == "socket.getaddrinfo" and args[0] == "127.0.0.1"
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto") and not listens:
        sys.exit(f"connected: {args}")
sys.addaudithook(refuse)
from digits.__main__ import main
if __name__ == "__main__":  # spawned workers import this file too
    sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    (tmp_path / "hooked.py").write_text(HOOKED)
    draw_hand(tmp_path / "hand")
    return tmp_path / "home"


def clean(home: Path) -> dict[str, str]:
    """An environment with an empty home, and nothing that says how libraries behave."""
    private = ("ORT_", "XDG_", "HOME", "TMPDIR", "PYTHON", "TORCHINDUCTOR", "MPL")
    kept = {name: v for name, v in os.environ.items() if not name.startswith(private)}
    places = {"HOME": str(home), "PYTHONPATH": str(ROOT / "src"), "TMPDIR": str(home.parent)}
    return kept | places


def run(command: str, home: Path, watched_by: tuple[str, ...] = ()) -> None:
    argv = [*watched_by, sys.executable, "hooked.py", *command.split()]
    done = subprocess.run(argv, cwd=home.parent, env=clean(home), capture_output=True, text=True)
    assert done.returncode == 0 or NOT_KEPT in done.stderr, done.stderr


def left(home: Path) -> list[str]:
    """The files in HOME, but for the list of fonts of who draws curves, as `train` does."""
    files = (str(path.relative_to(home)) for path in home.rglob("*") if path.is_file())
    return [name for name in files if not name.startswith(".cache/matplotlib/fontlist-")]


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS.values(), ids=[n.replace(" ", "-") for n in COMMANDS])
def test_nothing_is_written_at_home_and_nobody_is_called(command: str, home: Path) -> None:
    run(command, home)
    assert not left(home)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
@pytest.mark.parametrize("command", COMMANDS.values(), ids=[n.replace(" ", "-") for n in COMMANDS])
def test_native_code_sends_nothing_either(command: str, home: Path) -> None:
    log = home.parent / "calls"
    run(
        command,
        home,
        ("strace", "-f", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-o", str(log)),
    )
    assert not [line for line in log.read_text().splitlines() if "AF_INET" in line]


@pytest.mark.slow
def test_a_server_listens_here_alone_and_calls_nobody(home: Path) -> None:
    argv = [sys.executable, "hooked.py", "serve", "--port", "0", "--workers", "1"]
    server = subprocess.Popen(
        argv, cwd=home.parent, env=clean(home), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert server.stdout
    address = server.stdout.readline().split()[2].rstrip("/")
    assert address.startswith("http://127.0.0.1:")
    picture = {"Content-Type": "image/png"}
    asked = urllib.request.Request(f"{address}/v1/predict", PICTURE.read_bytes(), picture)
    try:
        with urllib.request.urlopen(asked) as answer:
            assert "40917" in answer.read().decode()
    finally:
        server.terminate()
        error = server.communicate(timeout=60)[1]
    assert "connected:" not in error and not left(home)
