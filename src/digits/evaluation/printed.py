"""The short tables of an evaluation, for a terminal, of what metrics.json holds."""

from collections.abc import Sequence
from typing import Any

from digits.metrics import in_words


def table(found: dict[str, Any]) -> str:
    """All figures of one model on tiles, or a line for each of several."""
    models = found["models"]
    return _one(models[0], found["data"]["name"]) if len(models) == 1 else _several(found)


def _one(model: dict[str, Any], dataset: str) -> str:
    read, speed = model["read"], model["one_tile_ms"]
    width = max(5, *map(len, model["class_names"]))
    lines = [
        f"model      {model['path']}",
        f"accuracy   {in_words(model)} of {dataset}",
        f"loss       {model['loss']:.4f}, Brier score {model['brier_score']:.4f}",
        f"calibration error  {model['expected_calibration_error']:.2%}",
        f"read       {_read(read)}",
        f"cost       {model['size_bytes'] / 1000:,.0f} kB, {_number(model['parameters'])} "
        f"parameters, {_number(model['macs'])} multiply-adds, {speed['median']:.2f} ms a tile",
        f"confused   {_confused(model['confused'])}",
        f"\n{'class':{width}}  precision  recall      f1  tiles",
    ]
    for name, row in model["classes"].items():
        of = [f"{row[k]:.2%}" if row["support"] else "-" for k in ("precision", "recall", "f1")]
        lines.append(f"{name:{width}}  {of[0]:>9} {of[1]:>7} {of[2]:>7}  {row['support']:5}")
    lines.append("\nlabel \\ predicted")
    for name, counts in zip(model["class_names"], model["confusion"], strict=True):
        lines.append(" ".join([f"{name:{width}}", *(f"{count:5}" for count in counts)]))
    return "\n".join(lines)


def _read(read: dict[str, float] | None) -> str:
    if read is None:
        return "no threshold"
    return f"{read['coverage']:.2%} of the tiles, {read['risk']:.2%} of these wrong"


def _number(count: int | None) -> str:
    return "unknown" if count is None else f"{count:,}"


def _confused(pairs: Sequence[dict[str, Any]]) -> str:
    """The pair that is mistaken most often."""
    if not pairs:
        return "nothing"
    first = pairs[0]
    return f"most often {first['label']} read as {first['predicted']} ({first['count']} times)"


def _several(found: dict[str, Any]) -> str:
    """A line a model, and a line a pair of them."""
    wide = max(5, *(len(model["name"]) for model in found["models"]))
    lines = [
        f"{'model':{wide}}  accuracy     95% interval  errors  calibration     read  wrong of read"
    ]
    for model in found["models"]:
        low, high = model["accuracy_interval_95"]
        read = model["read"]
        lines.append(
            f"{model['name']:{wide}}  {model['accuracy']:8.2%}  {low:7.2%}..{high:7.2%}  "
            f"{model['count'] - model['right']:6,}  {model['expected_calibration_error']:11.2%}"
            + (f"  {read['coverage']:7.2%}  {read['risk']:13.2%}" if read else "")
        )
    return "\n".join([*lines, *_differences(found["differences"])])


def _differences(rows: Sequence[dict[str, Any]]) -> list[str]:
    if not rows:
        return []
    return ["", "McNemar's exact test"] + [
        f"{' - '.join(row['models'])}: {100 * row['accuracy_difference']:+.2f} points, p = "
        f"{row['p']:.2g} (only the first right: {row['only_first_right']}, only the second: "
        f"{row['only_second_right']})"
        for row in rows
    ]


SHARES = {
    "all": "right", "answered_read": "read", "right_of_read": "right of read",
    "whole_strings": "whole numbers right", "none_not_read": "no digit, not read",
}  # fmt: skip


def pictures(found: dict[str, Any]) -> str:
    """A line a model on a user's own pictures, what became of the rest, and what was left out."""
    wide = max(5, *map(len, found["models"]))
    lines = [
        f"{found['count']:,} pictures of {found['source']}",
        "  ".join([f"{'model':{wide}}", *(f"{name:>21}" for name in SHARES.values())]),
    ]
    for name, result in found["models"].items():
        cells = [f"{_share(result[key]):>21}" for key in SHARES]
        lines.append("  ".join([f"{name:{wide}}", *cells]))
    for name, result in found["models"].items():
        counts = [f"{count} {status}" for status, count in result["statuses"].items()]
        wrong = result["character_error_rate"]
        counts += [] if wrong is None else [f"{wrong:.2%} of the characters wrong"]
        counts += [_confused(result["confused"])] * bool(result["confused"])
        lines.append(f"{name:{wide}}  {', '.join(counts)}")
    return "\n".join([*lines, *_left_out(found["left_out"]), *_differences(found["differences"])])


def _left_out(left: dict[str, Any]) -> list[str]:
    parts = [
        f"{len(left['empty_labels'])} labels without a picture" * bool(left["empty_labels"]),
        f"{left['other_files']} files of other kinds or without a label"
        * bool(left["other_files"]),
        f"{left['further_pages']} further pages" * bool(left["further_pages"]),
    ]
    said = ", ".join(filter(None, parts))
    return [f"left out: {said}"] if said else []


def _share(share: dict[str, Any] | None) -> str:
    if share is None:
        return "-"
    low, high = share["interval_95"]
    return f"{share['share']:.1%} ({100 * low:.1f}..{100 * high:.1f}%)"
