"""Data sets of a comparison: reading, folds, preparation inside the fold."""
