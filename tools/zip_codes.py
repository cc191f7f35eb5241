"""Make the list of ZIP codes that `evaluate --numbers` draws from: a bit for each of 100,000.

    pip install zipcodes
    python tools/zip_codes.py

Kept are those of streets and of post office boxes that were in use when the package was made.
"""

from pathlib import Path

import numpy as np
import zipcodes

FILE = Path(__file__).parents[1] / "src" / "digits" / "evaluation" / "zip_codes.npz"
KINDS = ("STANDARD", "PO BOX")


def main() -> None:
    valid = np.zeros(100_000, bool)
    for place in zipcodes.list_all():
        valid[int(place["zip_code"])] |= place["active"] and place["zip_code_type"] in KINDS
    np.savez_compressed(FILE, bits=np.packbits(valid))
    print(f"{FILE}: {valid.sum():,} ZIP codes, {FILE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
