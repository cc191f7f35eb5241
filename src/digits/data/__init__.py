"""Data sets as uint8 tensors, and what changes them on the fly."""
