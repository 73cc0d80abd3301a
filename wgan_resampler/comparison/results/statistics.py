"""Ranks and significance tests of samplers over datasets.

All functions here are pure. A table of scores has a row for each dataset and a column for each sampler. The tests come
from scipy and scikit-posthocs. Formulas that these packages do not have are given with their source.

References
----------
.. [1] J. Demsar, "Statistical Comparisons of Classifiers over Multiple Data Sets", JMLR 7, 2006.
.. [2] C. Nadeau, Y. Bengio, "Inference for the Generalization Error", Machine Learning 52, 2003.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from wgan_resampler.utils import COMPARE, require

Floats = NDArray[np.float64]

TIE = 1e-3
"""Two scores that differ by less than this are a tie."""

_BOOTSTRAP_SAMPLES = 2000

_COMPARED = [
    *("sampler", "datasets", "failed", "score", "mean_rank", "wins", "ties", "losses"),
    *("median_effect", "effect_low", "effect_high", "p_value"),
]


@dataclass(frozen=True)
class Friedman:
    """Friedman's test of samplers on datasets.

    Attributes
    ----------
    mean_ranks : tuple of float
        Mean rank of each sampler; 1 is best.
    n_datasets : int
        Number of datasets.
    statistic, p_value : float
        Chi-squared of the ranks, corrected for ties, and its p-value, both from scipy.
    critical_difference : float
        Critical difference of Nemenyi's test at 5 %: mean ranks that are further apart differ significantly.

    References
    ----------
    .. [1] J. Demsar, "Statistical Comparisons of Classifiers over Multiple Data Sets", JMLR 7, 2006, section 3.2.
    """

    mean_ranks: tuple[float, ...]
    n_datasets: int
    statistic: float
    p_value: float
    critical_difference: float


def rank(scores: pd.DataFrame, *, greater_is_better: bool = True) -> pd.DataFrame:
    """Return the rank of each column within each row: 1 is best, ties share a rank, missing scores rank last.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from wgan_resampler.comparison.results.statistics import rank
    >>> rank(pd.DataFrame([[0.9, 0.8, 0.8, np.nan]])).to_numpy()
    array([[1. , 2.5, 2.5, 4. ]])
    """
    # Rounded, because means of the same numbers in another order differ in the last digits and must be ties.
    return scores.round(12).rank(axis=1, ascending=not greater_is_better, na_option="bottom")


def critical_difference(n_samplers: int, n_datasets: int, *, alpha: float = 0.05) -> float:
    """Return the critical difference of mean ranks of Nemenyi's test.

    Examples
    --------
    >>> from wgan_resampler.comparison.results.statistics import critical_difference
    >>> round(critical_difference(4, 14), 2)
    1.25
    """
    q = float(stats.studentized_range.ppf(1 - alpha, n_samplers, np.inf)) / math.sqrt(2)
    return q * math.sqrt(n_samplers * (n_samplers + 1) / (6 * n_datasets))


def friedman(scores: pd.DataFrame, *, greater_is_better: bool = True) -> Friedman | None:
    """Return Friedman's test, or None for fewer than three samplers or two datasets.

    Parameters
    ----------
    scores : pandas.DataFrame
        Datasets by samplers; missing scores rank last.
    greater_is_better : bool, default=True
        Direction of the scores.

    Returns
    -------
    Friedman or None
        The test.

    Examples
    --------
    >>> import pandas as pd
    >>> from wgan_resampler.comparison.results.statistics import friedman
    >>> test = friedman(pd.DataFrame([[0.9, 0.8, 0.7], [0.8, 0.6, 0.5], [0.7, 0.6, 0.5]]))
    >>> test.mean_ranks, round(test.statistic, 2), round(test.p_value, 3)
    ((1.0, 2.0, 3.0), 6.0, 0.05)
    """
    n, k = scores.shape
    if n < 2 or k < 3:
        return None
    ranks = rank(scores, greater_is_better=greater_is_better)
    # If all samplers are equal everywhere, the correction for ties divides by zero.
    all_tied = bool((ranks == (k + 1) / 2).all(axis=None))
    statistic, p_value = (0.0, 1.0) if all_tied else map(float, stats.friedmanchisquare(*ranks.to_numpy().T))
    return Friedman(tuple(ranks.mean().tolist()), n, statistic, p_value, critical_difference(k, n))


def nemenyi(scores: pd.DataFrame, *, greater_is_better: bool = True) -> pd.DataFrame:
    """Return the p-value of Nemenyi's test for each pair of columns."""
    posthocs = require("scikit_posthocs", "Nemenyi's test", COMPARE)
    return pd.DataFrame(posthocs.posthoc_nemenyi_friedman(rank(scores, greater_is_better=greater_is_better)))


