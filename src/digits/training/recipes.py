"""What `train --arch NAME` and `train --preset NAME` set when nothing else is said.

Found by trying on MNIST's validation; a flag that is given goes before its recipe.
"""

from typing import Any

# Keys are those of TrainConfig. An architecture that is not here trains by TrainConfig's defaults.
_FAST: dict[str, Any] = {
    "arch": "fast", "epochs": 2, "batch_size": 512, "learning_rate": 0.02,
    "beta1": 0.7, "beta2": 0.9, "weight_decay": 0.0, "clip_norm": 0.0,
}  # fmt: skip
# As good on validation in 0.54 to 0.58 of the time (docs/lab/speed.md).
_FASTEST: dict[str, Any] = {
    **_FAST, "border": 2, "hardest": 0.5, "batch_size": 384, "schedule": "linear",
}  # fmt: skip
# Unsmoothed labels: so small a network has nothing to spare for being unsure on purpose.
_SMALL: dict[str, Any] = {
    "epochs": 25, "batch_size": 128, "learning_rate": 0.01, "label_smoothing": 0.0,
    "augment": "light", "average": 0.995, "patience": 25,
}  # fmt: skip
_FAST3: dict[str, Any] = {
    "arch": "fast3", "epochs": 5, "batch_size": 256, "learning_rate": 0.01, "beta2": 0.99,
    "weight_decay": 0.05, "clip_norm": 0.0, "augment": "light", "average": 0.98,
}  # fmt: skip
_BEST: dict[str, Any] = {
    "augment": "elastic", "average": 0.998, "epochs": 40, "batch_size": 256,
    "learning_rate": 4e-3, "weight_decay": 0.05, "patience": 40,
}  # fmt: skip
RECIPES: dict[str, dict[str, Any]] = {
    "fast": _FAST,
    "fast3": _FAST3,
    "tiny": _SMALL,
    "micro": _SMALL,
    "base": {"augment": "light"},
    "improved": {"augment": "light", "average": 0.99},
    "cnn2": {"augment": "light", "average": 0.99, "batch_size": 128, "learning_rate": 3e-3},
    "cnn3": {"augment": "light", "average": 0.99, "batch_size": 128, "learning_rate": 3e-3},
    "cnn5": {"augment": "light", "average": 0.99, "batch_size": 256, "learning_rate": 4e-3},
    "cnn6": {"augment": "light", "average": 0.99, "batch_size": 256, "learning_rate": 4e-3},
    "best": _BEST,
    # Half of the tiles distorted strongly, with drawn digits and non-digits: as pictures hold them.
    # With --hands 0.4 --augment spoiled it reads other hands better, MNIST's worse (docs/lab).
    "reader": {
        **_BEST, "epochs": 36, "patience": 36, "label_smoothing": 0.05,
        "augment": "mixed", "strokes": 0.25, "nondigits": 0.2, "max_error": 0.002,
    },
    "rows": {
        "samples": 15_000, "epochs": 40, "batch_size": 64, "learning_rate": 2e-3,
        "average": 0.999, "weight_decay": 0.02, "clip_norm": 5.0, "max_error": 0.03,
    },
    # From the weights of `tools/get_general.py` (--init models/general.pth), which learn at a tenth
    # of the rate: with 0.008 they forgot what they knew.
    "general": {
        "samples": 15_000, "epochs": 4, "batch_size": 32, "learning_rate": 3e-3,
        "average": 0.995, "weight_decay": 0.02, "clip_norm": 5.0, "max_error": 0.03,
    },
    "lines": {
        "samples": 80_000, "epochs": 6, "batch_size": 64, "learning_rate": 3e-3,
        "average": 0.998, "weight_decay": 0.05, "clip_norm": 5.0,
    },
    "finder": {
        "samples": 6_000, "epochs": 6, "batch_size": 8, "learning_rate": 3e-3,
        "average": 0.998, "weight_decay": 0.02, "clip_norm": 3.0,
    },
}  # fmt: skip

PRESETS = {"fast": _FASTEST, "fast99.4": _FAST3}

# What `tune` looks through: a range, a range on a log scale, or a choice. An architecture's own
# ranges go before.
RANGES: dict[str, tuple[Any, ...]] = {
    "learning_rate": ("log", 3e-4, 3e-2),
    "batch_size": ("choice", 64, 128, 256, 512),
    "weight_decay": ("log", 1e-3, 0.3),
    "label_smoothing": ("even", 0.0, 0.2),
    "augment": ("choice", "none", "light", "elastic"),
    "average": ("choice", 0.0, 0.9, 0.99, 0.998),
}
RANGES_OF: dict[str, dict[str, tuple[Any, ...]]] = {
    "tiny": {"label_smoothing": ("even", 0.0, 0.05)},
    "micro": {"label_smoothing": ("even", 0.0, 0.05)},
}
