"""Grey pictures -> ink, lines, rows. NumPy and OpenCV; no torch."""
