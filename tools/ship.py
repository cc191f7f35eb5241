"""Make a shipped model of a training run: checkpoint, int8 ONNX and card in models/pretrained/.

python tools/ship.py best runs/2026-11-21-062412-best
python tools/ship.py reader runs/LATER --halfway_to EARLIER.pth --none_less 2
"""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from digits import archs, checkpoint, classifier, data, evaluation, threads
from digits.data import hands
from digits.optimization import artefact, parity
from digits.spec import CLASSES, NONE, data_dir, pretrained_dir
from digits.training.calibrate import calibrate
from digits.training.config import TrainConfig
from digits.training.lifecycle import OF_DIGITS

CARD = """# {name}

{summary} {parameters:,} parameters; {classes} classes. Takes tiles, uint8 (N, 1, 28, 28), bright ink on black.

| | `{name}.pth` (float32) | `{name}.onnx` (int8) |
|---|---|---|
| size | {before[size_bytes]:,} bytes | {after[size_bytes]:,} bytes |
| accuracy on {of} test set | {before[accuracy]:.2%} ({low:.2%} to {high:.2%}) | {after[accuracy]:.2%} |
| one tile, median (10% to 90%) | {fp32_ms} | {int8_ms} |
| tiles/s | {before[speed][tiles_per_s]:,.0f} | {after[speed][tiles_per_s]:,.0f} |

Calibration error {ece:.2%} at temperature {temperature:.2f}; `read` from a probability of {read:.3f}.
Test accuracy with its 95% interval (Wilson); the test set chose nothing. Times on two cores.

Trained on {of} training part ({train:,}; {validation:,} more to choose the epoch), {runs}, seed {seed}, by

{commands}

{changed}Limits: {limits}
Licence: MIT, as the code. Made by `python tools/ship.py {name} RUN`.
"""  # noqa: E501
# Of the data set that a model was trained on: whose it is, and what the card says of its limits.
SETS = {
    "mnist": (
        "MNIST's",
        """single digits 0 to 9 in the frame that `predict` makes. Trained on American handwriting
of 1990 and drawn digits; other hands are read less well than the figure above says.""",
    ),
    "unipen-letters": (
        "unipen-letters'",
        """one letter a picture, whichever its case, in the frame that `predict` makes. The test is
by every eighth writer, of whom no training saw anything. Of letters that look like digits (O, I,
l, S, Z, B, b, q, g) also those are in it whose label or ink is in doubt.
Data: UNIPEN train_r01_v07 (Guyon et al. 1994; Zenodo record 1195803), CC BY 4.0; its strokes drawn
with other pens.""",
    ),
}

HALFWAY = """Its weights are the means of those of the last run and of the model that it went on
from, which keeps MNIST's digits (Wortsman et al. 2022, "Model soups"): `--halfway_to`.
"""
OF_TWO_RUNS = """
Its weights are the means of those of the last run and of the run before (Wortsman et al. 2022,
"Model soups"): `--halfway_to`.
"""
LESS = """{less:g} is taken from the logit of `none`, of which there was more in training than there
is in pictures (prior shift, Saerens et al. 2002): `--none_less`; found on validation.
"""

OF_HANDS = """single digits 0 to 9 in the frame that `predict` makes. Besides MNIST it learned from
digits and letters by some 500 hands of many countries (UNIPEN, pen-based digits by Alpaydin and
Alimoglu, optical ones by Alpaydin and Kaynak, UJI Pen Characters: CC BY 4.0; bhmsds, and of other
scripts Omniglot: MIT) and from drawn digits. Of {count:,} digits by
every eighth of these writers, whom no training saw, it reads {right:.2%} as tiles ({read:.1%}
`read`, {wrong:.2%} of these wrong)."""
HELD_OUT, SEED = 5000, 7  # digits by writers held out, and the seed of their pens


def of_hands(path: Path) -> str:
    """What the card says of a model that learned from hands: how it reads those held out."""
    rng = np.random.default_rng(SEED)
    tiles, labels = hands.digit_tiles(HELD_OUT, data_dir(), rng, held_out=True)
    model = classifier.load(path)
    probabilities = model.predict_proba(tiles)[:, : len(CLASSES)]
    right = probabilities.argmax(axis=1) == labels
    read = probabilities.max(axis=1) >= model.thresholds["read"]
    return OF_HANDS.format(
        count=len(labels), right=right.mean(), read=read.mean(), wrong=1 - right[read].mean()
    )


def halfway(content: dict[str, Any], *earlier: Path) -> None:
    """Make a checkpoint's weights the means of its own and of earlier ones'."""
    weights = content["state_dict"]
    others = [checkpoint.load(path)["state_dict"] for path in earlier]
    for name, tensor in weights.items():
        total = sum((other[name].double() for other in others), tensor.double())
        weights[name] = (total / (1 + len(others))).to(tensor.dtype)


def asked(what: str | None) -> tuple[dict[str, Any], list[TrainConfig], str]:
    """What a tool that does `what` is called with: the content of a run's model, its weights
    averaged where that is asked, the settings of its runs, and what its card says of that."""
    parser = argparse.ArgumentParser(description=(what or "").partition("\n")[0])
    parser.add_argument("run", type=Path, help="folder of the training run")
    parser.add_argument("--halfway_to", type=Path, help="model whose weights are averaged with its")
    args = parser.parse_args()
    content = checkpoint.load(args.run / "model.pth")
    if args.halfway_to:
        halfway(content, args.halfway_to)
    runs = runs_of(content)
    content["config"] = runs[-1].as_dict()
    return content, runs, OF_TWO_RUNS if args.halfway_to else ""


