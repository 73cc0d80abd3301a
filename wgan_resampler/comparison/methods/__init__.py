"""Samplers and classifiers that can be compared."""
