"""Pick the device and the number format to compute in, and time it honestly."""

import os
import sys
import time
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

from digits import threads
from digits.errors import DigitsError, reason

if TYPE_CHECKING:
    import torch

GPUS = ("cuda", "mps")  # in the order in which they are tried


def works(kind: str) -> str | None:
    """None when a real kernel ran on this kind of device, else why it did not."""
    import torch

    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not available.get(kind, True):
        return "none found"
    try:
        with warnings.catch_warnings():  # an unsupported card first warns, then fails
            warnings.simplefilter("ignore")
            x = torch.ones(8, 8, device=kind)
            total = float((x @ x).sum())
    except Exception as error:  # each kind of device has exceptions of its own
        return reason(error)
    return None if total == 512 else f"wrong arithmetic: {total} instead of 512"


def pick(gpu: bool = False, cpu: bool = False, device: str | None = None) -> "torch.device":
    """The device to compute on; says on stderr which it is and why.

    `device` demands one by name. `cpu` takes the CPU. `gpu`, and the default, try CUDA and then
    MPS, and fall back to the CPU: with a warning if a GPU was asked for.

    Raises:
        DigitsError: the demanded device is unknown, or no kernel runs on it.
    """
    threads.fit()
    import torch

    if device is not None:
        try:
            chosen = torch.device(device)
        except RuntimeError:
            raise DigitsError(f"--device {device}: no such device; try cpu, cuda or mps") from None
        why_not = works(str(chosen))
        if why_not:
            raise DigitsError(f"--device {device} does not work here ({why_not}); try --cpu")
        return chosen
    if not cpu:
        for kind in GPUS:
            why_not = works(kind)
            if why_not is None:
                print(f"device: {kind}", file=sys.stderr)
                return torch.device(kind)
            if why_not != "none found":
                print(f"warning: the {kind} device does not work: {why_not}", file=sys.stderr)
        if gpu:
            print("warning: --gpu: no working GPU found; going on with the CPU", file=sys.stderr)
    print("device: cpu", file=sys.stderr)
    return torch.device("cpu")


def autocast_dtype(device: "torch.device") -> "torch.dtype | None":
    """The fast 16-bit format of this device's matrix units, or None where float32 is faster."""
    import torch

    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    if device.type == "cpu":
        # Emulated bf16 is slower than float32: AMX gives 2,000 GFLOP/s on two cores against 370.
        has_units = getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)()
        return torch.bfloat16 if has_units else None
    return None


def seed(number: int, deterministic: bool = False) -> None:
    """Seed torch, and with `deterministic` refuse every operation that is not repeatable."""
    import torch

    torch.manual_seed(number)
    if deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)
        torch.backends.cudnn.benchmark = False


def synchronise(device: "torch.device") -> None:
    """Wait until all work handed to the device is done; without it only launches are timed."""
    import torch

    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def timer(device: "torch.device") -> Callable[[], float]:
    """Start a stopwatch; calling it returns the synchronised seconds since."""
    synchronise(device)
    start = time.perf_counter()

    def seconds() -> float:
        synchronise(device)
        return time.perf_counter() - start

    return seconds
