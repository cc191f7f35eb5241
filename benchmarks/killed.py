"""Kill commands with SIGKILL at random moments, and look what is left.

python benchmarks/killed.py --predict 40 --optimize 30 --learn 20 --tune 20    # kills of each

`resume.py` kills `train`.
"""

import argparse
import random

from support import killed_files
from support.command import run_main

KILLS = {"predict": 40, "optimize": 30, "learn": 20, "tune": 20}  # of each, where none is told


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name, kills in KILLS.items():
        parser.add_argument(f"--{name}", type=int, default=kills)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng, wrong = random.Random(args.seed), []
    print("| command | kills | what did not hold |\n|---|---|---|")
    for name in KILLS:
        if kills := getattr(args, name):
            found = getattr(killed_files, f"{name}_survives")(kills, rng)
            print(f"| `{name}` | {kills} | {'; '.join(found) or 'nothing'} |", flush=True)
            wrong += found
    return int(bool(wrong))


if __name__ == "__main__":
    run_main(main)
