"""The benchmark of pictures without a number by hand."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from benchmarks import photographs

from digits.errors import DigitsError

SAMPLES = Path(__file__).parents[1] / "test_images"


def test_copies_count_once_and_icons_and_texts_not(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    folder = tmp_path / "things"
    folder.mkdir()
    for name in ("read.png", "again.png"):
        shutil.copy(SAMPLES / "dark_on_light.png", folder / name)
    shutil.copy(SAMPLES / "blank.png", folder)
    cv2.imwrite(str(folder / "icon.png"), np.full((64, 64), 9, np.uint8))
    (folder / "README").write_text("no picture")
    record = tmp_path / "before.jsonl"
    photographs.main([str(folder), "--record", str(record)])
    said = capsys.readouterr()
    assert said.out.splitlines()[2].startswith("| things | 2 | 1 | 0 | 1 |")
    assert said.err.splitlines() == [f"{folder / 'again.png'}: '5' (digit)"]
    photographs.main([str(folder), "--against", str(record)])
    assert "things: 0 better, 0 worse, of 2" in capsys.readouterr().out


def test_a_folder_without_a_picture_is_told(tmp_path: Path) -> None:
    with pytest.raises(DigitsError, match="no picture in it"):
        photographs.main([str(tmp_path)])
