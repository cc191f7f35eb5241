"""From tiles and labels to a trained model."""
