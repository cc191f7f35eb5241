"""Network architectures: one file each, whose name is the key. `create('cnn3')` builds one."""

from digits.archs._registry import create, names, summary

__all__ = ["create", "names", "summary"]
