"""Which extra of the package brings what a light installation lacks, and the line that says so."""

from importlib import import_module
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
    "prometheus_client": "serve",
}  # fmt: skip
OF_COMMANDS = ("optimize", "tune")  # extras that bring all that the command of this name needs


def needs(module: str, command: str = "") -> str:
    """`needs openpyxl: pip install 'digits[xlsx]'`, of a module of EXTRAS that is not there."""
    name = module.partition(".")[0]
    extra = EXTRAS[name]
    if extra == "train" and command in OF_COMMANDS:
        extra = command
    package = "scikit-learn" if name == "sklearn" else name.replace("_", "-")
    return f"needs {package}: pip install '{_ours()}[{extra}]'"


def _ours() -> str:
    """What pip calls us: by name where we are installed, else the folder of a clone."""
    from importlib.metadata import PackageNotFoundError, distribution  # slow to import

    try:
        distribution("digits")
    except PackageNotFoundError:
        return "."
    return "digits"


def required(module: str, what: str, instead: str = "") -> Any:
    """A module of EXTRAS, imported; `what` needs it, and `instead` says how to do without.

    Raises:
        DigitsError: it is not installed; the line says which extra brings it.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError:
        raise DigitsError(f"{what} {needs(module)}{instead and f'; {instead}'}") from None
