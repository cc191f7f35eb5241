"""Ctrl-C and SIGTERM as a question that the training loop asks, not as an exception inside it."""

import signal
import sys
import threading
import time
from types import FrameType, TracebackType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
BOUNCE_S = 1.0  # torchrun passes a Ctrl-C on that the terminal has already delivered


class StopRequest:
    """Within its `with` block the first signal only sets `signal`; a second one stops at once."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self._since = 0.0

    def __enter__(self) -> "StopRequest":
        # Signals reach the main thread alone; a training in another one is not stopped by them.
        here = threading.current_thread() is threading.main_thread()
        asked = SIGNALS if here else ()
        self._previous = {number: signal.signal(number, self._handle) for number in asked}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.signal is not None and time.monotonic() - self._since < BOUNCE_S:
            return
        if self.signal is not None:
            raise SystemExit(128 + number)  # what a shell expects: 130 or 143
        self.signal, self._since = number, time.monotonic()
        print("\nstopping after this step; once more stops at once", file=sys.stderr)
