"""`digits evaluate`: measure a model on the test set of a data set, with figures."""

import sys
from pathlib import Path

from digits import checkpoint, classifier, data, device
from digits.commands import _flags
from digits.data.look import Look
from digits.spec import CLASSES, NONE

KNOWN = {*CLASSES, NONE}  # the classes of models that read digits


def main(argv: list[str] | None = None) -> int:
    parser = _flags.Parser(prog="evaluate", description="Measure a model on a test set.")
    parser.add_argument("--model", help="file or name (default: the shipped reader)")
    parser.add_argument("--output", type=Path, help="folder for the figures and metrics.json")
    _flags.add_data_flags(parser, None, "auto; of a model of other classes its own")
    _flags.add_device_flags(parser)
    args = parser.parse_args(sys.argv[1:] if argv is None else argv)

    from digits import evaluation

    path = classifier.find(args.model)
    model = classifier.load(
        path, "cpu" if path.suffix == ".onnx" else device.pick(args.gpu, args.cpu)
    )
    settings = model.card["config"]
    name = args.dataset or (settings["dataset"] if set(model.classes) - KNOWN else "auto")
    dataset = data.load(name, args.data_dir, look=Look.of(settings))
    dataset = dataset.known_to(model.classes, model.shape)
    test = evaluation.measure(model, dataset.test)

    print(f"model      {path}")
    print(f"accuracy   {test.accuracy_in_words()} of {dataset.name}")
    print(f"loss       {test.summary['loss']:.4f}")
    print(f"calibration error  {test.summary['expected_calibration_error']:.2%}")
    width = max(5, *map(len, model.classes))
    print(f"\n{'class':{width}}  precision  recall      f1  tiles")
    for name, row in test.summary["classes"].items():
        print(
            f"{name:{width}}  {row['precision']:9.2%} {row['recall']:7.2%} {row['f1']:7.2%}"
            f"  {row['support']:5}"
        )
    print("\nlabel \\ predicted")
    for name, row in zip(model.classes, test.summary["confusion"], strict=True):
        print(f"{name:{width}}", *(f"{count:5}" for count in row))
    if args.output:
        evaluation.draw(args.output, test, dataset.test.images.numpy(), model.classes)
        checkpoint.write_json(args.output / "metrics.json", test.summary)
    return 0