def alone() -> None:
    """One thread an ONNX model, for the worker processes of a tool."""
    threads.of_onnx = 1


def expecting_less(content: dict[str, Any], less: float) -> None:
    """Take so much from the logit of `none` in a checkpoint: the bias of its last layer."""
    name = [name for name in content["state_dict"] if name.endswith("bias")][-1]
    content["state_dict"][name][content["classes"].index(NONE)] -= less


def train_command(config: TrainConfig) -> str:
    """The `train` call that makes this model again: the flags that differ from its recipe's."""
    # What a recipe adds to digits is left out where a model is taken over.
    left_out = dict.fromkeys(OF_DIGITS, 0.0) if config.init else {}
    recipe = TrainConfig.make({"arch": config.arch, **left_out})
    changed = {
        key: value
        for key, value in config.as_dict().items()
        if value != getattr(recipe, key) and key not in ("arch", "dataset", "labels")
    }
    flags = " ".join(f"--{key} {value}" for key, value in changed.items())
    return f"python src/train.py --arch {config.arch} --dataset {config.dataset} {flags}".rstrip()


def runs_of(content: dict[str, Any]) -> list[TrainConfig]:
    """The settings of the runs that made a checkpoint, the first one first: each went on from the
    model of the one before, which `train` left in models/."""
    config = dict(content["config"])
    init = config.get("init")
    earlier = checkpoint.load(classifier.find_checkpoint(init)) if init else content
    # A shipped name may by now mean the very model that went on from what was called so before.
    before = runs_of(earlier) if earlier["config"] != content["config"] else []
    if before:
        config["init"] = f"models/{content['arch']}.pth"
    return [*before, TrainConfig.make(config)]


def told(runs: list[TrainConfig], notebook: str) -> str:
    """How many runs there were, and where it stands how what they learned from differed."""
    if len(runs) == 1:
        return "one run"
    return f"{len(runs)} runs ({notebook} has how what they learned from differed)"


def milliseconds(speed: dict[str, Any]) -> str:
    low, high = speed["range_ms"]
    return f"{speed['median_ms']:.3f} ms ({low:.3f} to {high:.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("name", help="what `predict --model` will call it")
    parser.add_argument("run", type=Path, help="folder of the training run")
    parser.add_argument("--halfway_to", type=Path, help="model whose weights are averaged with its")
    parser.add_argument("--none_less", type=float, default=0.0, help="taken from `none`'s logit")
    args = parser.parse_args()

    path = pretrained_dir() / f"{args.name}.pth"
    content = checkpoint.load(args.run / "model.pth")
    runs = runs_of(content)
    config = runs[-1]
    content["config"] = config.as_dict()
    of, limits = SETS[config.dataset]
    dataset = data.load(config.dataset, hold_out=config.hold_out)
    changed = ""
    if args.halfway_to:
        halfway(content, args.halfway_to)
        changed += HALFWAY
    if args.none_less:
        expecting_less(content, args.none_less)
        changed += LESS.format(less=args.none_less)
    if changed:
        made = checkpoint.build(content)
        fitted = calibrate(made, dataset.validation, config)
        content["temperature"], content["thresholds"] = fitted
    checkpoint.save(path, content)
    test = evaluation.measure(classifier.load(path), dataset.test)
    content["metrics"]["test"] = {"accuracy": test.summary["accuracy"]}
    checkpoint.save(path, content)
    calibration = artefact.calibration_tiles(dataset.train.images)
    onnx = path.with_suffix(".onnx")
    tiles, labels = dataset.test.images.numpy(), dataset.test.labels.numpy()
    model = checkpoint.build(content)
    parameters = sum(p.numel() for p in model.parameters())
    for _ in range(2):  # the second time with its own figures in what it says of itself
        with artefact.staged(onnx) as trial:
            trial.write_bytes(artefact.build(content, ".onnx", calibration))
        pair = classifier.load(path), classifier.load(onnx)
        before, after = (asdict(figures) for figures in parity.compare(pair, tiles, labels))
        content["metrics"]["test"] = {"accuracy": after["accuracy"]}
        content["metrics"]["size"] = {
            "parameters": parameters,
            "one_tile_ms": after["speed"]["median_ms"],
        }

    low, high = test.summary["accuracy_interval_95"]
    if config.hands:
        limits = of_hands(onnx)
    card = CARD.format(
        name=args.name,
        summary=archs.summary(content["arch"]),
        parameters=parameters,
        classes=len(content["classes"]),
        before=before,
        after=after,
        low=low,
        high=high,
        fp32_ms=milliseconds(before["speed"]),
        int8_ms=milliseconds(after["speed"]),
        ece=test.summary["expected_calibration_error"],
        temperature=content["temperature"],
        read=content["thresholds"]["read"],
        seed=config.seed,
        train=len(dataset.train),
        validation=len(dataset.validation),
        runs=told(runs, f"docs/lab/{'reading' if NONE in content['classes'] else 'accuracy'}.md"),
        commands="\n".join(f"    {train_command(run)}" for run in runs),
        changed=changed and f"{changed}\n",
        of=of,
        limits=limits,
    )
    checkpoint.write_atomically(path.with_suffix(".md"), lambda file: file.write(card.encode()))
    print(card)


if __name__ == "__main__":
    main()
