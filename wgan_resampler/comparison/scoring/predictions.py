"""What a fitted classifier predicts for the rows of a fold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Predictions:
    """What a fitted classifier predicts for the rows of a fold.

    Attributes
    ----------
    decisions : ndarray of shape (n_rows,)
        Index of the class that each row is assigned to.
    class_scores : ndarray of shape (n_rows, n_classes)
        One column for each class: probabilities, or values of the decision function.
    are_probabilities : bool
        Whether `class_scores` holds probabilities.
    """

    decisions: NDArray[np.intp]
    class_scores: Floats
    are_probabilities: bool

    @property
    def default_threshold(self) -> float:
        """The threshold at which a classifier of two classes decides by itself."""
        return 0.5 if self.are_probabilities else 0.0


def predict(classifier: Any, X: Any, classes: NDArray[Any]) -> Predictions:
    """Return the decisions and class scores of a fitted classifier.

    Parameters
    ----------
    classifier : estimator
        Fitted classifier with ``predict_proba`` or ``decision_function``.
    X : array-like of shape (n_rows, n_columns)
        The rows.
    classes : ndarray of shape (n_classes,)
        All classes of the dataset, sorted. A class without training rows is unknown to the classifier. It gets
        probability 0, or the lowest value of the decision function.

    Returns
    -------
    Predictions
        With one column of scores for each of `classes`.
    """
    decisions = np.searchsorted(classes, classifier.predict(X))
    known = np.searchsorted(classes, classifier.classes_)
    are_probabilities = hasattr(classifier, "predict_proba")
    values = np.asarray(
        (classifier.predict_proba if are_probabilities else classifier.decision_function)(X), dtype=float
    )
    if values.ndim == 1:
        values = np.column_stack([-values, values])
    scores = np.full((len(values), len(classes)), 0.0 if are_probabilities else values.min())
    scores[:, known] = values
    return Predictions(decisions, scores, are_probabilities)