def compare_with_reference(
    scores: pd.DataFrame, reference: str, *, greater_is_better: bool = True, seed: int = 0
) -> pd.DataFrame:
    """Return one row for each sampler: mean score, mean rank, and the comparison with the reference.

    Parameters
    ----------
    scores : pandas.DataFrame
        Datasets by samplers; a missing score means that the sampler failed.
    reference : str
        The sampler that the others are compared with. It has no such comparison itself.
    greater_is_better : bool, default=True
        Direction of the scores.
    seed : int, default=0
        Seed of the bootstrap.

    Returns
    -------
    pandas.DataFrame
        The columns ``sampler``, ``datasets``, ``failed``, ``score``, ``mean_rank``, ``wins``, ``ties``, ``losses``,
        ``median_effect``, ``effect_low`` and ``effect_high`` of :meth:`ScoreTable.summary`, and ``p_value``: Wilcoxon's
        signed-rank test, with zero differences split evenly and without a correction. Datasets on which the sampler or
        the reference failed are left out of the comparison with the reference. There are no rows if there is no
        dataset.

    Examples
    --------
    >>> import pandas as pd
    >>> from wgan_resampler.comparison.results.statistics import compare_with_reference
    >>> scores = pd.DataFrame({"none": [0.8, 0.8, 0.8], "smote": [0.9, 0.8, 0.7]})
    >>> compared = compare_with_reference(scores, "none")
    >>> compared[["sampler", "mean_rank", "wins", "ties", "losses"]].to_dict("records")[1]
    {'sampler': 'smote', 'mean_rank': 1.5, 'wins': 1, 'ties': 1, 'losses': 1}
    """
    mean_ranks = rank(scores, greater_is_better=greater_is_better).mean()
    sign = 1 if greater_is_better else -1
    rows: list[dict[str, Any]] = []
    for sampler in scores.columns if len(scores) else ():
        own = scores[sampler]
        row = {"sampler": sampler, "datasets": len(own), "failed": int(own.isna().sum())}
        row |= {"score": own.mean(skipna=False), "mean_rank": mean_ranks[sampler]}
        if sampler != reference and reference in scores:
            gains = (sign * (own - scores[reference])).dropna().round(12)
            row |= {"wins": (gains >= TIE).sum(), "ties": (gains.abs() < TIE).sum(), "losses": (gains <= -TIE).sum()}
            row |= {"median_effect": gains.median(), "p_value": _wilcoxon(gains.to_numpy())}
            row["effect_low"], row["effect_high"] = _bootstrap_median(gains.to_numpy(), seed)
        rows.append(row)
    return pd.DataFrame(rows, columns=_COMPARED).astype(dict.fromkeys(("wins", "ties", "losses"), "Int64"))


def holm(p_values: pd.Series) -> pd.Series:
    """Return p-values with Holm's correction; missing ones stay missing and do not count.

    Examples
    --------
    >>> import pandas as pd
    >>> from wgan_resampler.comparison.results.statistics import holm
    >>> holm(pd.Series([0.01, 0.04, 0.03])).tolist()
    [0.03, 0.06, 0.06]
    """
    known = p_values.dropna().sort_values()
    return (known * np.arange(len(known), 0, -1)).cummax().clip(upper=1.0).reindex(p_values.index)


def corrected_t_test(differences: Floats, test_share: float) -> float:
    """Return the p-value of the corrected resampled t test [2]_ for differences over folds and repeats.

    Parameters
    ----------
    differences : ndarray of shape (n_splits,)
        One difference for each split of one dataset.
    test_share : float
        Number of test rows divided by the number of training rows.

    Returns
    -------
    float
        Two-sided p-value; NaN for fewer than two splits.

    References
    ----------
    .. [2] C. Nadeau, Y. Bengio, "Inference for the Generalization Error", Machine Learning 52, 2003.

    Examples
    --------
    >>> import numpy as np
    >>> from wgan_resampler.comparison.results.statistics import corrected_t_test
    >>> round(corrected_t_test(np.array([0.02, 0.03, 0.01, 0.04]), 1 / 3), 3)
    0.085
    """
    differences = differences[~np.isnan(differences)]
    n = len(differences)
    if n < 2:
        return math.nan
    mean, variance = float(differences.mean()), float(differences.var(ddof=1))
    if variance <= 1e-24:
        return 1.0 if abs(mean) <= 1e-12 else 0.0
    return float(2 * stats.t.sf(abs(mean) / math.sqrt((1 / n + test_share) * variance), n - 1))


def dataset_scores(
    frame: pd.DataFrame,
    metric: str,
    classifiers: Sequence[str],
    samplers: Sequence[str],
    by: Sequence[str] = ("dataset",),
) -> pd.DataFrame:
    """Return the mean score of each sampler on each dataset, over classifiers, repeats and folds.

    A sampler has a score on a dataset only if it has a value in every cell in which another sampler has one. A mean
    over only those folds in which it worked would not be comparable. Datasets on which no sampler has the metric are
    left out.

    Parameters
    ----------
    frame : pandas.DataFrame
        The cells, as ``ComparisonResult.to_frame`` returns them.
    metric : str
        Name of the metric.
    classifiers, samplers : sequence of str
        The classifiers that are averaged over, and the samplers, which become the columns.
    by : sequence of str, default=("dataset",)
        The keys that get a mean each. With "repeat" and "fold", each split gets its own mean.

    Returns
    -------
    pandas.DataFrame
        Datasets, or splits, by samplers.
    """
    chosen = frame[frame["classifier"].isin(classifiers) & frame["sampler"].isin(samplers)]
    places = ["dataset", "classifier", "repeat", "fold"]
    cells = chosen.set_index([*places, "sampler"])[metric].unstack("sampler").reindex(columns=list(samplers))
    cells = cells[cells.notna().any(axis=1)]
    keys = list(by)
    return cells.groupby(level=keys).mean().mask(cells.isna().groupby(level=keys).any())


def _wilcoxon(differences: Floats) -> float:
    if len(differences) < 2:
        return math.nan
    if not differences.any():
        return 1.0
    with warnings.catch_warnings():  # scipy 1.13 warns if some differences are 0
        warnings.filterwarnings("ignore", "Sample size too small", UserWarning)
        return float(stats.wilcoxon(differences, zero_method="zsplit").pvalue)


def _bootstrap_median(differences: Floats, seed: int) -> tuple[float, float]:
    if len(differences) < 2:
        return math.nan, math.nan
    interval = stats.bootstrap(
        (differences,),
        np.median,
        n_resamples=_BOOTSTRAP_SAMPLES,
        method="percentile",
        random_state=np.random.default_rng(seed),
    ).confidence_interval
    return float(interval.low), float(interval.high)
