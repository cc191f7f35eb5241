"""The C file on chips, in their emulators: the same bits, and what `benchmarks/chips.py` counts."""

from pathlib import Path

import pytest
from benchmarks import chips

from digits.optimization import c_file
from digits.optimization.to_integer import integers_of
from tests.test_c_file import CARD
from tests.test_integer import calibrated


def file_of(arch: str) -> bytes:
    return c_file.c_bytes(integers_of(calibrated(arch), 1.5), CARD, {})


@pytest.mark.slow
@pytest.mark.parametrize("name", chips.CHIPS)
def test_a_chip_computes_the_same_bits(name: str) -> None:
    chip = chips.CHIPS[name]
    missing = chips.lacking(chip, run=True)
    if missing:
        pytest.skip(f"needs {missing}: run tools/get_compilers.sh")
    flash, ram, stack, outcome, took = chips.cells(file_of("micro"), chip, run=True)
    numbers = [int(cell.replace(",", "")) for cell in (flash, ram, stack)]
    assert 3000 < numbers[0] < 10_000 and 1000 < numbers[1] < 2000 and 100 < numbers[2] < 1500
    assert outcome == ("same bits" if chip.run else "not run")
    if chip.run:
        assert 1 < float(took.partition(" ")[0]) < 60


def test_a_wrong_answer_is_seen_on_a_chip() -> None:
    chip = chips.CHIPS["Cortex-M0"]
    if chips.lacking(chip, run=True):
        pytest.skip("run tools/get_compilers.sh")
    file = file_of("micro").replace(b"+ ((uint32_t)1 << (shift - 1))", b"")
    assert chips.cells(file, chip, run=True)[3] == "wrong"


def test_an_emulator_that_does_not_end_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    chip = chips.CHIPS["Cortex-M0"]
    if chips.lacking(chip, run=True):
        pytest.skip("run tools/get_compilers.sh")
    monkeypatch.setattr(chips, "LIMIT_S", 0.001)
    assert chips.cells(file_of("micro"), chip, run=True)[3:] == ["not ended in 0.001 s", "-"]


@pytest.mark.slow
def test_tables_that_avr_cannot_reach_are_refused() -> None:
    chip = chips.CHIPS["ATmega1284P"]
    if chips.lacking(chip, run=False):
        pytest.skip("run tools/get_compilers.sh")
    assert "over 32 kB" in chips.cells(file_of("cnn3"), chip, run=False)[3]


def test_what_lacks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chips.shutil, "which", lambda name: None if "qemu" in name else Path(name))
    chip = chips.CHIPS["Cortex-M4"]
    assert chips.lacking(chip, run=False) == "" and chips.lacking(chip, True) == "qemu-system-arm"
