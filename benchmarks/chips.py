"""What the C file of a model needs of a chip, and whether it computes the same bits there.

    tools/get_compilers.sh                          # Debian's compilers and emulators
    python benchmarks/chips.py micro tiny           # flash, RAM and stack; default: these two
    python benchmarks/chips.py micro tiny --run     # the self-test too, in emulators

Each file is built with -Os and with every warning an error. `size` of binutils measures: flash is
code, constants and tables, RAM what is static. The stack is the sum of what -fstack-usage says of
all functions, which are never all at work at once. `--run` runs the self-test, ten drawn digits
with their logits and probabilities, in QEMU (ARM, RISC-V) or simavr (AVR), and counts a tile: QEMU
counts instructions, simavr cycles. A chip whose compiler or emulator is not there is left out, and
that is said.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from support.command import run_main

from digits import checkpoint, data, spec
from digits.errors import DigitsError
from digits.optimization import artefact, c_file, c_program, integer_file
from digits.optimization.source import Source

HARNESS = Path(__file__).parent / "chip.c"
WARNINGS = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-Wconversion"]
FLAGS = ["-std=c99", "-Os", *WARNINGS]
PICOLIBC = "--specs=picolibc.specs"
HOSTED = ["--oslib=semihost", "--crt0=hosted"]
SEMIHOSTED = ["-icount", "shift=0", "-nographic", "-semihosting-config", "enable=on,target=native"]
LIMIT_S = 1800  # of a self-test in an emulator: simavr took over 300 for `tiny` on busy cores


def memory(flash: int, ram: int, size: int = 0x200000) -> list[str]:
    """The linker's flags for where a machine has its flash and its RAM, `size` bytes each."""
    places = {"__flash": flash, "__flash_size": size, "__ram": ram, "__ram_size": size}
    return [f"-Wl,--defsym={name}={place:#x}" for name, place in places.items()]


@dataclass(frozen=True)
class Chip:
    """How to build for a chip and what runs the program, whose path comes last (nothing where no
    emulator has the chip); how many instructions or cycles a tick of its clock is."""

    tools: str  # the prefix of compiler and binutils
    flags: list[str]
    linked: list[str]
    run: list[str]
    per_tick: float
    counted: str


ARM, RISCV = "arm-none-eabi-", "riscv64-unknown-elf-"
CHIPS = {
    "Cortex-M0": Chip(
        ARM, [PICOLIBC, "-mcpu=cortex-m0", "-mthumb"],
        [*HOSTED, *memory(0, 0x20000000, 0x4000), "-Wl,--defsym=__flash_size=0x40000"],
        ["qemu-system-arm", "-M", "microbit", *SEMIHOSTED, "-kernel"], 62.5, "instructions",
    ),
    "Cortex-M4": Chip(
        ARM, [PICOLIBC, "-mcpu=cortex-m4", "-mthumb"], [*HOSTED, *memory(0, 0x20000000)],
        ["qemu-system-arm", "-M", "mps2-an386", *SEMIHOSTED, "-kernel"], 40, "instructions",
    ),
    "RV32EC": Chip(RISCV, [PICOLIBC, "-march=rv32ec", "-mabi=ilp32e"], [], [], 1, "instructions"),
    "RV32IMC": Chip(
        RISCV, [PICOLIBC, "-march=rv32imc", "-mabi=ilp32"],
        [*HOSTED, *memory(0x80000000, 0x80200000)],
        ["qemu-system-riscv32", "-M", "virt", "-bios", "none", *SEMIHOSTED, "-kernel"],
        1, "instructions",
    ),
    "ATmega1284P": Chip(
        "avr-", ["-mmcu=atmega1284p"], [],
        ["simavr", "-m", "atmega1284p", "-f", "16000000"], 1024, "cycles",
    ),
}  # fmt: skip
COLUMNS = ("model", "chip", "flash", "RAM", "stack, at most", "self-test", "a tile")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("models", nargs="*", default=["micro", "tiny"], help="shipped models")
    parser.add_argument("--chips", nargs="+", choices=CHIPS, default=list(CHIPS))
    parser.add_argument("--run", action="store_true", help="run the self-test in emulators")
    parser.add_argument("--data_dir")
    args = parser.parse_args()
    calibration = artefact.calibration_tiles(data.load("mnist", args.data_dir).train.images)
    print(f"| {' | '.join(COLUMNS)} |\n{'|---' * len(COLUMNS)}|")
    for name in args.models:
        source = Source.of(checkpoint.load(spec.pretrained_dir() / f"{name}.pth"))
        whole = integer_file.integers(source, calibration)
        file = c_file.c_bytes(whole, integer_file.card(source), source.content["thresholds"])
        for chip in args.chips:
            missing = lacking(CHIPS[chip], args.run)
            if missing:
                print(f"{chip}: left out: needs {missing}: tools/get_compilers.sh", file=sys.stderr)
                continue
            print(f"| `{name}` | {chip} | {' | '.join(cells(file, CHIPS[chip], args.run))} |")
            sys.stdout.flush()
    return 0


def lacking(chip: Chip, run: bool) -> str:
    """What is not there of the programs that build for a chip, and that run what was built."""
    wanted = [f"{chip.tools}gcc", f"{chip.tools}size", *(chip.run[:1] if run else [])]
    return ", ".join(name for name in wanted if not shutil.which(name))


def cells(file: bytes, chip: Chip, run: bool) -> list[str]:
    """Of a row: bytes of flash, RAM and stack, the self-test's outcome, and what a tile takes."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "digits.c").write_bytes(file)
        refused = build(chip, Path(folder) / "digits.o", "digits.c", "-c", "-fstack-usage")
        if refused:
            return ["-", "-", "-", refused, "-"]
        sizes = c_program.sections(Path(folder) / "digits.o", f"{chip.tools}size")
        used = [line.split("\t") for line in (Path(folder) / "digits.su").read_text().splitlines()]
        assert all(kind.startswith("static") for _, _, kind in used), used  # no alloca
        sizes_said = [f"{size:,}" for size in (*sizes, sum(int(size) for _, size, _ in used))]
        return sizes_said + (tested(chip, Path(folder)) if run and chip.run else ["not run", "-"])


def build(chip: Chip, to: Path, source: str | Path, *flags: str) -> str:
    """Build a source for a chip, in the folder of what is built; why it is refused, or ""."""
    command = [f"{chip.tools}gcc", *chip.flags, *FLAGS, *flags, str(source), "-o", str(to)]
    made = subprocess.run(command, cwd=to.parent, capture_output=True, text=True)
    because = re.search(r"#error \"?(.*?)[\":]", made.stderr)
    if because:
        return because[1]
    if made.returncode:
        raise DigitsError(f"{source}: not built: {made.stderr.strip()[:3000]}")
    return ""


def tested(chip: Chip, folder: Path) -> list[str]:
    """Run the self-test of digits.c in `folder` in the chip's emulator; its cells."""
    program = folder / "program.elf"
    build(chip, program, HARNESS, "-I", str(folder), *chip.linked)
    command = [*chip.run, str(program)]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        return [f"not ended in {LIMIT_S} s", "-"]
    said = re.search(r"wrong (\d+) ticks (\d+)", ran.stdout + ran.stderr)
    if said is None:
        raise DigitsError(f"{chip.run[0]}: says nothing: {(ran.stdout + ran.stderr)[-300:]}")
    outcome = "wrong" if int(said[1]) else "same bits"
    return [outcome, f"{int(said[2]) * chip.per_tick / 1e6:.2f} M {chip.counted}"]


if __name__ == "__main__":
    run_main(main)
