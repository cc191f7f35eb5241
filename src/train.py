"""Train a digit classifier: `python src/train.py --help` lists the flags."""

import sys

from digits.__main__ import main

if __name__ == "__main__":  # the processes that make row images import this file
    sys.exit(main(["train", *sys.argv[1:]]))
