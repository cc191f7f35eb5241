"""Any picture file -> grey, upright; and nothing that a file can do to the program."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from digits.errors import DigitsError
from digits.pictures import load as module
from digits.pictures.load import LIMITS, from_array, from_image, load, pages

MODES = ["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "I;16", "I", "F"]


def drawing(mode: str) -> Image.Image:
    """A black bar on white paper, 40 x 60, in a mode."""
    image = Image.new("L", (40, 60), 255)
    ImageDraw.Draw(image).rectangle((18, 10, 22, 50), fill=0)
    if mode == "I;16":
        return Image.fromarray(np.asarray(image).astype(np.uint16) * 16)  # a 12-bit scanner
    if mode in ("RGBA", "LA"):  # black ink on nothing
        image = Image.merge("LA", (Image.new("L", image.size, 0), image.point(lambda v: 255 - v)))
    return image.convert(mode)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_is_dark_ink_on_light_paper(mode: str) -> None:
    grey = load(saved(drawing(mode), "TIFF")).grey
    assert grey.shape == (60, 40) and grey.dtype == np.uint8
    assert grey[30, 20] < 10 and grey[5, 5] > 245


def test_white_ink_on_nothing_stays_visible() -> None:
    image = drawing("RGBA")
    white = Image.merge("RGBA", (*[Image.new("L", image.size, 255)] * 3, image.getchannel("A")))
    grey = load(saved(white, "PNG")).grey
    assert grey[30, 20] > 245 and grey[5, 5] < 10


def test_yellow_ink_stands_out_in_its_channel() -> None:
    image = Image.new("RGB", (40, 60), "white")
    ImageDraw.Draw(image).rectangle((18, 10, 22, 50), fill=(255, 255, 0))
    grey = load(saved(image, "PNG")).grey
    assert int(grey[5, 5]) - int(grey[30, 20]) > 200


def test_a_turned_photograph_is_put_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held turned by a quarter
    data = saved(drawing("L").rotate(90, expand=True), "JPEG", exif=exif, quality=95)
    grey = load(data).grey
    assert grey.shape == (60, 40) and grey[30, 20] < 40


@pytest.mark.parametrize(("kind", "count"), [("MPO", 1), ("PNG", 2), ("WEBP", 2)])
def test_each_picture_of_a_turned_file_is_put_upright(kind: str, count: int) -> None:
    """A telephone's JPEG that holds a second picture is an MPO to Pillow."""
    exif = Image.Exif()
    exif[0x0112] = 6
    dark = drawing("L").rotate(90, expand=True)
    first, second = (image.convert("RGB") for image in (dark, ImageOps.invert(dark)))
    data = saved(first, kind, save_all=True, append_images=[second], exif=exif)
    greys = [page.grey for page in pages(data)]
    assert [grey.shape for grey in greys] == [(60, 40)] * count
    assert greys[0][30, 20] < 60 < greys[0][5, 5]
    assert count == 1 or greys[1][30, 20] > 200 > greys[1][5, 5]


