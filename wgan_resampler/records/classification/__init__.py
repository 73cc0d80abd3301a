"""Classifiers with and without synthetic records."""
