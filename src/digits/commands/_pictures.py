"""How evaluation reads a user's own pictures: as `predict` does, with `--expect`."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from digits.classifier import Classifier
    from digits.pictures.load import Picture
    from digits.reading.answer import Answer


@dataclass(frozen=True)
class Reading:
    """What `evaluation.pictures.Reads` asks for."""

    expect: str

    def check(self, model: "Classifier") -> None:
        """Raises a DigitsError where the model cannot read so."""
        from digits.reading.reader import Reader

        Reader.expecting(model, self.expect)

    def answers(self, model: "Classifier", paths: Sequence[str]) -> list[dict[str, Any]]:
        """The answer to the first page of each file, as `predict --json` gives it."""
        from digits.bulk.workers import Workers
        from digits.pictures.packed import File

        with Workers(model.path, self.expect) as workers:
            return [pages[0] for pages in workers.read([File(path) for path in paths])]

    def drawn(self, model: "Classifier", path: str) -> "np.ndarray | None":
        """How the answer to a file's first page came about, as `--explain` draws it: (H, W, 3)
        uint8 RGB; None if it is no picture."""
        import numpy as np
        from PIL import Image

        from digits.pictures.packed import File
        from digits.reading.explain import explain
        from digits.reading.pages import loaded, read_loaded
        from digits.reading.reader import Reader

        sheets = []

        def keep(picture: "Picture", answer: "Answer") -> None:
            file = io.BytesIO()
            explain(picture, answer, file)
            sheets.append(np.asarray(Image.open(file).convert("RGB")))

        reader = Reader.expecting(model, self.expect)
        first = islice(loaded(File(path), None, reader.in_colour), 1)
        read_loaded(reader, path, first, keep)
        return sheets[0] if sheets else None
