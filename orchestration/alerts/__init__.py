"""What somebody should hear of: finding it, telling it once, and where to."""
