"""Ranks and significance tests of samplers over datasets.

All functions here are pure. A table of scores has a row for each dataset and a column for each sampler. The tests come
from scipy, statsmodels and scikit-posthocs. Formulas that these packages do not have are given with their source.

References
----------
.. [1] J. Demsar, "Statistical Comparisons of Classifiers over Multiple Data Sets", JMLR 7, 2006.
.. [2] C. Nadeau, Y. Bengio, "Inference for the Generalization Error", Machine Learning 52, 2003.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
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


@dataclass(frozen=True)
class Friedman:
    """Friedman's test of samplers on datasets.

    Attributes
    ----------
    mean_ranks : tuple of float
        Mean rank of each sampler; 1 is best.
    n_datasets : int
        Number of datasets.
    statistic : float
        Chi-squared of the mean ranks, equation of [1]_.
    p_value : float
        P-value from scipy, which corrects the statistic for ties.
    f_statistic, f_p_value : float
        The less conservative statistic of Iman and Davenport, as in [1]_, and its p-value.
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
    f_statistic: float
    f_p_value: float
    critical_difference: float


def rank(scores: Floats, *, greater_is_better: bool = True) -> Floats:
    """Return the rank of each column within each row: 1 is best, ties share a rank, missing scores rank last.

    Examples
    --------
    >>> import numpy as np
    >>> from wgan_resampler.comparison.results.statistics import rank
    >>> rank(np.array([[0.9, 0.8, 0.8, np.nan]]))
    array([[1. , 2.5, 2.5, 4. ]])
    """
    # Rounded, because means of the same numbers in another order differ in the last digits and must be ties.
    losses = np.round(-scores if greater_is_better else scores, 12)
    return np.asarray(stats.rankdata(np.where(np.isnan(losses), np.inf, losses), axis=1))


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


def friedman(scores: Floats, *, greater_is_better: bool = True) -> Friedman | None:
    """Return Friedman's test, or None for fewer than three samplers or two datasets.

    Parameters
    ----------
    scores : ndarray of shape (n_datasets, n_samplers)
        Missing scores rank last.
    greater_is_better : bool, default=True
        Direction of the scores.

    Returns
    -------
    Friedman or None
        The test.

    Examples
    --------
    >>> import numpy as np
    >>> from wgan_resampler.comparison.results.statistics import friedman
    >>> test = friedman(np.array([[0.9, 0.8, 0.7], [0.8, 0.6, 0.5], [0.7, 0.6, 0.5]]))
    >>> test.mean_ranks, round(test.statistic, 2), round(test.p_value, 3)
    ((1.0, 2.0, 3.0), 6.0, 0.05)
    """
    n, k = scores.shape
    if n < 2 or k < 3:
        return None
    ranks = rank(scores, greater_is_better=greater_is_better)
    means = ranks.mean(axis=0)
    statistic = 12 * n / (k * (k + 1)) * (float((means**2).sum()) - k * (k + 1) ** 2 / 4)
    all_tied = np.allclose(ranks, ranks[:, :1])
    p_value = 1.0 if all_tied else float(stats.friedmanchisquare(*ranks.T).pvalue)
    room = n * (k - 1) - statistic
    f_statistic = math.inf if room <= 1e-12 else (n - 1) * statistic / room
    return Friedman(
        tuple(means.tolist()),
        n,
        statistic,
        p_value,
        f_statistic,
        float(stats.f.sf(f_statistic, k - 1, (k - 1) * (n - 1))),
        critical_difference(k, n),
    )


@dataclass(frozen=True)
class PairedComparison:
    """One sampler against the reference over datasets; positive differences mean that the sampler is better.

    Attributes
    ----------
    wins, ties, losses : int
        Number of datasets on which it is better, equal (closer than `TIE`), or worse.
    median_effect, effect_low, effect_high : float
        Median difference, with a 95 % percentile bootstrap interval over datasets.
    p_value : float
        Of Wilcoxon's signed-rank test, with zero differences split evenly; not corrected.
    """

    wins: int
    ties: int
    losses: int
    median_effect: float
    effect_low: float
    effect_high: float
    p_value: float


def compare_pair(
    scores: Floats, reference: Floats, *, greater_is_better: bool = True, seed: int = 0
) -> PairedComparison:
    """Return the comparison of a sampler with the reference on the datasets where both have a score.

    Examples
    --------
    >>> import numpy as np
    >>> from wgan_resampler.comparison.results.statistics import compare_pair
    >>> pair = compare_pair(np.array([0.9, 0.8, 0.7]), np.array([0.8, 0.8, 0.8]))
    >>> pair.wins, pair.ties, pair.losses
    (1, 1, 1)
    """
    differences = (scores - reference) * (1 if greater_is_better else -1)
    differences = np.round(differences[~np.isnan(differences)], 12)
    low, high = _bootstrap_median(differences, seed)
    return PairedComparison(
        wins=int(np.sum(differences >= TIE)),
        ties=int(np.sum(np.abs(differences) < TIE)),
        losses=int(np.sum(differences <= -TIE)),
        median_effect=float(np.median(differences)) if len(differences) else math.nan,
        effect_low=low,
        effect_high=high,
        p_value=_wilcoxon(differences),
    )


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
        Columns ``sampler, datasets, failed, score, mean_rank`` and the attributes of `PairedComparison`. No rows if
        there is no dataset.
    """
    rows: list[dict[str, Any]] = []
    ranks = rank(scores.to_numpy(), greater_is_better=greater_is_better).mean(axis=0) if len(scores) else ()
    for sampler, mean_rank in zip(scores.columns, ranks, strict=False):
        own = scores[sampler]
        row = {"sampler": sampler, "datasets": len(own), "failed": int(own.isna().sum())}
        row |= {"score": own.mean(skipna=False), "mean_rank": float(mean_rank)}
        if sampler != reference and reference in scores:
            pair = (own.to_numpy(), scores[reference].to_numpy())
            row |= asdict(compare_pair(*pair, greater_is_better=greater_is_better, seed=seed))
        rows.append(row)
    columns = ["sampler", "datasets", "failed", "score", "mean_rank", *PairedComparison.__dataclass_fields__]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(("wins", "ties", "losses"), "Int64"))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values with Holm's correction; missing ones stay missing and do not count.

    Examples
    --------
    >>> from wgan_resampler.comparison.results.statistics import holm
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    multitest = require("statsmodels.stats.multitest", "Holm's correction", COMPARE)
    values = np.asarray(p_values, dtype=float)
    known = ~np.isnan(values)
    if known.any():
        values[known] = multitest.multipletests(values[known], method="holm")[1]
    return [float(value) for value in values]


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


def nemenyi(scores: pd.DataFrame, *, greater_is_better: bool = True) -> pd.DataFrame:
    """Return the p-value of Nemenyi's test for each pair of columns."""
    posthocs = require("scikit_posthocs", "Nemenyi's test", COMPARE)
    ranks = pd.DataFrame(rank(scores.to_numpy(), greater_is_better=greater_is_better), columns=scores.columns)
    return pd.DataFrame(posthocs.posthoc_nemenyi_friedman(ranks))


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
