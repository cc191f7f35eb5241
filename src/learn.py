"""Teach a model your own hand: `python src/learn.py --help` lists the flags."""

import sys

from digits.__main__ import main

sys.exit(main(["learn", *sys.argv[1:]]))
