"""Which extra of the package brings what a light installation lacks, and the line that says so."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from digits.errors import DigitsError

EXTRAS = {  # what the base does not bring -> the smallest extra that does
    "torch": "train", "onnx": "train", "onnxscript": "train", "torchvision": "data",
    "torchao": "optimize", "executorch": "pte", "litert_torch": "tflite",
    "scipy": "report", "sklearn": "report", "matplotlib": "report", "jinja2": "report",
    "captum": "explain", "cleanlab": "labels", "optuna": "tune", "sqlalchemy": "tune",
    "tensorboard": "tensorboard", "openpyxl": "xlsx", "pyarrow": "parquet", "ray": "many",
    "fsspec": "many", "fastapi": "serve", "starlette": "serve", "pydantic": "serve",
    "uvicorn": "serve", "httptools": "serve", "python_multipart": "serve",
    "prometheus_client": "serve", "unlzw3": "data",
}  # fmt: skip
BASE = ("numpy", "cv2", "onnxruntime", "PIL", "tqdm", "typing_extensions")  # of every command
OF_COMMANDS = ("optimize", "tune")  # extras that bring all that the command of this name needs


def needs(module: str, command: str = "") -> str:
    """`needs openpyxl: pip install '.[xlsx]'`, of a module of EXTRAS or BASE that is not there."""
    name = module.partition(".")[0]
    if name in BASE:
        return f"needs {name}: pip install '{_ours()}'"
    extra = EXTRAS[name]
    if extra == "train" and command in OF_COMMANDS:
        extra = command
    package = "scikit-learn" if name == "sklearn" else name.replace("_", "-")
    return f"needs {package}: pip install '{_ours()}[{extra}]'"


def _ours() -> str:
    """What pip calls us: the folder that we were installed from (PEP 610), else that of a clone.
    An index may know another package by our name."""
    import json  # these are slow to import
    from importlib.metadata import PackageNotFoundError, distribution
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    try:
        told = json.loads(distribution("digits").read_text("direct_url.json") or "{}")
    except PackageNotFoundError:
        return "."
    folder = Path(url2pathname(urlsplit(told.get("url", "")).path))
    return str(folder) if "dir_info" in told and folder.is_dir() else "digits"


def required(module: str, what: str, instead: str = "") -> Any:
    """A module of EXTRAS, imported; `what` needs it, and `instead` says how to do without.

    Raises:
        DigitsError: it is not installed; the line says which extra brings it.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError:
        raise DigitsError(f"{what} {needs(module)}{instead and f'; {instead}'}") from None


@contextmanager
def brought(what: str) -> Iterator[None]:
    """Within, a module of EXTRAS that is not installed is said in one line, as `required` does.

    Raises:
        DigitsError: there was one.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] not in EXTRAS:
            raise
        raise DigitsError(f"{what}: {needs(str(error.name))}") from None
