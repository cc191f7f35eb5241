"""How long one picture may be looked at, and one file, whatever is in it."""

import time
from dataclasses import dataclass, field

SPENT = "too much in this picture: read in part only; crop it"


@dataclass(frozen=True)
class Limits:
    """What one picture may take, in seconds of CPU time.

    To measure: `benchmarks/fuzz.py`, which allows 5 s.
    """

    # With what decoding took. A step that has begun goes on, and the first picture waits for the
    # models: with both, 5 s are promised. A usual page took 0.6 s or less, so that a file of 100 is
    # read to its end.
    seconds: float = 3.0
    seconds_of_file: float = 60.0


LIMITS = Limits()


@dataclass
class Budget:
    """The CPU seconds of this thread from now on: other programs do not change an answer.

    `spent` says that something was not looked at for want of time.
    """

    seconds: float = field(default_factory=lambda: LIMITS.seconds)
    start: float = field(default_factory=time.thread_time)
    spent: bool = False

    def left(self) -> bool:
        """Whether there is time for another step, each of which takes less than a second."""
        self.spent = time.thread_time() - self.start > self.seconds
        return not self.spent
