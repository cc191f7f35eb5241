"""How far augmentation goes, by name. Loads without torch."""

from dataclasses import dataclass, replace

from digits.errors import DigitsError


@dataclass(frozen=True)
class Policy:
    """How far each step goes; zero leaves it out. `*_px` are pixels of the 28x28 tile."""

    stroke: tuple[float, float] = (0.0, 0.0)  # edge moved outwards by px, in -1..1
    line: float = 0.0  # the share of tiles drawn in one-pixel lines
    rotation_deg: float = 0.0  # drawn from -x..x, as are the next five
    slant: float = 0.0  # px sideways per px upwards
    scale: float = 0.0  # of the size: 0.1 is 0.9..1.1
    aspect: float = 0.0  # of height against width, likewise
    shift_px: float = 0.0
    elastic_px: float = 0.0  # mean displacement (root of the mean square) at most
    neighbour: float = 0.0  # the share of tiles with a bit of another digit at a side
    cut: float = 0.0  # the share of tiles that miss a strip at one side
    resample: float = 0.0  # the share of tiles that are blurred or of low resolution
    contrast: float = 0.0  # ink and gamma vary by this factor
    binary: float = 0.0  # the share of tiles made black and white
    noise: float = 0.0  # deviation at most, on the 0..255 scale
    outline: float = 0.0  # the share of tiles of which the ink's outline is left
    inverted: float = 0.0  # the share of tiles with a band, or all but one, as a negative
    scratched: float = 0.0  # the share of tiles with a line across them, straight, wavy or dashed
    paper: float = 0.0  # the share of tiles whose paper is grey, evenly or in clouds
    specks: float = 0.0  # the share of tiles strewn with grey pixels


_LIGHT = Policy(rotation_deg=12, slant=0.12, scale=0.1, aspect=0.06, shift_px=1.5, noise=8)
_ELASTIC = Policy(
    rotation_deg=12, slant=0.12, scale=0.1, aspect=0.06, shift_px=1.5, elastic_px=0.8,
)  # fmt: skip
_STRONG = Policy(
    stroke=(-0.4, 1.0), line=0.06, rotation_deg=15, slant=0.3, scale=0.15, aspect=0.2,
    shift_px=2, elastic_px=1.0, neighbour=0.1, cut=0.05, resample=0.35, contrast=0.4,
    binary=0.15, noise=20,
)  # fmt: skip
_SPOILED = replace(
    _ELASTIC, outline=0.08, inverted=0.1, scratched=0.12, paper=0.2, resample=0.2, specks=0.1,
)  # fmt: skip

# Where there are several, each has an even share of a batch's tiles.
POLICIES: dict[str, tuple[Policy, ...]] = {
    "none": (Policy(),),
    "light": (_LIGHT,),
    "elastic": (_ELASTIC,),
    "strong": (_STRONG,),
    "mixed": (_ELASTIC, _STRONG),
    "spoiled": (_ELASTIC, _STRONG, _SPOILED),
}


def named(name: str) -> tuple[Policy, ...]:
    """The policies of this name. Raises DigitsError with the list of known ones."""
    if name not in POLICIES:
        raise DigitsError(f"unknown augmentation {name!r}; known are {', '.join(POLICIES)}")
    return POLICIES[name]
