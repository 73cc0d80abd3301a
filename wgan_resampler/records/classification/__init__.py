"""Classifiers of records."""

from typing import Final

CLASSIFIERS: Final = ("lstm", "random_forest", "svm", "logistic_regression")
"""Names of the classifiers. They are defined here so that the help of ``classify`` is fast."""
