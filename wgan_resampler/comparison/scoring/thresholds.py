"""Decision thresholds, tuned on rows that were held out of training.

The search is the one of scikit-learn's ``TunedThresholdClassifierCV``: candidates spaced evenly over the range of the
scores, the metric interpolated and averaged over the folds, the first maximum taken. It is written again for two
reasons. One set of fitted models serves all metrics here, and the metric at all candidates comes from sorted counts
instead of 100 calls. A test compares both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wgan_resampler.comparison.scoring.evaluation import Evaluation, evaluate_thresholds

Floats = NDArray[np.float64]

N_CANDIDATES = 100
"""Number of candidate thresholds, as in scikit-learn."""


def best_threshold(
    folds: Sequence[tuple[Floats, NDArray[np.bool_]]], metric: Callable[[Evaluation], Any]
) -> float | None:
    """Return the threshold with the best mean metric over folds of held-out rows.

    Parameters
    ----------
    folds : sequence of (scores, positive)
        For the held-out rows of each fold: the score of the minority class, and whether a row belongs to it.
    metric : callable
        From an `Evaluation` to one value for each of its confusion matrices; greater is better.

    Returns
    -------
    float or None
        None if all scores of a fold are equal, so that nothing can be tuned.

    Examples
    --------
    >>> import numpy as np
    >>> from wgan_resampler.comparison.scoring.metrics import balanced_accuracy
    >>> from wgan_resampler.comparison.scoring.thresholds import best_threshold
    >>> fold = (np.array([0.1, 0.2, 0.3, 0.4]), np.array([False, False, True, True]))
    >>> round(best_threshold([fold], balanced_accuracy), 2)
    0.2
    """
    candidates = [np.linspace(scores.min(), scores.max(), N_CANDIDATES) for scores, _ in folds]
    if any(np.isclose(own[0], own[-1]) for own in candidates):
        return None
    least, greatest = min(own[0] for own in candidates), max(own[-1] for own in candidates)
    common = np.linspace(least, greatest, N_CANDIDATES)
    values = [
        np.interp(common, own, metric(evaluate_thresholds(own, *fold)))
        for own, fold in zip(candidates, folds, strict=True)
    ]
    return float(common[np.argmax(np.mean(values, axis=0))])