def test_large_pictures_shrink_and_say_by_how_much() -> None:
    picture = load(saved(Image.new("L", (6000, 3000), 255), "JPEG"))
    side = LIMITS.max_side_px
    assert picture.grey.shape == (side // 2, side) and picture.scale == 3.0


@pytest.mark.slow
def test_a_bomb_is_refused_before_it_is_decoded() -> None:
    header = saved(Image.new("1", (30000, 30000)), "PNG")
    with pytest.raises(DigitsError, match="too many"):
        load(header)


@pytest.mark.parametrize("data", [b"", b"hello", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"<svg/>"])
def test_what_is_no_picture_is_said_so(data: bytes) -> None:
    with pytest.raises(DigitsError, match="not a picture"):
        load(data)


def test_every_truncation_ends_in_one_line() -> None:
    for kind in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"):
        data = saved(drawing("RGB"), kind)
        for end in range(1, len(data) - 2, max(1, len(data) // 25)):
            try:
                load(data[:end])
            except DigitsError as error:
                assert "\n" not in str(error)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    for path, what in [(tmp_path / "none.png", "no such picture"), (tmp_path, "a folder or a"),
                       (Path("a\0b.png"), "b.png")]:  # fmt: skip
        with pytest.raises(DigitsError, match=what):
            load(path)


def test_what_is_larger_than_a_file_may_be_is_not_taken_into_memory(tmp_path: Path) -> None:
    path, most = tmp_path / "a.png", 128 << 20
    with path.open("wb") as file:
        file.truncate(1 << 40)  # takes no room on the disk
    with pytest.raises(DigitsError, match="larger than 128 MB"):
        load(path)
    with pytest.raises(DigitsError, match="larger than 128 MB"):
        load(bytes(most + 1))
    with pytest.raises(DigitsError, match="not a picture"):
        load(bytes(most))


class Reached(Exception):
    """A picture begins to be decoded."""


class Claims:
    """What a file's header claims of itself, which is all of it that may be looked at."""

    def __init__(self, kind: str, width: int, height: int, eighth: bool = False) -> None:
        self.format, self.size, self._eighth = kind, (width, height), eighth

    def draft(self, mode: object, size: object) -> None:
        if self._eighth:
            self.size = self.size[0] // 8, self.size[1] // 8

    def load(self) -> None:
        raise Reached


@pytest.mark.parametrize(
    ("kind", "height", "eighth"),
    [("PNG", 4000, False), ("TIFF", 4000, False), ("BMP", 4000, True), ("WEBP", 2500, False),
     ("AVIF", 2500, False), ("JPEG", 10_000, True), ("MPO", 10_000, True), ("JPEG", 4000, False)],
)  # fmt: skip
def test_a_picture_of_more_pixels_than_its_format_may_have_is_not_decoded(
    kind: str, height: int, eighth: bool
) -> None:
    """A JPEG that is decoded at an eighth may have more of them than one that cannot be."""
    with pytest.raises(Reached):
        module._decode(Claims(kind, 10_000, height, eighth), "a", False)
    with pytest.raises(DigitsError, match="pixels are too many"):
        module._decode(Claims(kind, 10_000, height + 1, eighth), "a", False)


class Pages:
    """A file that says of each of its images what it is, as TIFF's tag 254 does."""

    def __init__(self, kind: str, *subfiles: int) -> None:
        self.format, self._subfiles, self.at = kind, subfiles, 0

    def seek(self, number: int) -> None:
        if number >= len(self._subfiles):
            raise EOFError
        self.at = number

    @property
    def tag_v2(self) -> dict[int, int]:
        return {254: self._subfiles[self.at]}


def turned_to(kind: str, *subfiles: int) -> list[int]:
    image = Pages(kind, *subfiles)
    return [image.at for _ in module._turned(image, "a")]


def test_what_is_no_page_of_a_tiff_is_passed_over() -> None:
    """1 is a smaller copy, 2 a page of several, 4 a mask; the first is one whatever it says."""
    assert turned_to("TIFF", 1, 0, 1, 2, 4, 5, 6, 2) == [0, 1, 3, 7]
    assert turned_to("GIF", 1, 1, 4) == [0, 1, 2] and turned_to("JPEG", 0, 0) == [0]


@pytest.mark.parametrize(
    ("subfiles", "pages"), [([0] * 100, 100), ([0] * 101, 0), ([0] + [1] * 399, 1),
                            ([0] + [1] * 400, 0), ([0] * 50 + [1] * 300 + [0] * 50, 100)],
)  # fmt: skip
def test_so_many_pages_are_read_and_so_many_images_looked_at(
    subfiles: list[int], pages: int
) -> None:
    if pages:
        assert len(turned_to("TIFF", *subfiles)) == pages
        return
    with pytest.raises(DigitsError, match="only 100 pages are read; split it"):
        turned_to("TIFF", *subfiles)


def test_each_page_of_a_turned_tiff_is_put_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image = drawing("L").rotate(90, expand=True)
    data = saved(image, "TIFF", save_all=True, append_images=[image], exif=exif)
    first, _ = pages(data)
    assert first.grey.shape == (60, 40)


def test_colours_are_kept_where_they_are_asked_for() -> None:
    data = saved(Image.new("RGB", (40, 60), (10, 200, 30)), "PNG")
    picture = load(data, colour=True)
    assert picture.colours is not None and picture.colours[30, 20].tolist() == [10, 200, 30]
    assert load(data).colours is None
    assert (picture.scale, module.Picture(picture.grey).scale) == (1.0, 1.0)
    assert module.Picture(picture.grey).seconds == 0.0


def test_a_palette_with_a_transparent_colour_lies_on_paper() -> None:
    image = Image.new("P", (40, 60), 1)
    image.putpalette([0, 0, 0, 0, 0, 0])
    ImageDraw.Draw(image).rectangle((18, 10, 22, 50), fill=0)
    grey = load(saved(image, "PNG", transparency=1)).grey
    assert grey[5, 5] == 255 and grey[30, 20] == 0


def test_values_that_are_no_numbers_are_paper_or_ink() -> None:
    values = np.full((60, 40), 0.5, np.float32)
    values[0, 0], values[0, 1], values[10:50, 18:22] = np.nan, 1.0, 0.0
    grey = load(saved(Image.fromarray(values), "TIFF")).grey
    assert (grey[30, 20], grey[0, 1], grey[0, 0]) == (0, 255, 0)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (1, 20000), (3, 127)])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "I;16"])
