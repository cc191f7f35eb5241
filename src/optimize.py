"""Make a checkpoint small and fast: `python src/optimize.py --help` lists the flags."""

import sys

from digits.__main__ import main

sys.exit(main(["optimize", *sys.argv[1:]]))
