"""What numbers people write: digits alone mostly, or with the signs of their kind."""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator


def text_of(rng: Generator) -> str:
    """A number as people write it: digits alone mostly, or with the signs of its kind."""
    kind = rng.random()
    if kind < 0.55:
        length = int(
            rng.choice([1, 2, 3, 4, 5, 6, 7, 8], p=[0.1, 0.2, 0.19, 0.16, 0.15, 0.1, 0.05, 0.05])
        )
        return digits(length, rng) if rng.random() < 0.97 else digits(int(rng.integers(9, 21)), rng)
    return KINDS[rng.integers(len(KINDS))](rng)


def digits(count: int, rng: Generator) -> str:
    """Digits, a fifth of them like the one before, as zeros and ones often are."""
    made = rng.integers(0, 10, count)
    if count > 1 and rng.random() < 0.25:
        made[-int(rng.integers(1, min(count, 4))) :] = 0
    again = rng.random(count) < 0.12
    for k in np.flatnonzero(again[1:]) + 1:
        made[k] = made[k - 1]
    if count > 1 and rng.random() < 0.25:
        made[0] = 1
    return "".join(map(str, made))


def like(text: str, rng: Generator) -> str:
    """A number of the same form: the same again at times, or other digits at some places."""
    if rng.random() < 0.3:
        return text
    change = rng.uniform(0.1, 1)
    return "".join(
        str(rng.integers(0, 10)) if c.isdigit() and rng.random() < change else c for c in text
    )


def _decimal(rng: Generator) -> str:
    sign = "-" if rng.random() < 0.08 else ""
    places = int(rng.choice([1, 2, 3], p=[0.7, 0.25, 0.05]))
    return sign + digits(int(rng.integers(1, 4)), rng) + _point(rng) + digits(places, rng)


def _thousands(rng: Generator) -> str:
    point, groups = _point(rng), int(rng.choice([1, 2], p=[0.85, 0.15]))
    text = digits(int(rng.integers(1, 4)), rng)
    text += "".join(point + digits(3, rng) for _ in range(groups))
    return text + str(rng.choice(["", ".", "-", ".-", ",-"], p=[0.6, 0.15, 0.15, 0.05, 0.05]))


def _ended(rng: Generator) -> str:
    return digits(int(rng.integers(2, 6)), rng) + str(rng.choice([".", "-", ".-", ","]))


def _date(rng: Generator) -> str:
    sign = str(rng.choice(["/", ".", "-"], p=[0.5, 0.25, 0.25]))
    day, month = int(rng.integers(1, 32)), int(rng.integers(1, 13))
    year = str(rng.integers(1900, 2040))
    pad = "02" if rng.random() < 0.6 else ""
    year = year if rng.random() < 0.5 else year[2:]
    parts = [f"{day:{pad}}", f"{month:{pad}}", year]
    return sign.join(parts if rng.random() < 0.85 else parts[:2])


def _time(rng: Generator) -> str:
    return f"{rng.integers(0, 24)}{':' if rng.random() < 0.8 else '.'}{rng.integers(0, 60):02}"


def _phone(rng: Generator) -> str:
    groups = [digits(int(n), rng) for n in rng.integers(2, 5, rng.integers(2, 4))]
    return str(rng.choice(["-", "/", "."], p=[0.6, 0.2, 0.2])).join(groups)


def _signed(rng: Generator) -> str:
    return "-" + digits(int(rng.integers(1, 4)), rng)


def _point(rng: Generator) -> str:
    return ".,"[rng.integers(2)]


KINDS: tuple[Callable[[Generator], str], ...] = (
    _decimal, _decimal, _decimal, _thousands, _thousands, _ended, _date, _time, _phone, _signed,
)  # fmt: skip
