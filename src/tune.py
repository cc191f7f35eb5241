"""Search for settings: `python src/tune.py --help` lists the flags."""

import sys

from digits.__main__ import main

sys.exit(main(["tune", *sys.argv[1:]]))
