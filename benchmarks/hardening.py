"""The table of what once broke and what happens now, made by running the tests that hold it.

python benchmarks/hardening.py                       # a few minutes; writes docs/hardening.md

The exit code is 1 if a test failed, or none ran that a line names.
"""

import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import NamedTuple

from support.command import run_main

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "hardening.md"


class Row(NamedTuple):
    tried: str
    broke: str
    now: str
    tests: str  # files or parts of their names below tests/, `file::name`, separated by blanks


ROWS = [
    Row("code in a program", "a `.pt2` or `.pt` file ran code when it was loaded",
        "read and checked before PyTorch sees it; refused in one line",
        "test_programs::test_what_might_run test_programs::test_sample_inputs"),
    Row("ONNX Runtime", "ONNX Runtime reported home", "switched off before it is loaded",
        "test_onnx_runtime::test_nothing_is_written test_onnx_runtime::test_a_server"
        " test_architecture::test_onnx_runtime_is"),
    Row("pictures that are hard", "small pictures took minutes or gigabytes",
        "a budget a page, an allowlist of formats",
        "test_reading_budget::test_a_texture test_reading_budget::test_formats_that"
        " test_reading_budget::test_reading_a_file"
        " test_reading_budget::test_a_file_has test_pictures_load"),
    Row("files that a model names", "an ONNX file could name other files, or fill the memory",
        "walked before ONNX Runtime sees it; refused in one line",
        "test_graphs"),
    Row("odd names", "names that are formulas, not UTF-8 or of two lines",
        "`./` before a formula; every name comes back equal",
        "test_answer_file::test_no_cell test_answer_file::test_any_name"
        " test_answer_file::test_whatever_the_names"),
    Row("where a resumed run saves", "`train --resume` forgot `--save_dir`",
        "it is kept, and may be given anew",
        "test_kept::test_a_resumed_run"),
    Row("a worse model", "a try overwrote a better `best_model.pth`",
        "the better by validation on the same split stays, and it is said; `--force`",
        "test_kept::test_a_better test_kept::test_a_model_of"),
    Row("which run is resumed", "`--resume` took the highest folder name",
        "the run whose state was saved last",
        "test_kept::test_the_run_that"),
    Row("a damaged model", "a damaged model marked pictures as errors", "one line, and no file",
        "test_bulk::test_a_damaged test_bulk::test_a_model_that"),
    Row("a killed parent", "workers outlived a killed parent", "they end with it",
        "test_bulk::test_workers_end"),
    Row("a file of another", "`--resume` wiped a foreign file, or a traceback",
        "refused, and it stays as it is",
        "test_answer_file_refused::test_a_foreign test_answer_file_refused::test_a_cut"
        " test_answer_file_refused::test_a_folder"),
    Row("two at once", "two at once wrote rows twice",
        "the second is refused; a kill frees the file",
        "test_answer_file::test_two_at_once"),
    Row("a torn line", "a line torn within a name", "the picture is dropped and read again",
        "test_answer_file::test_a_torn"),
    Row("Parquet without pyarrow", "Parquet without pyarrow failed at the end",
        "before anything is read",
        "test_answer_file::test_parquet_without"),
    Row("an empty result", "an empty result blocked the retry", "it leaves no file",
        "test_answer_file::test_what_got"),
    Row("standard input", "standard input was not read with `--output`", "it is",
        "test_bulk::test_standard_input"),
    Row("names that meet", "tiles and pictures were overwritten, leftovers stayed",
        "names are kept apart, pictures spared, leftovers swept",
        "test_predict::test_two_pictures test_predict::test_explain_never"
        " test_checkpoint::test_what_a_killed test_optimize_command::test_what_a_killed"),
    Row("weights that are no numbers",
        "a state was promised that was not saved, advice was given that was followed; NaN"
        " weights read `no digit`", "said as it is; such a model is refused",
        "test_on_nan::test_nan test_card::test_weights_that"),
    Row("odd flags", "tracebacks for odd flags", "one line, whatever is typed",
        "test_no_traceback::test_flags test_faults::test_fault"),
    Row("odd files", "tracebacks for odd content of files", "one line, whatever is in them",
        "test_no_traceback::test_content test_config test_card::test_an_onnx"
        " test_card::test_a_checkpoint"),
    Row("benchmarks without data", "a traceback", "one line",
        "test_benchmarks::test_without_data test_benchmarks::test_a_benchmark_without"),
    Row("files of data and of runs", "a traceback, or nothing said", "one line",
        "test_damaged_files test_data::test_an_mnist test_data::test_a_damaged"
        " test_packed::test_a_folder"),
    Row("streams", "full disks, closed and full streams", "one line",
        "test_no_traceback::test_a_full test_no_traceback::test_streams"
        " test_answer_file::test_a_full"),
    Row("which model", "which model answered was not said",
        "on stderr, and `model` in JSON and tables",
        "test_pages::test_predict_answers test_pages::test_the_table"),
    Row("several names", "a second `--image` dropped the first; an empty folder ended all",
        "all are read",
        "test_silence::test_image test_silence::test_what_is_not"),
    Row("flags that do nothing", "flags were ignored",
        "wrong usage, exit code 2", "test_silence::test_a_flag"),
    Row("formats that do not fit", "a format that fits nothing said `no digit`",
        "refused, or a warning",
        "test_silence::test_a_format"),
    Row("many pages", "only the first page was read",
        "each of up to 100, `page` in JSON and tables",
        "test_pages"),
    Row("a large batch", "a batch larger than the set counted wrongly", "it counts what it saw",
        "test_kept::test_a_batch"),
    Row("a preset on little data", "a preset on the small scans ended at 44.7%",
        "steps that fit, and it is said",
        "test_kept::test_a_preset"),
]  # fmt: skip


def outcomes() -> list[tuple[str, bool]]:
    """Every test that a row names, as `file::name`, and whether it passed."""
    files = sorted({test.partition("::")[0] for row in ROWS for test in row.tests.split()})
    names = {test.partition("::")[2] or test for row in ROWS for test in row.tests.split()}
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        paths = [f"tests/{name}.py" for name in files]
        argv = [sys.executable, "-m", "pytest", "-q", "-k", " or ".join(sorted(names)), *paths]
        subprocess.run([*argv, f"--junitxml={report}"], cwd=ROOT, check=False)
        cases = [case for case in ET.parse(report).iter("testcase") if case.find("skipped") is None]
    return [
        (f"{c.get('classname', '').rpartition('.')[2]}::{c.get('name')}",
         c.find("failure") is None and c.find("error") is None)
        for c in cases
    ]  # fmt: skip


def main() -> int:
    ran, all_held = outcomes(), True
    lines = [
        "# Hardening: what once broke, and what happens now\n",
        "Made by `python benchmarks/hardening.py`, which runs the tests of each line.\n",
        "| tried | what broke | what happens now | tests that passed |\n|---|---|---|---|",
    ]
    for row in ROWS:
        passed = [ok for name, ok in ran if name.startswith(tuple(row.tests.split()))]
        all_held &= bool(passed) and all(passed)
        held = f"{sum(passed)} of {len(passed)}" if passed else "**none ran**"
        lines.append(f"| {row.tried} | {row.broke} | {row.now} | {held} |")
    PAGE.write_text("\n".join(lines) + "\n")
    return int(not all_held)


if __name__ == "__main__":
    run_main(main)
