"""Decision thresholds tuned on held-out rows of the training folds: pure functions.

The search is that of scikit-learn's ``TunedThresholdClassifierCV``: candidates spread evenly over the range of the
answers, the objective interpolated and averaged over the folds, the first best taken. It is stated again here because
one set of fitted models then serves four objectives, and because whole curves come from sorted counts instead of 100
calls of a metric. A test holds both equal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

N_CANDIDATES = 100
"""Candidate thresholds, as in scikit-learn."""


@dataclass(frozen=True)
class Counts:
    """Confusion counts at each of several thresholds; the positive class is the minority."""

    true_positive: Floats
    false_positive: Floats
    true_negative: Floats
    false_negative: Floats

    @property
    def recall(self) -> Floats:
        """Share of the positive rows that is found."""
        return _ratio(self.true_positive, self.true_positive + self.false_negative)

    @property
    def specificity(self) -> Floats:
        """Share of the negative rows that is found."""
        return _ratio(self.true_negative, self.true_negative + self.false_positive)


def counts_at(thresholds: Floats, answers: Floats, positive: NDArray[np.bool_]) -> Counts:
    """Return the confusion counts when a row is called positive from each threshold upwards.

    Examples
    --------
    >>> import numpy as np
    >>> from wgan_resampler.comparison.scoring.thresholds import counts_at
    >>> counts = counts_at(np.array([0.5]), np.array([0.2, 0.5, 0.9]), np.array([False, False, True]))
    >>> counts.true_positive, counts.false_positive
    (array([1.]), array([1.]))
    """
    called_positive = len(answers) - np.searchsorted(np.sort(answers), thresholds, side="left")
    of_positives = np.sort(answers[positive])
    true_positive = len(of_positives) - np.searchsorted(of_positives, thresholds, side="left")
    false_positive = called_positive - true_positive
    n_negative = len(answers) - len(of_positives)
    return Counts(
        true_positive.astype(float),
        false_positive.astype(float),
        (n_negative - false_positive).astype(float),
        (len(of_positives) - true_positive).astype(float),
    )


def balanced_accuracy(counts: Counts) -> Floats:
    """Return the mean of recall and specificity."""
    return (counts.recall + counts.specificity) / 2


def g_mean(counts: Counts) -> Floats:
    """Return the geometric mean of recall and specificity."""
    return np.sqrt(counts.recall * counts.specificity)


def f1(counts: Counts) -> Floats:
    """Return the harmonic mean of precision and recall of the positive class."""
    return _ratio(2 * counts.true_positive, 2 * counts.true_positive + counts.false_positive + counts.false_negative)


def matthews_corrcoef(counts: Counts) -> Floats:
    """Return Matthews' correlation between calls and classes; 0 where all rows are called alike."""
    tp, fp, tn, fn = counts.true_positive, counts.false_positive, counts.true_negative, counts.false_negative
    return _ratio(tp * tn - fp * fn, np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)))


OBJECTIVES: dict[str, Callable[[Counts], Floats]] = {
    "balanced_accuracy": balanced_accuracy,
    "g_mean": g_mean,
    "f1": f1,
    "matthews_corrcoef": matthews_corrcoef,
}
"""What a threshold can be tuned for."""


def best_threshold(
    folds: Sequence[tuple[Floats, NDArray[np.bool_]]], objective: Callable[[Counts], Floats]
) -> float | None:
    """Return the threshold with the best mean objective over folds of held-out rows.

    Parameters
    ----------
    folds : sequence of (answers, positive)
        For the held-out rows of each fold: the classifier's answers, larger for the positive class, and whether a row
        is positive.
    objective : callable
        From `Counts` to one score for each threshold.

    Returns
    -------
    float or None
        None if the answers of some fold are all alike, so that nothing can be tuned.

    Examples
    --------
    >>> import numpy as np
    >>> from wgan_resampler.comparison.scoring.thresholds import balanced_accuracy, best_threshold
    >>> fold = (np.array([0.1, 0.2, 0.3, 0.4]), np.array([False, False, True, True]))
    >>> round(best_threshold([fold], balanced_accuracy), 2)
    0.2
    """
    candidates, scores = [], []
    for answers, positive in folds:
        candidates.append(np.linspace(answers.min(), answers.max(), N_CANDIDATES))
        if np.isclose(candidates[-1][0], candidates[-1][-1]):
            return None
        scores.append(objective(counts_at(candidates[-1], answers, positive)))
    least, greatest = min(fold[0] for fold in candidates), max(fold[-1] for fold in candidates)
    common = np.linspace(least, greatest, N_CANDIDATES)
    mean = np.mean([np.interp(common, own, score) for own, score in zip(candidates, scores, strict=True)], axis=0)
    return float(common[np.argmax(mean)])


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Return the quotient, 0 where there is nothing to divide by."""
    quotient: Floats = np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0)
    return quotient
