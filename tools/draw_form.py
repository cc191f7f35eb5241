"""Draw docs/figures/form.jpg, the photograph of a form that docs/reading.md explains. Seeded.

    python tools/draw_form.py
    python src/predict.py --image docs/figures/form.jpg --explain docs/figures/form_explain.png

Its digits are drawn from the stroke templates that training draws from.
"""

from pathlib import Path

import cv2
import draw_test_images as drawn
import numpy as np
from PIL import Image, ImageDraw, ImageFont

FIGURE = Path(__file__).parents[1] / "docs" / "figures" / "form.jpg"
WIDTH, HEIGHT = 900, 475  # pixels
FIELDS = {"Water": "40917", "Gas": "3862"}
FIRST, STEP, HIGH = 130, 145, 110  # pixels: the first field's top, to the next one, its height
PAPER, PRINT, PEN, TABLE = (246, 243, 236), (40, 40, 40), (30, 40, 120), (120, 110, 100)  # RGB


def printed() -> np.ndarray:
    """What is printed on the form (HEIGHT, WIDTH) float, 0 paper to 1 ink."""
    image = Image.new("L", (WIDTH, HEIGHT))
    draw = ImageDraw.Draw(image)
    draw.text((60, 40), "Meter readings", 200, ImageFont.load_default(38))
    for k, name in enumerate(FIELDS):
        top = FIRST + k * STEP
        draw.text((60, top + 40), name, 200, ImageFont.load_default(26))
        draw.rectangle((240, top, 780, top + HIGH), outline=150, width=2)
    return np.array(image) / 255


def written() -> np.ndarray:
    """The numbers in the fields (HEIGHT, WIDTH) float, 0 paper to 1 ink."""
    page = np.zeros((HEIGHT, WIDTH))
    for k, number in enumerate(FIELDS.values()):
        ink = drawn.write(number, 64, 5, 0.3)
        top = FIRST + k * STEP + (HIGH - len(ink)) // 2
        page[top : top + len(ink), 290 : 290 + ink.shape[1]] = ink
    return page


def main() -> None:
    drawn.RNG = np.random.default_rng(1)
    page = np.full((HEIGHT, WIDTH, 3), PAPER, float)
    for ink, colour in ((printed(), PRINT), (written(), PEN)):
        page += ink[..., None] * (np.array(colour) - page)
    page += drawn.RNG.normal(0, 3, (HEIGHT, WIDTH, 1))
    askew = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), 2.5, 0.95)
    page = cv2.warpAffine(page, askew, (WIDTH, HEIGHT), borderValue=TABLE)
    lit = page * np.linspace(1, 0.75, WIDTH)[None, :, None]  # light from the left
    Image.fromarray(lit.clip(0, 255).astype(np.uint8)).save(FIGURE, quality=88)


if __name__ == "__main__":
    main()
