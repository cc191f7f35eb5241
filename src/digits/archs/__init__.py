"""Network architectures: one file each, whose name is the key. `create('cnn3')` builds one."""

from digits.archs._registry import (
    CLASSIFIER,
    KINDS,
    LINES,
    PAGES,
    ROWS,
    create,
    kind,
    names,
    summary,
)

__all__ = ["CLASSIFIER", "KINDS", "LINES", "PAGES", "ROWS", "create", "kind", "names", "summary"]
