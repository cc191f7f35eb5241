"""How long one picture may be looked at, and one file, whatever is in it."""

import time
from dataclasses import dataclass, field

SPENT = "time is over: looked at in part only; allow it more --seconds, or crop it"


@dataclass(frozen=True)
class Limits:
    """What one picture may take, in seconds of CPU time, unless a reader allows another time.

    To measure: `benchmarks/fuzz.py`, which allows 5 s.
    """

    # With what decoding took. A step that has begun goes on, and the first picture waits for the
    # models: with both, 5 s are promised.
    seconds: float = 3.0
    # A file may take as long as so many pictures. A usual page took 0.6 s or less, so that one of
    # 100 is read to its end.
    pictures_of_file: int = 20


LIMITS = Limits()


def of_file(seconds: float | None) -> float:
    """What a file's pages may take, if each is allowed so many seconds, or the usual ones."""
    return LIMITS.pictures_of_file * (LIMITS.seconds if seconds is None else seconds)


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
