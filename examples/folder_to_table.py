"""Read a folder of pictures into a table: `python folder_to_table.py scans/ answers.csv`."""

import csv
import sys
from pathlib import Path

import digits
from digits.cells import cell, text_cell

if len(sys.argv) != 3:
    sys.exit(__doc__)
folder, table = sys.argv[1:]
paths = sorted(path for path in Path(folder).iterdir() if path.suffix in (".png", ".jpg"))
reader = digits.Reader(expect="number")
with Path(table).open("w", newline="", encoding="utf-8", errors="surrogateescape") as file:
    rows = csv.writer(file)
    rows.writerow(["picture", "status", "text", "probability"])
    for path, answer in zip(paths, reader.read_many(paths), strict=True):
        name, text = cell(path.name), text_cell(answer.text)  # neither is a formula
        rows.writerow([name, answer.status, text, f"{answer.probability:.3f}"])
