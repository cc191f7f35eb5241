"""What `train --arch NAME` and `train --preset NAME` set when nothing else is said.

Found by trying on MNIST's validation; a flag that is given goes before its recipe.
"""

from typing import Any

# Keys are those of TrainConfig. An architecture that is not here trains by TrainConfig's defaults.
RECIPES: dict[str, dict[str, Any]] = {
    "base": {"augment": "light"},
    "improved": {"augment": "light", "average": 0.99},
    "cnn2": {"augment": "light", "average": 0.99, "batch_size": 128, "learning_rate": 3e-3},
    "cnn3": {"augment": "light", "average": 0.99, "batch_size": 128, "learning_rate": 3e-3},
    "cnn5": {"augment": "light", "average": 0.99, "batch_size": 256, "learning_rate": 4e-3},
    "cnn6": {"augment": "light", "average": 0.99, "batch_size": 256, "learning_rate": 4e-3},
}

PRESETS: dict[str, dict[str, Any]] = {}
