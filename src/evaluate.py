"""Measure a model on a data set: `python src/evaluate.py --help` lists the flags."""

import sys

from digits.__main__ import main

if __name__ == "__main__":  # the processes of --folder import this file
    sys.exit(main(["evaluate", *sys.argv[1:]]))
