"""The short tables of an evaluation, for a terminal."""

from collections.abc import Sequence

from digits.evaluation.measure import Measurement, at_threshold, differences


def table(names: Sequence[str], tests: Sequence[Measurement], dataset: str) -> str:
    """All figures of one model, or a line for each of several."""
    return _one(tests[0], dataset) if len(tests) == 1 else _several(names, tests)


def _one(test: Measurement, dataset: str) -> str:
    summary = test.summary
    width = max(5, *map(len, test.model.classes))
    lines = [
        f"model      {test.model.path}",
        f"accuracy   {test.accuracy_in_words()} of {dataset}",
        f"loss       {summary['loss']:.4f}",
        f"calibration error  {summary['expected_calibration_error']:.2%}",
        f"\n{'class':{width}}  precision  recall      f1  tiles",
    ]
    for name, row in summary["classes"].items():
        lines.append(
            f"{name:{width}}  {row['precision']:9.2%} {row['recall']:7.2%} {row['f1']:7.2%}"
            f"  {row['support']:5}"
        )
    lines.append("\nlabel \\ predicted")
    for name, counts in zip(test.model.classes, summary["confusion"], strict=True):
        lines.append(" ".join([f"{name:{width}}", *(f"{count:5}" for count in counts)]))
    return "\n".join(lines)


def _several(names: Sequence[str], tests: Sequence[Measurement]) -> str:
    """A line a model, and a line a pair of them."""
    wide = max(5, *map(len, names))
    head = f"{'accuracy':>8}  {'95% interval':>16}  {'calibration':>11}  {'read':>7}  wrong of read"
    lines = [f"{'model':{wide}}  {head}"]
    for name, test in zip(names, tests, strict=True):
        summary, read = test.summary, at_threshold(test)
        low, high = summary["accuracy_interval_95"]
        lines.append(
            f"{name:{wide}}  {summary['accuracy']:8.2%}  {low:7.2%}..{high:7.2%}  "
            f"{summary['expected_calibration_error']:11.2%}"
            + (f"  {read['coverage']:7.2%}  {read['risk']:13.2%}" if read else "")
        )
    lines += ["", "McNemar's exact test"]
    lines += [
        f"{' - '.join(row['models'])}: {100 * row['accuracy_difference']:+.2f} points, p = "
        f"{row['p']:.2g} (only the first right: {row['only_first_right']}, only the second: "
        f"{row['only_second_right']})"
        for row in differences(names, tests)
    ]
    return "\n".join(lines)
