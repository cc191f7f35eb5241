"""Read the digits in pictures: `python src/predict.py --help` lists the flags."""

import sys

from digits.__main__ import main

if __name__ == "__main__":  # the processes of --output import this file
    sys.exit(main(["predict", *sys.argv[1:]]))
