"""What each command reads, writes, starts and connects to, from an empty home (strace on Linux).

    python benchmarks/audit.py

Prints the table of docs/security.md; names that differ from run to run are shortened to `*`.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import urllib.request
from itertools import product
from pathlib import Path
from urllib.request import Request

import cv2
import numpy as np
from support.command import run_main

from digits.errors import DigitsError

ROOT = Path(__file__).parents[1]
PICTURES, SHIPPED = ROOT / "test_images", ROOT / "models" / "pretrained"
SMALL = "--dataset uci --cpu"
COMMANDS = {
    "predict": f"predict --cpu --image {PICTURES}",
    "predict --json < picture": "predict --cpu --json --image -",
    "predict --output": f"predict --cpu --image {PICTURES} --output answers.csv",
    "predict --explain --save_tiles": f"predict --cpu --image {PICTURES / 'number.png'}"
    " --explain why.png --save_tiles tiles",
    "train": f"train {SMALL} --arch micro --epochs 1",
    "evaluate": f"evaluate {SMALL} --model {SHIPPED / 'micro.pth'}",
    "evaluate --output": f"evaluate {SMALL} --model {SHIPPED / 'micro.onnx'} --output figures",
    "optimize, .onnx": f"optimize --dataset uci --model {SHIPPED / 'micro.pth'} --quantize"
    " --max_drop 100 --output a.onnx",
    "optimize, .pt2": f"optimize --dataset uci --model {SHIPPED / 'micro.pth'} --quantize"
    " --max_drop 100 --any_speed --output a.pt2",
}
CALLS = "openat,open,creat,mkdir,rename,connect,sendto,execve"
SERVE = "serve --port 0 --workers 1"
COMMANDS |= {
    "predict --output --table": f"predict --cpu --image {PICTURES / 'number.png'}"
    " --output table.csv --table",
    "predict --engine ray": f"predict --cpu --image {PICTURES} --engine ray --output answers",
    "learn": f"learn {SMALL} --model {SHIPPED / 'micro.pth'} --from hand --epochs 1",
    "tune": f"tune {SMALL} --arch micro --epochs 1 --trials 2 --seeds 1",
    "serve": SERVE,
}
OURS = (  # what is opened there are programs and their settings, not what they are used on
    sys.prefix, sys.base_prefix, str(ROOT / "src"), str(ROOT / "pyproject.toml"), "/usr", "/lib",
    "/etc", "/proc", "/sys", "/dev", "/bin", "/sbin", "/var",
)  # fmt: skip


def audited(command: str, folder: Path) -> dict[str, set[str]]:
    """What a command does in an empty folder: files read and written, programs started, hosts."""
    for name in ("home", "tmp", "here"):
        (folder / name).mkdir()
    draw_hand(folder / "here" / "hand")
    places = {"HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp")}
    settings = {**os.environ, **places, "PYTHONPATH": str(ROOT / "src")}
    argv = ["strace", "-f", "-qq", "--seccomp-bpf", "-e", f"trace={CALLS}"]
    argv += ["-o", str(folder / "calls")]
    argv += [sys.executable, "-B", "-m", "digits", *command.split()]
    with (PICTURES / "number.png").open("rb") as picture:
        process = subprocess.Popen(
            argv, stdin=picture, cwd=folder / "here", env=settings, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
    if command == SERVE:
        ask(process)
    _, error = process.communicate()
    if process.returncode and "not kept: " not in error and command != SERVE:
        raise DigitsError(f"{command}: {error[-300:]}")
    lines = [line for line in (folder / "calls").read_text().splitlines() if " = -1 " not in line]
    wanted = {
        "reads": [line for line in lines if "O_RDONLY" in line and "O_DIRECTORY" not in line],
        "writes": [line for line in lines if re.search(r"O_WRONLY|O_RDWR|creat\(", line)],
        "starts": [line for line in lines if "execve(" in line],
        "connects to": [line for line in lines if "AF_INET" in line],
    }
    found = {
        kind: {named(line, folder) for line in some} - {"/dev/null", "Python"}
        for kind, some in wanted.items()
    }
    found["reads"] = {shortened(path) for path in found["reads"] if not path.startswith(OURS)}
    found["reads"] -= found["writes"] | {""}
    return found


def draw_hand(folder: Path) -> None:
    """What `learn` learns from: each digit in six fonts and three pens."""
    for digit, font, pen in product("0123456789", (0, 2, 3, 4, 6, 7), (1, 3, 5)):
        (folder / digit).mkdir(parents=True, exist_ok=True)
        sheet = np.full((60, 60), 255, np.uint8)
        cv2.putText(sheet, digit, (14, 48), font, 1.5, 0, pen)
        cv2.imwrite(str(folder / digit / f"{font}-{pen}.png"), sheet)


def ask(strace: "subprocess.Popen[str]") -> None:
    """Let a server that is watched answer a picture, and stop it."""
    assert strace.stdout
    address = strace.stdout.readline().split()[2].rstrip("/")
    picture = (PICTURES / "number.png").read_bytes()
    kind = {"Content-Type": "image/png"}
    with urllib.request.urlopen(Request(f"{address}/v1/predict", picture, kind)) as answer:
        answer.read()
    (server,) = Path(f"/proc/{strace.pid}/task/{strace.pid}/children").read_text().split()
    os.kill(int(server), signal.SIGTERM)


def shortened(path: str) -> str:
    """A file that is read, as its folder; none of the temporary folder of the run."""
    if path.startswith(("$TMPDIR", "~")) or ".so" in Path(path).suffixes or path == "runs":
        return ""
    folder = str(Path(path.replace(str(ROOT) + "/", "")).parent)
    data = os.environ.get("DIGITS_DATA_DIR", "data")
    return f"{folder.replace(data, '$DIGITS_DATA_DIR')}/*" if folder != "." else path


def named(line: str, folder: Path) -> str:
    """The file, program or host of a call, told apart from others but not from other runs."""
    if "AF_INET" in line:
        return host_of(line)
    path = re.findall(r'"([^"]*)"', line)[0].replace(str(folder / "here") + "/", "")
    path = path.replace(str(folder / "home"), "~").replace(str(folder / "tmp"), "$TMPDIR")
    if "execve(" in line and "python" in path:
        return "Python"
    if path.startswith(("/dev/shm/", "$TMPDIR/")):
        return str(Path(path).parents[-3 if path.startswith("/dev") else -2]) + "/*"
    path = re.sub(r"(^|/)(runs|hand|tiles)/.*", r"\1\2/*", path)
    return re.sub(r"(^|/)\.([^/]+?)\.\d+\.[^/]+$", r"\1\2", path)  # renamed to it when it is whole


def host_of(line: str) -> str:
    """An address, or `this machine`."""
    address = re.findall(r'inet_(?:addr|pton)\((?:AF_INET6, )?"([^"]*)"', line)[0]
    own = subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=False).stdout
    local = address.startswith("127.") or address in ("::1", "0.0.0.0", *own.split())
    return "this machine" if local else address


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help="of the table's first column (default: all)")
    names = parser.parse_args().names or list(COMMANDS)
    print("| command | reads | writes | starts | connects to |\n|---|---|---|---|---|")
    for name, command in ((name, COMMANDS[name]) for name in names):
        with tempfile.TemporaryDirectory() as folder:
            found = audited(command, Path(folder))
        cells = [", ".join(f"`{v}`" for v in sorted(some)) or "nothing" for some in found.values()]
        print(f"| `{name}` | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    run_main(main)
