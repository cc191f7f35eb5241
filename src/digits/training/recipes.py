"""What `train --arch NAME` and `train --preset NAME` set when nothing else is said.

Found by trying on MNIST's validation; a flag that is given goes before its recipe.
"""

from typing import Any

# Keys are those of TrainConfig. An architecture that is not here trains by TrainConfig's defaults.
RECIPES: dict[str, dict[str, Any]] = {}

PRESETS: dict[str, dict[str, Any]] = {}
