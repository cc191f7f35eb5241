"""Write sample digits of a data set's test set as PNG files: `python extract_mnist_images.py`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "src"))

from digits import checkpoint, data
from digits.commands import _flags
from digits.errors import DigitsError
from digits.spec import CLASSES, INPUT_SHAPE

SAMPLES = "test_images"


def main(argv: list[str] | None = None) -> int:
    """Write test_images/digit_<d>_sample_<i>.png and print each name."""
    parser = _flags.Parser(prog="extract_mnist_images", description=__doc__)
    parser.add_argument(
        "--per_digit", type=_flags.number(int, 1), default=2,
        help="pictures of each digit (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--scale", type=_flags.number(int, 1, 100), default=1,
        help="pixels of the picture for one of the tile (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--output", type=Path, default=Path(SAMPLES), help="folder (default: %(default)s/)"
    )
    _flags.add_data_flags(parser)
    args = parser.parse_args(sys.argv[1:] if argv is None else argv)
    try:
        dataset = data.load(args.dataset, args.data_dir).known_to(CLASSES, INPUT_SHAPE)
        extract(args.output, dataset.test, args.per_digit, args.scale)
    except DigitsError as error:
        print(f"extract_mnist_images: {error}", file=sys.stderr)
        return 1
    return 0


def extract(folder: Path, test: data.Split, per_digit: int, scale: int) -> None:
    """Write the first `per_digit` tiles of each digit, white on black, enlarged `scale` times.

    Raises:
        DigitsError: the folder cannot be written.
    """
    from PIL import Image

    for digit in range(10):
        chosen = (test.labels == digit).nonzero().flatten()[:per_digit]
        for number, tile in enumerate(test.images[chosen, 0].numpy()):
            picture = Image.fromarray(tile.repeat(scale, axis=0).repeat(scale, axis=1))
            path = folder / f"digit_{digit}_sample_{number}.png"
            checkpoint.write_atomically(path, lambda file, p=picture: p.save(file, "PNG"))
            print(path)


if __name__ == "__main__":
    sys.exit(main())
