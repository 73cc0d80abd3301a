"""Classifiers of records."""

from typing import Final

CLASSIFIERS: Final = ("lstm", "random_forest", "svm", "logistic_regression")
"""Names of the classifiers. They stand here because the help of ``classify`` names them and must come at once."""
