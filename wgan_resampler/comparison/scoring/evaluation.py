"""The data from which metrics are computed: true classes, class scores, and confusion matrices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Evaluation:
    """Confusion matrix of a classifier's decisions, with the class scores that a metric may need too.

    There may be a stack of matrices, one for each of several thresholds. Then there are no class scores.

    Attributes
    ----------
    counts : ndarray of shape (..., n_classes, n_classes)
        Number of rows by true class (second to last axis) and assigned class (last axis).
    minority, majority : int
        Index of the smallest and of the largest class of the dataset.
    true : ndarray of shape (n_rows,)
        Index of the class of each row; empty for a stack of matrices.
    class_scores : ndarray of shape (n_rows, n_classes)
        One column for each class: probabilities, or values of the decision function; empty for a stack of matrices.
    are_probabilities : bool
        Whether `class_scores` holds probabilities.
    """

    counts: Floats
    minority: int
    majority: int
    true: NDArray[np.intp]
    class_scores: Floats
    are_probabilities: bool

    @property
    def default_threshold(self) -> float:
        """The threshold at which a classifier of two classes decides by itself."""
        return 0.5 if self.are_probabilities else 0.0

    @property
    def minority_scores(self) -> tuple[Floats, NDArray[np.bool_]]:
        """The score of the smallest class for each row, and whether the row belongs to it."""
        return self.class_scores[:, self.minority], self.true == self.minority

    @property
    def n_correct(self) -> Floats:
        """Number of rows of each class that were assigned to it, of shape (..., n_classes)."""
        return np.diagonal(self.counts, axis1=-2, axis2=-1)

    @property
    def n_true(self) -> Floats:
        """Number of rows of each class, of shape (..., n_classes)."""
        return np.asarray(self.counts.sum(axis=-1))

    @property
    def n_assigned(self) -> Floats:
        """Number of rows that were assigned to each class, of shape (..., n_classes)."""
        return np.asarray(self.counts.sum(axis=-2))

    @property
    def recalls(self) -> Floats:
        """Recall of each class, NaN for a class without rows, of shape (..., n_classes)."""
        return ratio(self.n_correct, self.n_true, otherwise=np.nan)


def evaluate(
    classifier: Any, X: Any, true: NDArray[np.intp], classes: NDArray[Any], minority: int, majority: int
) -> Evaluation:
    """Return the data from which the metrics of a fitted classifier are computed.

    Parameters
    ----------
    classifier : estimator
        Fitted classifier with ``predict_proba`` or ``decision_function``.
    X : array-like of shape (n_rows, n_columns)
        The rows.
    true : ndarray of shape (n_rows,)
        Index of the class of each row.
    classes : ndarray of shape (n_classes,)
        All classes of the dataset, sorted. A class without training rows is unknown to the classifier. It gets
        probability 0, or the lowest value of the decision function.
    minority, majority : int
        Index of the smallest and of the largest class of the dataset.

    Returns
    -------
    Evaluation
        With one confusion matrix.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.dummy import DummyClassifier
    >>> from wgan_resampler.comparison.scoring.evaluation import evaluate
    >>> classifier = DummyClassifier(strategy="most_frequent").fit([[0], [0], [0]], [5, 5, 7])
    >>> evaluate(classifier, [[0], [0]], np.array([0, 2]), np.array([5, 6, 7]), 2, 0).recalls
    array([ 1., nan,  0.])
    """
    known = np.searchsorted(classes, classifier.classes_)
    are_probabilities = hasattr(classifier, "predict_proba")
    answer = classifier.predict_proba if are_probabilities else classifier.decision_function
    values = np.asarray(answer(X), dtype=float)
    if values.ndim == 1:
        values = np.column_stack([-values, values])
    scores = np.full((len(values), len(classes)), 0.0 if are_probabilities else values.min())
    scores[:, known] = values
    decisions = np.searchsorted(classes, classifier.predict(X))
    counts = confusion_matrix(true, decisions, labels=range(len(classes))).astype(float)
    return Evaluation(counts, minority, majority, true, scores, are_probabilities)


def evaluate_thresholds(thresholds: Floats, scores: Floats, positive: NDArray[np.bool_]) -> Evaluation:
    """Return one confusion matrix for each threshold; rows whose score reaches it are assigned to the minority.

    Parameters
    ----------
    thresholds : ndarray of shape (n_thresholds,)
        The thresholds.
    scores : ndarray of shape (n_rows,)
        Score of the minority class.
    positive : ndarray of bool of shape (n_rows,)
        Whether a row belongs to the minority class, which has index 1 in the result.

    Returns
    -------
    Evaluation
        With `counts` of shape (n_thresholds, 2, 2).

    Examples
    --------
    >>> import numpy as np
    >>> from wgan_resampler.comparison.scoring.evaluation import evaluate_thresholds
    >>> scores, positive = np.array([0.2, 0.5, 0.9]), np.array([False, False, True])
    >>> evaluate_thresholds(np.array([0.5]), scores, positive).counts
    array([[[1., 1.],
            [0., 1.]]])
    """
    # Sorted scores give the counts at all thresholds at once. Calling a metric for each of them is far slower.
    of_classes = [np.sort(scores[~positive]), np.sort(scores[positive])]
    below = [np.searchsorted(own, thresholds, side="left") for own in of_classes]
    counts = np.array([[n, len(own) - n] for n, own in zip(below, of_classes, strict=True)], dtype=float)
    nothing = np.empty(0)
    return Evaluation(np.moveaxis(counts, -1, 0), 1, 0, nothing.astype(np.intp), nothing, False)


def ratio(numerator: Floats, denominator: Floats, *, otherwise: float = 0.0) -> Floats:
    """Return the quotient, and `otherwise` where the denominator is not positive."""
    out = np.full(np.shape(denominator), otherwise)
    return np.asarray(np.divide(numerator, denominator, out=out, where=denominator > 0))
