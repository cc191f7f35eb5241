"""Any picture -> ink -> tiles. NumPy and OpenCV; no torch."""