def test_a_line_of_pixels_is_a_picture(size: tuple[int, int], mode: str) -> None:
    buffer = io.BytesIO()
    Image.new(mode, size, 3 if mode in ("L", "I;16") else "red").save(buffer, "PNG")
    assert min(load(buffer.getvalue()).grey.shape) >= 1


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells the peak")
@pytest.mark.parametrize(
    ("mode", "kind", "side"),
    [("RGBA", "PNG", 6300), ("LA", "PNG", 6300), ("I;16", "PNG", 6300), ("F", "TIFF", 6300),
     ("CMYK", "TIFF", 6300), ("RGBA", "WEBP", 4990), ("RGBA", "AVIF", 4990), ("P", "GIF", 6300)],
)  # fmt: skip
def test_the_largest_pictures_take_no_more_than_a_gigabyte(
    mode: str, kind: str, side: int, tmp_path: Path
) -> None:
    options = {"PNG": {"compress_level": 1}, "TIFF": {"compression": "tiff_lzw"}}.get(kind, {})
    Image.new(mode, (side, side)).save(tmp_path / "a", kind, **options)
    code = (
        "from pathlib import Path; from digits.pictures.load import load; load(Path('a'))"
        "\nprint(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 950 * 1024  # the model and what is read take another 50 MB


def test_a_picture_with_many_pages_is_refused_behind_the_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    more = [drawing("L") for _ in range(2)]
    data = saved(drawing("L"), "TIFF", save_all=True, append_images=more)
    assert len(list(pages(data))) == 3
    monkeypatch.setattr(module, "MAX_PAGES", 2)
    found = pages(data)
    assert next(found).grey.shape == next(found).grey.shape == (60, 40)
    with pytest.raises(DigitsError, match="only 2 pages are read"):
        next(found)


def test_a_jpeg_is_one_page_whatever_hangs_on_it() -> None:
    data = saved(drawing("L"), "MPO", save_all=True, append_images=[drawing("L")])
    assert len(list(pages(data))) == 1


@pytest.mark.parametrize(("level", "shows"), [(40, True), (20, False)])
def test_a_drawing_that_vanishes_on_white_lies_on_black(level: int, shows: bool) -> None:
    """Ink on nothing that is darker than white by `level`."""
    image = Image.new("RGBA", (40, 60), (0, 0, 0, 0))
    ImageDraw.Draw(image).rectangle((18, 10, 22, 50), fill=(255 - level,) * 3)
    grey = load(saved(image, "PNG")).grey
    assert (grey[5, 5] == 255) == shows and grey[30, 20] == 255 - level


@pytest.mark.parametrize(("pen", "value"), [((255, 90, 0), 0), ((0, 0, 255), 29)])
def test_a_channel_counts_alone_if_the_pen_stands_out_far_more_in_it(
    pen: tuple[int, int, int], value: int
) -> None:
    """By 255 where luma differs by 126, and where it differs by 226."""
    image = Image.new("RGB", (40, 60), "white")
    ImageDraw.Draw(image).rectangle((18, 10, 22, 50), fill=pen)
    assert load(saved(image, "PNG")).grey[30, 20] == value


def test_thin_coloured_lines_of_a_small_picture_do_not_fade() -> None:
    """At a quarter of its size a line of a pixel would differ by a quarter in its channel."""
    image = Image.new("RGB", (100, 100), (200, 200, 200))
    ImageDraw.Draw(image).line((50, 10, 50, 90), fill=(200, 200, 0))
    assert load(saved(image, "PNG")).grey[50, 50] < 20


@pytest.mark.parametrize(("low", "high"), [(0, 4095), (1000, 3000)])
def test_deep_pictures_use_the_range_that_they_have(low: int, high: int) -> None:
    values = np.full((60, 40), high, np.uint16)
    values[10:50, 18:22] = low
    grey = load(saved(Image.fromarray(values), "TIFF")).grey
    assert grey[30, 20] == 0 and grey[5, 5] >= 254


def test_pictures_in_memory_are_read_as_files_are() -> None:
    colours = np.full((60, 40, 3), 255, np.uint8)
    colours[10:50, 18:22] = (255, 255, 0)
    picture = from_array(colours)
    assert picture.colours is colours and picture.grey[30, 20] == 0
    assert from_array(colours[..., 0]).colours is None
    image = Image.fromarray(colours)
    assert (
        np.array_equal(from_image(image).grey, picture.grey) and from_image(image).colours is None
    )
    seen = from_image(image, colour=True).colours
    assert seen is not None and np.array_equal(seen, colours)


def test_an_image_that_cannot_be_read_is_one_line() -> None:
    cut = Image.open(io.BytesIO(saved(drawing("RGB"), "PNG")[:-40]))
    closed = Image.open(io.BytesIO(saved(drawing("RGB"), "PNG")))
    closed.close()
    for image in (cut, closed, Image.new("L", (0, 0)), Image.new("La", (9, 9))):
        with pytest.raises(DigitsError, match=r"^image: "):
            from_image(image)


def test_a_file_in_a_folder_that_may_not_be_read_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def denied(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", denied)
    with pytest.raises(DigitsError, match=r"locked/a\.png: .*Permission denied"):
        load(Path("locked/a.png"))
