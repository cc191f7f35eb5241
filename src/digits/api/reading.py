"""Read pictures, load models. Importing it is light: NumPy, OpenCV, ONNX Runtime and PyTorch are
loaded when first needed.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from multiprocessing import parent_process
from pathlib import Path
from typing import TYPE_CHECKING, Any

from digits.extras import brought
from digits.spec import DEFAULT_SHIPPED

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

    from digits.classifier import Classifier
    from digits.pictures.load import Picture
    from digits.reading.answer import Answer

    # A path, the bytes of a file, a Pillow image, or an array: see `Reader.read`.
    Source = str | Path | bytes | bytearray | memoryview | Image.Image | np.ndarray

IN_MEMORY = "picture"  # what answers call one that has no file


class Reader:
    """Reads digits and numbers in pictures; loads its model once. Threads may share one. One that
    is given to another process loads its model there, once, and computes on one core.

    `model` is the name of a shipped model, the path of one (.onnx, .pth, .pt2, .pt), or what `load`
    gave. `expect` says what may stand in the pictures, as `--expect` does: "auto", "digit",
    "number", "decimal", "signed", "money", "amount", "date", "time", "phone", "zip",
    with a model that knows letters "letter" and "letters", "/regular expression/", or "@file" of
    allowed texts. `seconds` of CPU time are the most that a picture may take (the usual 3 unless
    told): a page of hundreds of numbers takes longer, and is read in part only.

    Raises:
        DigitsError: there is no such model, it is damaged, the format is not known, or `seconds`
            are not above 0.

    >>> Reader(expect="number").read("test_images/number.png").text
    '40917'
    """

    def __init__(
        self,
        model: "str | Path | Classifier" = DEFAULT_SHIPPED,
        expect: str = "auto",
        seconds: float | None = None,
    ) -> None:
        from digits.errors import DigitsError
        from digits.reading import reader

        if seconds is not None and not seconds > 0:
            raise DigitsError(f"seconds={seconds}: give more than 0")
        loaded = load(model) if isinstance(model, str | Path) else model
        self._reader = reader.Reader.expecting(loaded, expect, seconds)

    def __reduce__(self) -> "tuple[Callable[..., Reader], tuple[str, str, float | None]]":
        reader = self._reader
        return _again, (str(reader.classifier.path), reader.expect, reader.seconds)

    def read(self, source: "Source") -> "Answer":
        """Read one picture: a path, the bytes of an image file, a Pillow image, or an array.

        An array is (H, W) grey or (H, W, 3) RGB, upright, either uint8 or floats within 0..1. A
        file or bytes that hold no picture give an answer whose status is "error", and whose
        `error` says why. Of a file of several pages the first is read, with a warning.

        The answer's `status` is "read", "unsure", "no_digit" or "error"; `text` is what stands
        there, `probability` 0..1 that all of it is right, and `rows` have boxes in pixels.

        Raises:
            DigitsError: an array of another shape, kind or range; one of 0 and 1 as uint8 too; an
                image without pixels, or one whose file is damaged or closed.

        >>> answer = Reader().read("test_images/number.png")
        >>> answer.status, answer.text, [digit.label for digit in answer.rows[0].digits]
        ('read', '40917', ['4', '0', '9', '1', '7'])
        """
        from digits.reading.pages import read_first

        if isinstance(source, str | Path):
            return read_first(self._reader, str(source))
        if isinstance(source, bytes | bytearray | memoryview):
            return read_first(self._reader, IN_MEMORY, bytes(source))
        return self.pages(source)[0]

    def pages(
        self, source: "Source", then: "Callable[[Picture, Answer], None] | None" = None
    ) -> "list[Answer]":
        """Read every page of a TIFF, every frame of an animation; see `read`. `then` is called with
        the picture of each page that was read, while it is in memory, and its answer.

        >>> [answer.text for answer in Reader().pages("test_images/two_rows.png")]
        ['2026\\n1147']
        """
        from digits.reading.pages import read_pages

        if isinstance(source, str | Path):
            return read_pages(self._reader, str(source), then)
        if isinstance(source, bytes | bytearray | memoryview):
            return read_pages(self._reader, IN_MEMORY, then, bytes(source))
        picture = _picture(source, self._reader.in_colour)
        answer = self._reader.read(picture, IN_MEMORY)
        if then and answer.status != "error":
            then(picture, answer)
        return [answer]

    def read_many(self, sources: "Iterable[Source]") -> "Iterator[Answer]":
        """Read pictures one after the other, as they are asked for; see `read`. For all cores at
        once, see examples/many_processes.py.

        >>> [a.text for a in Reader().read_many(["test_images/number.png", b"no picture"])]
        ['40917', '']
        """
        return map(self.read, sources)


@lru_cache(4)
def _again(model: str, expect: str, seconds: float | None) -> Reader:
    """A reader as another process has it; one of a pool shares the cores with its neighbours."""
    if parent_process():
        from digits import classifier

        classifier.compute_on_one_thread()
    return Reader(model, expect, seconds)


def read(
    source: "Source", model: "str | Path | Classifier" = DEFAULT_SHIPPED, expect: str = "auto"
) -> "Answer":
    """Read one picture; for many make one `Reader`, which loads its model once.

    >>> import digits
    >>> digits.read("test_images/number.png").text
    '40917'
    """
    return Reader(model, expect).read(source)


def load(model: str | Path | None = DEFAULT_SHIPPED, device: Any = "cpu") -> "Classifier":
    """A classifier by the name of a shipped model or by its path. Calling it: tiles uint8
    (N, 1, 28, 28), bright ink on black -> logits (N, K) float32; `predict_proba` gives calibrated
    probabilities (N, K), and `classes` name the columns. `device` is a torch device or its name,
    where a checkpoint computes; ONNX models run on the CPU.

    Raises:
        DigitsError: there is no such model, it is damaged, or PyTorch, which it needs, is missing.

    >>> import numpy, digits
    >>> tiny, tiles = digits.load("tiny"), numpy.zeros((5, 1, 28, 28), numpy.uint8)
    >>> tiny(tiles).shape, tiny.predict_proba(tiles).sum(axis=1).round(6).tolist()
    ((5, 10), [1.0, 1.0, 1.0, 1.0, 1.0])
    >>> tiny.classes[7]
    '7'
    """
    from digits import classifier

    path = classifier.find(model)
    with brought(str(path)):
        return classifier.load(path, device)


def _picture(source: Any, colour: bool) -> "Picture":
    from digits.pictures import load as loading

    if hasattr(source, "convert"):
        return loading.from_image(source, colour)
    return loading.from_array(_pixels(source))


def _pixels(array: Any) -> Any:
    """An array as uint8; what cannot be told is an error that says so."""
    import numpy as np

    from digits.errors import DigitsError

    pixels = np.asarray(array)
    shape, kind = pixels.shape, pixels.dtype
    if pixels.ndim not in (2, 3) or 0 in shape or (pixels.ndim == 3 and shape[2] != 3):
        raise DigitsError(f"an array of shape {shape}: give (H, W) grey or (H, W, 3) RGB")
    if kind == np.uint8:
        if pixels.max() == 1:
            raise DigitsError("an array of uint8 with nothing above 1: give 0 to 255")
        return np.ascontiguousarray(pixels)
    if not np.issubdtype(kind, np.floating):
        raise DigitsError(f"an array of {kind}: give uint8, or floats within 0..1")
    if not (np.isfinite(pixels).all() and pixels.min() >= 0 and pixels.max() <= 1):
        raise DigitsError("an array of floats outside 0..1: divide by 255, or give uint8")
    return (pixels * 255).round().astype(np.uint8)
