"""Temporary files that killed processes left behind."""

import contextlib
import time
from pathlib import Path

# No file of ours is written for so long without a pause. Whether its process runs cannot be asked:
# in another container, or on another computer, the same number is another process.
STALE_S = 3600


def sweep(folder: Path, pattern: str) -> None:
    """Delete the files in a folder that fit a pattern and were not written to for STALE_S; what
    cannot be deleted stays."""
    for path in folder.glob(pattern):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > STALE_S:
                path.unlink()
