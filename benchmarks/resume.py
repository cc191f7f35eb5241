"""Kill training with SIGKILL at random moments, resume it, and compare the weights byte for byte.

python benchmarks/resume.py --kills 10        # of each row; prints a table

The exit code is 1 if any weights differ.
"""

import argparse
import random

from support.command import run_main
from support.killed import ROWS, survive


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng, all_equal = random.Random(args.seed), True
    print("| run | killed while loading | while training | weights equal |\n|---|---|---|---|")
    for row in ROWS:
        equal, moments = survive(row, args.kills, rng)
        all_equal &= equal
        print(
            f"| `{row}` | {moments.count('loading')} | {moments.count('training')} "
            f"| {'yes' if equal else 'NO'} |",
            flush=True,
        )
    return int(not all_equal)


if __name__ == "__main__":
    run_main(main)
