"""Show how an answer came about: the picture with boxes, the tiles as the model saw them, bars."""

from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from digits import finder
from digits.errors import told
from digits.pictures.load import Picture
from digits.reading.answer import Answer, Digit

MOST = 24  # digits shown
TILES_A_LINE = 8
COLOURS = {"read": "#2ca02c", "unsure": "#d9730d", "no_digit": "#d62728"}
WIDTH, PICTURE_HEIGHT = 1000, 640  # pixels of the drawing, and of the picture in it at the most
LINE, MARGIN = 26, 10  # pixels of a line of text, and around things
CELL = WIDTH // TILES_A_LINE
TILE, BARS = 92, 70  # pixels: a tile's side, the height of its bars
CELL_HEIGHT = LINE + TILE + BARS + 2 * LINE
BLUE, GREY = "#1f77b4", "#555555"
SQUARES = 4  # times as large as it is: from which on a pixel is drawn as a square
MAP_SHARE = 0.35  # of the blue, where the finder is sure that a number stands
SEEN_AS = {
    "tile": "seen as a tile", "digit": "seen as one digit", "row": "seen as one row",
    "page": "seen as a page: blue is where its finder sees numbers", "whole": "seen whole",
}  # fmt: skip
_font = ImageFont.load_default


def explain(picture: Picture, answer: Answer, path: Path | IO[bytes]) -> None:
    """Draw an answer into a picture file; its suffix says of which kind, an open one becomes a PNG.

    Raises:
        DigitsError: the file cannot be written, or its suffix is not known.
    """
    digits = [digit for row in answer.rows for digit in row.digits][:MOST]
    shown = _picture(picture, answer)
    why = answer.why and f"{answer.status}: {answer.why}"
    taught = answer.trained_on and f", trained on {answer.trained_on}"
    model = answer.model and f"model {answer.model}{taught}"
    notes = list(filter(None, [SEEN_AS.get(answer.seen_as), why, model, *answer.warnings]))
    text = LINE * (len(notes) + 1)
    below = LINE + 2 * MARGIN + shown.height + text
    height = below + CELL_HEIGHT * -(-len(digits) // TILES_A_LINE)
    sheet = Image.new("RGB", (WIDTH, height), "white")
    draw = ImageDraw.Draw(sheet)
    says = " / ".join(row.text for row in answer.rows) or "no digit"
    title = f"{says}   {answer.probability:.1%} {answer.status}"
    draw.text((WIDTH / 2, MARGIN), title, COLOURS[answer.status], _font(20), anchor="ma")
    sheet.paste(shown, ((WIDTH - shown.width) // 2, LINE + 2 * MARGIN))
    for k, note in enumerate(notes):
        at = (WIDTH / 2, 2 * LINE + MARGIN + shown.height + k * LINE)
        draw.text(at, note, GREY, _font(16), anchor="ma")
    for k, digit in enumerate(digits):
        line, column = divmod(k, TILES_A_LINE)
        _digit(sheet, draw, digit, column * CELL, below + line * CELL_HEIGHT)
    with told(f"--explain {path}: not written", ValueError):
        sheet.save(path, None if isinstance(path, Path) else "PNG")


def _picture(picture: Picture, answer: Answer) -> Image.Image:
    """The picture with a box and a label at each digit, in the colour of its row's status; blue
    where the finder sees numbers."""
    grey = picture.grey
    zoom = min((WIDTH - 2 * MARGIN) / grey.shape[1], PICTURE_HEIGHT / grey.shape[0])
    size = max(1, round(grey.shape[1] * zoom)), max(1, round(grey.shape[0] * zoom))
    how = Image.Resampling.NEAREST if zoom > SQUARES else Image.Resampling.LANCZOS
    shown = Image.fromarray(grey).resize(size, how).convert("RGB")
    if answer.seen_as == "page":
        in_row, _ = finder.maps(grey)
        share = Image.fromarray((255 * MAP_SHARE * in_row).astype(np.uint8)).resize(size)
        shown.paste(BLUE, (0, 0, *size), share)
    draw = ImageDraw.Draw(shown)
    for colour, digit in ((COLOURS[row.status], one) for row in answer.rows for one in row.digits):
        x, y, width, height = (v / picture.scale * zoom for v in digit.box)
        draw.rectangle((x, y, x + width, y + height), outline=colour, width=2)
        draw.text((x, y), digit.label, colour, _font(15), anchor="ld")
    return shown


def _digit(sheet: Image.Image, draw: ImageDraw.ImageDraw, digit: Digit, x: int, y: int) -> None:
    """A digit's tile in a cell whose top left is (x, y), and a bar for each label it may be."""
    title = f"{digit.label}  {digit.probability:.0%}"
    draw.text((x + CELL / 2, y), title, "black", _font(15), anchor="ma")
    tile = Image.fromarray(digit.tile).resize((TILE, TILE), Image.Resampling.NEAREST)
    sheet.paste(tile, (x + (CELL - TILE) // 2, y + LINE))
    shares = dict(digit.ranking)
    labels, foot = sorted(shares), y + LINE + TILE + BARS
    step = (CELL - 2 * MARGIN) / max(len(labels), 1)
    for k, label in enumerate(labels):
        left = x + MARGIN + k * step
        top = foot - shares[label] * (BARS - MARGIN)
        draw.rectangle((left + 1, top, left + step - 2, foot), fill=BLUE)
        draw.text((left + step / 2, foot + 2), label, GREY, _font(11), anchor="ma")
