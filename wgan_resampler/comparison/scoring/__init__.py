"""Scores of a classifier on the test rows of a fold: the metrics, and the thresholds that decisions are tuned to."""
