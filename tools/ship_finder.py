"""Make the shipped finder of a training run: int8 ONNX, its float32 weights and its card.

python tools/ship_finder.py runs/2026-11-26-040200-finder
python tools/ship_finder.py runs/LATER --halfway_to runs/EARLIER/model.pth
"""

import cv2
import numpy as np
from ship import asked, told, train_command

from digits import archs, checkpoint, classifier, data
from digits.classifier import Classifier
from digits.data import pages
from digits.data.pages import Page
from digits.optimization import artefact
from digits.spec import data_dir, pretrained_dir
from digits.training import finder, made_up
from digits.vision.lines import lines

PATH = pretrained_dir() / "_finder.onnx"
CALIBRATION, JUDGED = (64, 3 * 10**6), (200, 4 * 10**6)  # pages, and their seeds
LEAST_OVERLAP = 0.5  # of a line and a number: intersection over union

CARD = """# The finder

{summary}
{parameters:,} parameters. Takes page images, uint8 (N, 1, H, W) with H and W multiples of 64, and
says of every second pixel whether it lies in the row of a number by hand, and in its core.

| measured on {count} made-up pages by held-out writers, {numbers} numbers | float32 | int8 |
|---|---|---|
| size | {sizes[0]:,} bytes | {sizes[1]:,} bytes |
| numbers found (overlap of boxes from {overlap:.0%}) | {recall[0]:.1%} | {recall[1]:.1%} |
| of what was found a number | {precision[0]:.1%} | {precision[1]:.1%} |

Trained on {learned:,} made-up pages (`data/pages.py`) with the row model's writers (UNIPEN, CC BY
4.0; pen-based digits by Alpaydin and Alimoglu, CC BY 4.0; UJI Pen Characters, CC BY 4.0; bhmsds,
MIT) and MNIST's training part, in
{runs}, the last in {seconds:.0f} s, by

{commands}
{halfway}
`_finder.pth` has its weights as float32, from which learning goes on (`--init`); it is left out of
the package.

Every eighth writer was held out. Limits: numbers of 10 to 300 pixels height on a picture whose
longer side is 1280; text by hand beside them may be taken for one. Licence: MIT, as the code. Made
by `python tools/ship_finder.py RUN`.
"""


def judged(model: Classifier, some: list[Page]) -> tuple[float, float]:
    """The share of numbers that are found, and of what is found that is a number."""
    met = found = there = 0
    for page in some:
        logits = model(page.grey[None, None])[0].astype(np.float64)
        in_row, in_core = np.moveaxis(1 / (1 + np.exp(-logits)), -1, 0)
        seen = [line.corners for line in lines(in_row, in_core, page.grey.shape)]
        met += sum(any(overlap(row, one) >= LEAST_OVERLAP for one in seen) for row in page.rows)
        found, there = found + len(seen), there + len(page.rows)
    return met / max(there, 1), met / max(found, 1)


def overlap(first: np.ndarray, second: np.ndarray) -> float:
    """Intersection over union of two boxes, corners (4, 2)."""
    one, other = first.astype(np.float32), second.astype(np.float32)
    both = cv2.intersectConvexConvex(one, other)[0]
    return both / (cv2.contourArea(one) + cv2.contourArea(other) - both)


def main() -> None:
    content, runs, averaged = asked(__doc__)
    config = runs[-1]
    learned, held_out = made_up.sources(data.load("mnist", hold_out=config.hold_out), data_dir())
    calibration = finder.stack(pages.samples(CALIBRATION[0], learned, CALIBRATION[1]))[0]
    some = pages.samples(JUDGED[0], held_out, JUDGED[1])
    sizes, shares = [], []
    for inputs in (None, calibration):
        with artefact.staged(PATH) as trial:
            trial.write_bytes(artefact.build(content, ".onnx", inputs))
        sizes.append(PATH.stat().st_size)
        shares.append(judged(classifier.load(PATH, takes="page images"), some))
        print(f"{sizes[-1]:,} bytes, {shares[-1][0]:.1%} found", flush=True)
    checkpoint.save(PATH.with_suffix(".pth"), content)
    recall, precision = zip(*shares, strict=True)
    PATH.with_suffix(".md").write_text(
        CARD.format(
            summary=archs.summary(config.arch),
            parameters=sum(p.numel() for p in checkpoint.build(content).parameters()),
            count=JUDGED[0], numbers=sum(len(page.rows) for page in some), sizes=sizes,
            overlap=LEAST_OVERLAP, recall=recall, precision=precision,
            learned=sum(run.samples * -(-run.epochs // made_up.REUSE) for run in runs),
            runs=told(runs, "docs/lab/pages.md"), seconds=content["metrics"]["train_seconds"],
            halfway=averaged,
            commands="\n".join(f"    {train_command(run)}" for run in runs),
        ),
        "utf-8",
    )  # fmt: skip


if __name__ == "__main__":
    main()
