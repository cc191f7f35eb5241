"""A page that reads digits, and an API: `python src/serve.py --help` lists the flags."""

import sys

from digits.__main__ import main

if __name__ == "__main__":  # the processes that read import this file
    sys.exit(main(["serve", *sys.argv[1:]]))
