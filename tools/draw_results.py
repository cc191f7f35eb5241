"""Draw figures of docs/results/ from the tables that stand in its pages.

    python tools/draw_results.py

A table is the figures' one home: after it has changed, this is run again. int8.png is drawn by
benchmarks/quantization.py.
"""

import re
from pathlib import Path

from digits.evaluation.style import figure, series

DOCS = Path(__file__).parents[1] / "docs"
FIGURES = DOCS / "figures"
Row = dict[str, str]


def table(page: str, first: str) -> list[Row]:
    """The rows of the table in a page whose first column is called `first`, by column."""
    lines = iter((DOCS / "results" / page).read_text("utf-8").splitlines())
    names = next(_cells(line) for line in lines if line.startswith(f"| {first} |"))
    next(lines)  # the rule below the head
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append(dict(zip(names, _cells(line), strict=True)))
    return rows


def _cells(line: str) -> list[str]:
    return [cell.strip().replace("`", "") for cell in line.strip().strip("|").split("|")]


def value(cell: str) -> float:
    """The number that a cell begins with; of "5 of 5" the share in %."""
    if found := re.fullmatch(r"(\d+) of (\d+)", cell):
        return 100 * int(found[1]) / int(found[2])
    found = re.match(r"[\d,.]+", cell)
    assert found, f"no number: {cell}"
    return float(found[0].replace(",", ""))


def points(path: Path, rows: list[Row], columns: dict[str, str], label: str) -> None:
    """A line a row, named by its first column, with a point for each of `columns`, which says what
    a column is called in the legend."""
    names = [next(iter(row.values())) for row in rows]
    with figure(path, 1, 1, (8, 1.2 + 0.3 * len(rows))) as axes:
        axis = axes[0][0]
        for k, (column, said) in enumerate(columns.items()):
            values = [value(row[column]) for row in rows]
            axis.plot(values, names, "os^D"[k], color=series(k), label=said, markersize=7)
        axis.set_ylim(len(names) - 0.5, -0.5)
        axis.set(xlabel=label, xlim=(0, 103) if "%" in label else (0, None))
        if len(columns) > 1:
            axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=len(columns))


def main() -> None:
    corruptions = [row for row in table("robustness.md", "accuracy under")
                   if not row["accuracy under"].startswith("mean")]  # fmt: skip
    models = {name: name for name in ("best", "reader", "fast")}
    points(FIGURES / "robustness.png", corruptions, models, "accuracy, %")
    framed = {"paper, usual": "shrunk to 28x28", "predict (95%)": "as predict frames it"}
    points(FIGURES / "frame.png", table("reading.md", "model"), framed, "photographed digits, %")
    readers = {"numbers right": "ours", "by the peer": "rapidocr"}
    points(FIGURES / "pages.png", table("pages.md", "pages"), readers, "numbers right, %")


if __name__ == "__main__":
    main()
