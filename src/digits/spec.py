"""The tile's contract, and the names and numbers that everything shares. Loads without torch."""

import os
import re
from pathlib import Path

# A tile is what a model learns from and what reading cuts out of a picture: uint8 (N, 1, 28, 28),
# bright ink on black, scaled by its aspect ratio into the middle 20x20, the centre of mass in the
# centre (LeCun et al. 1998, "Gradient-based learning applied to document recognition").
TILE_SIZE = 28
INK_SIZE = 20
INPUT_SHAPE = (1, TILE_SIZE, TILE_SIZE)  # channels, height, width
CLASSES = tuple("0123456789")
NONE = "none"  # the eleventh class of models that were trained to know what is not a digit

STATUSES = ("read", "unsure", "no_digit", "error")  # of an answer to a picture

# A row image is a grey crop of one row of a number, whose columns a row model names: uint8
# (N, 1, 48, W), any width, bright ink on dark paper; `row_image` makes it.
ROW_SHAPE = (1, 48, None)
SIGNS = tuple(".,-/:")
ROW_CLASSES = CLASSES + SIGNS
BLANK = "blank"  # the class behind them: nothing begins in this column
# Letters and signs that may as well be digits, or a digit's stroke.
LOOKALIKES = frozenset("OoIlSsZzBbqg|/")

# A page image is a grey picture in which a finder looks for numbers: uint8 (N, 1, H, W), H and W
# multiples of 64; `page_image` makes it.
PAGE_SHAPE = (1, None, None)
PAGE_CLASSES = ("row", "core")  # of a pixel: in a number's row, and in the middle of its height

# A line image is one of the finder's lines with what stands around it, of which a line model says
# what it is: uint8 (N, 1, 72, W), W a multiple of 32; `line_image` makes it.
LINE_SHAPE = (1, 72, None)
LINE_CLASSES = ("number", "part", "nothing")  # one whole number by hand; a piece, or several

# Of the 60,000 MNIST training images, on the 0..255 scale on which pixels travel.
PIXEL_MEAN = 33.3184
PIXEL_STD = 78.5675

HOLD_OUT = 12  # every twelfth tile of a class is for validation, not for training

SMALL_SET = "uci"  # the 1,797 scans of 8x8 pixels that the package has
SEEN_LITTLE = (  # what answers of a model that saw no other say
    "the model has seen 1,797 small scans alone and reads real pictures badly: train it on mnist"
)

SAVE_DIR = Path("models")
DEFAULT_SHIPPED = "reader"  # the shipped one that reads unless another is named
BEST_MODEL = SAVE_DIR / "best_model.pth"
RUNS_DIR = Path("runs")

ARTEFACT_SUFFIXES = (".pth", ".pt2", ".pt", ".onnx")


def data_dir() -> Path:
    """Where data sets lie: $DIGITS_DATA_DIR, else ./data."""
    return Path(os.environ.get("DIGITS_DATA_DIR", "data"))


def pretrained_dir() -> Path:
    """Where the shipped models lie: in an installed package, else models/pretrained/ of a clone."""
    installed = Path(__file__).parent / "pretrained"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "models" / "pretrained"


def version() -> str:
    """Of the installed package, else what a clone's pyproject.toml says."""
    from importlib import metadata

    try:
        return metadata.version("digits")
    except metadata.PackageNotFoundError:  # a clone that is not installed
        project = (Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8")
        found = re.search(r'^version = "(.+)"$', project, re.MULTILINE)
        assert found, "pyproject.toml has no version"
        return found[1]
