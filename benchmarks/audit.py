"""What each command writes, starts and connects to, from an empty home (needs strace on Linux).

    python benchmarks/audit.py

Prints the table of docs/security.md; names that differ from run to run are shortened to `*`.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from support.command import run_main

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


def audited(command: str, folder: Path) -> dict[str, set[str]]:
    """What a command does in an empty folder: files written, programs started, hosts."""
    for name in ("home", "tmp", "here"):
        (folder / name).mkdir()
    places = {"HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp")}
    settings = {**os.environ, **places, "PYTHONPATH": str(ROOT / "src")}
    argv = ["strace", "-f", "-qq", "-e", f"trace={CALLS}", "-o", str(folder / "calls")]
    argv += [sys.executable, "-B", "-m", "digits", *command.split()]
    with (PICTURES / "number.png").open("rb") as picture:
        subprocess.run(
            argv, stdin=picture, cwd=folder / "here", env=settings, capture_output=True, check=True
        )
    lines = [line for line in (folder / "calls").read_text().splitlines() if " = -1 " not in line]
    wanted = {
        "writes": [line for line in lines if re.search(r"O_WRONLY|O_RDWR|creat\(", line)],
        "starts": [line for line in lines if "execve(" in line],
        "connects to": [line for line in lines if "AF_INET" in line],
    }
    return {
        kind: {named(line, folder) for line in some} - {"/dev/null", "Python"}
        for kind, some in wanted.items()
    }


def named(line: str, folder: Path) -> str:
    """The file, program or host of a call, told apart from others but not from other runs."""
    if "AF_INET" in line:
        return line
    path = re.findall(r'"([^"]*)"', line)[0].replace(str(folder / "here") + "/", "")
    path = path.replace(str(folder / "home"), "~").replace(str(folder / "tmp"), "$TMPDIR")
    if "execve(" in line and "python" in path:
        return "Python"
    if path.startswith(("/dev/shm/", "$TMPDIR/")):
        return str(Path(path).parents[-3 if path.startswith("/dev") else -2]) + "/*"
    path = re.sub(r"(runs)/[^/]+", r"\1/*", path)
    return re.sub(r"(^|/)\.([^/]+?)\.\d+\.[^/]+$", r"\1\2", path)  # renamed to it when it is whole


def main() -> None:
    print("| command | writes | starts | connects to |\n|---|---|---|---|")
    for name, command in COMMANDS.items():
        with tempfile.TemporaryDirectory() as folder:
            found = audited(command, Path(folder))
        cells = [", ".join(f"`{v}`" for v in sorted(some)) or "nothing" for some in found.values()]
        print(f"| `{name}` | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    run_main(main)
