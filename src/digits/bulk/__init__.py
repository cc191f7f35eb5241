"""Many pictures at once, and what is kept of their answers."""
