"""Tiles -> calibrated answers."""
