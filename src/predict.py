"""Read the digits in pictures: `python src/predict.py --help` lists the flags."""
import sys

from digits.__main__ import main

sys.exit(main(["predict", *sys.argv[1:]]))
