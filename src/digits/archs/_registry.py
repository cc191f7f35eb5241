"""Find architectures by name: every file of this folder without a leading underscore is one.

A file `NAME.py` defines `build(classes: int, shape=INPUT_SHAPE, **arguments) -> nn.Module`, where
`shape` is (channels, height, width) of a tile, and its docstring's first line says what it is. The
names are known without importing torch, and two files cannot share one.
"""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from digits.errors import DigitsError
from digits.spec import CLASSES, INPUT_SHAPE, LINE_SHAPE, PAGE_SHAPE, ROW_SHAPE

if TYPE_CHECKING:
    from torch import nn

_FOLDER = Path(__file__).parent
# What it takes.
CLASSIFIER, ROWS, PAGES, LINES = "tiles", "row images", "page images", "line images"
KINDS = (CLASSIFIER, ROWS, PAGES, LINES)


def names(*of: str) -> list[str]:
    """The names of all architectures of some kinds, of classifiers unless told, sorted."""
    modules = pkgutil.iter_modules([str(_FOLDER)])
    known = sorted(module.name for module in modules if not module.name.startswith("_"))
    return [name for name in known if kind(name) in (of or (CLASSIFIER,))]


def kind(name: str) -> str:
    """What an architecture's file says in KIND, read without importing it."""
    for node in ast.parse((_FOLDER / f"{name}.py").read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "KIND":
            return str(ast.literal_eval(node.value))
    return CLASSIFIER


def summary(name: str) -> str:
    """The first line of an architecture's docstring, read without importing it."""
    docstring = ast.get_docstring(ast.parse((_FOLDER / f"{name}.py").read_text("utf-8")))
    return (docstring or "").partition("\n")[0]


def create(
    name: str,
    classes: int = len(CLASSES),
    shape: Sequence[int | None] = INPUT_SHAPE,
    **arguments: Any,
) -> "nn.Module":
    """Build an architecture with freshly initialised weights.

    A classifier takes tiles (N, *shape), uint8 or floats on the 0..255 scale, and returns
    logits (N, classes); a row model takes row images (N, 1, 48, W): logits (N, W / 4, classes);
    a finder takes page images (N, 1, H, W): logits (N, H / 2, W / 2, classes); a line model takes
    line images (N, 1, 72, W): logits (N, classes).

    Raises:
        DigitsError: no architecture has this name, or it takes no such argument.
    """
    if name not in names(*KINDS):
        raise DigitsError(f"unknown architecture {name!r}; known are {', '.join(names())}")
    if tuple(shape) not in (INPUT_SHAPE, ROW_SHAPE, PAGE_SHAPE, LINE_SHAPE):
        arguments["shape"] = tuple(shape)
    build = importlib.import_module(f"digits.archs.{name}").build
    for argument in arguments.keys() - inspect.signature(build).parameters.keys():
        raise DigitsError(f"--arch {name} has no {argument}")
    return build(classes, **arguments)
