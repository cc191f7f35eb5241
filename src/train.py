"""Train a digit classifier: `python src/train.py --help` lists the flags."""

import sys

from digits.__main__ import main

sys.exit(main(["train", *sys.argv[1:]]))
