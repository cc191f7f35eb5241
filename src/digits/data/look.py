"""How the pictures of one's own data are to be seen, as settings. Loads without torch."""

from dataclasses import dataclass
from typing import Any

from digits.errors import DigitsError
from digits.spec import TILE_SIZE

FRAMES = ("digit", "none")
SIZES = range(16, 129, 4)  # pixels of a tile's side
SIZES_IN_WORDS = f"one of {SIZES[0]}, {SIZES[1]}, ... {SIZES[-1]}"


@dataclass(frozen=True)
class Look:
    """`frame` is `digit` (the ink, framed as reading does) or `none` (the whole picture, resized
    to `size` pixels a side, in `colour` or grey). `strict` refuses what else is left out;
    `check_labels` names pictures whose labels may be wrong."""

    frame: str = FRAMES[0]
    size: int = TILE_SIZE
    colour: bool = False
    strict: bool = False
    check_labels: bool = False

    def __post_init__(self) -> None:
        if self.frame == "digit" and (self.size != TILE_SIZE or self.colour):
            raise DigitsError(
                f"--frame digit makes grey tiles of {TILE_SIZE} pixels; "
                "--size and --colour need --frame none"
            )
        if self.size not in SIZES:
            raise DigitsError(f"--size {self.size} is not {SIZES_IN_WORDS}")

    @classmethod
    def of(cls, settings: dict[str, Any]) -> "Look":
        """As a model's training configuration says."""
        names = ("frame", "size", "colour")
        return cls(**{name: settings[name] for name in names if name in settings})

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of a tile: channels, height, width."""
        return (3 if self.colour else 1, self.size, self.size)
