"""Print what `digits serve` needs, one requirement a line: no PyTorch is among it."""

import sys
from pathlib import Path

import tomllib

READING = ("numpy", "pillow", "opencv-python-headless", "onnxruntime", "matplotlib", "tqdm")


def main() -> int:
    root = Path(__file__).parents[1]
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    toolkit = (root / "requirements.txt").read_text("utf-8").splitlines()
    reading = [line for line in toolkit if line.partition(">=")[0] in READING]
    print("\n".join([*reading, *project["optional-dependencies"]["serve"]]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
