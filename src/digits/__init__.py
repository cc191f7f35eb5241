"""Digits: train, use and ship small networks that read handwritten digits."""
