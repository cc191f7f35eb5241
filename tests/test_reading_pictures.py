"""Sample pictures read with the shipped model: boxes, formats, what each word of --expect does."""

from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from digits import classifier
from digits.reading.reader import Reader
from digits.vision.load import from_array

FOLDER = Path(__file__).parents[1] / "test_images"


@pytest.fixture(scope="module")
def reader() -> Reader:
    if classifier.DEFAULT_SHIPPED not in classifier.shipped():
        pytest.skip("no model is shipped")
    return Reader.expecting(classifier.load(classifier.shipped()[classifier.DEFAULT_SHIPPED]))


def test_boxes_stand_around_their_digits(reader: Reader) -> None:
    answer = reader.read_file(str(FOLDER / "two_rows.png"))
    first, second = answer.rows
    assert [digit.label for digit in first.digits] == list("2026")
    lefts = [digit.box[0] for digit in first.digits]
    assert lefts == sorted(lefts)
    assert second.box[1] > first.box[1] + 0.5 * first.box[3]


@pytest.mark.parametrize("what", ["box", "shadow"])
def test_a_number_in_a_form_box_or_under_a_shadow(reader: Reader, what: str) -> None:
    with Image.open(FOLDER / "number.png") as picture:
        grey = np.asarray(picture.convert("L")).copy()
    if what == "shadow":
        grey[:, grey.shape[1] // 2 :] //= 2
    else:
        grey = np.pad(grey, 12, mode="edge")
        grey[[3, 4, -5, -4], 3:-3] = grey[3:-3, [3, 4, -5, -4]] = 40
        grey = np.pad(grey, 60, constant_values=int(np.median(grey)))
    answer = reader.read(from_array(grey))
    assert (answer.text, answer.status) == ("40917", "read")


def test_it_is_said_that_text_is_left_out(reader: Reader) -> None:
    with Image.open(FOLDER / "number.png") as picture:
        number = np.asarray(picture.convert("L"))
    page = np.full((number.shape[0] + 140, 900), int(np.median(number)), np.uint8)
    page[140:, : number.shape[1]] = number
    image = Image.fromarray(page)
    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSerif.ttf"
    font = ImageFont.truetype(str(path), 64)
    ImageDraw.Draw(image).text((20, 30), "Number of the house", fill=30, font=font)
    answer = reader.read(from_array(np.asarray(image)))
    assert answer.text == "40917"
    assert any("text is left out" in warning for warning in answer.warnings)


def test_a_format_gives_the_likeliest_that_fits(reader: Reader) -> None:
    picture = str(FOLDER / "number.png")
    assert Reader.expecting(reader.classifier, "number").read_file(picture).text == "40917"
    assert Reader.expecting(reader.classifier, "zip").read_file(picture).text == "40917"
    wrong_last = Reader.expecting(reader.classifier, "/4091[0-68-9]/").read_file(picture)
    assert wrong_last.text[:4] == "4091" and wrong_last.text[4:] not in ("", "7")
    assert not Reader.expecting(reader.classifier, "/[0-9]{9}/").read_file(picture).text


def test_a_list_gives_one_of_its_numbers(reader: Reader, tmp_path: Path) -> None:
    codes = tmp_path / "codes.txt"
    codes.write_text("40911\n40917\n12345\n")
    answer = Reader.expecting(reader.classifier, f"@{codes}").read_file(str(FOLDER / "number.png"))
    assert answer.text == "40917" and answer.status == "read"
    texts = [text for text, _ in answer.rows[0].alternatives]
    assert set(texts) <= {"40911", "40917", "12345"}


@pytest.mark.parametrize("letter", "HnhA")
def test_a_letter_that_looks_like_two_digits_is_not_read(
    reader: Reader, letter: str, tmp_path: Path
) -> None:
    font = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    picture = Image.new("L", (200, 200), 255)
    face = ImageFont.truetype(str(font), 110)
    ImageDraw.Draw(picture).text((100, 100), letter, fill=0, font=face, anchor="mm")
    picture.save(tmp_path / "letter.png")
    assert reader.read_file(str(tmp_path / "letter.png")).status != "read"
