"""Kill `predict --output` and `optimize` with SIGKILL at random moments, and look what is left.

python benchmarks/killed.py --predict 40 --optimize 30        # kills; `resume.py` kills `train`
"""

import argparse
import random

from support.command import run_main
from support.killed_files import optimize_survives, predict_survives


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--predict", type=int, default=40)
    parser.add_argument("--optimize", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng, wrong = random.Random(args.seed), []
    print("| command | kills | what did not hold |\n|---|---|---|")
    for name, survives in (("predict", predict_survives), ("optimize", optimize_survives)):
        if kills := getattr(args, name):
            found = survives(kills, rng)
            print(f"| `{name}` | {kills} | {'; '.join(found) or 'nothing'} |", flush=True)
            wrong += found
    return int(bool(wrong))


if __name__ == "__main__":
    run_main(main)
