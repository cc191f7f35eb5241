"""No command leaves anything in the home folder or opens a connection."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "test_images" / "number.png"
SHIPPED = ROOT / "models" / "pretrained"
COMMANDS = {
    "predict": f"predict --cpu --image {PICTURE}",
    "predict with all cores": f"predict --cpu --image {PICTURE} --output answers.csv",
    "evaluate": f"evaluate --cpu --dataset uci --model {SHIPPED / 'micro.onnx'}",
    "optimize": f"optimize --dataset uci --model {SHIPPED / 'micro.pth'} --output a.onnx --quantize"
    " --max_drop 100",
}
# An audit hook sees what Python opens, a native library's sockets it does not: those would have
# needed the files in HOME, and strace sees them where it is installed.
HOOKED = """
import socket, sys
def refuse(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
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
    return tmp_path / "home"


def run(command: str, home: Path, watched_by: tuple[str, ...] = ()) -> None:
    private = ("ORT_", "XDG_", "HOME", "TMPDIR", "PYTHON", "TORCHINDUCTOR")
    environment = {name: v for name, v in os.environ.items() if not name.startswith(private)}
    environment |= {"HOME": str(home), "PYTHONPATH": str(ROOT / "src"), "TMPDIR": str(home.parent)}
    argv = [*watched_by, sys.executable, "hooked.py", *command.split()]
    done = subprocess.run(argv, cwd=home.parent, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS.values(), ids=[n.replace(" ", "-") for n in COMMANDS])
def test_nothing_is_written_at_home_and_nobody_is_called(command: str, home: Path) -> None:
    run(command, home)
    assert [str(path.relative_to(home)) for path in home.rglob("*")] == []


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
