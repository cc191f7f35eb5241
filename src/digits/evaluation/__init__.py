"""Figures and pictures of how good a model is."""

from digits.evaluation.measure import Measurement, measure
from digits.evaluation.plots import draw, draw_curves

__all__ = ["Measurement", "draw", "draw_curves", "measure"]
