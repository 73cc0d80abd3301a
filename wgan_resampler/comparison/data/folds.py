"""The training rows and test rows of each fold, which are the same for all samplers and classifiers."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from wgan_resampler.comparison.data.datasets import Dataset
from wgan_resampler.exceptions import ComparisonWarning, InvalidDataError, InvalidParameterError
from wgan_resampler.utils import seed_for, warn_caller

INNER_FOLDS = 3
"""Number of folds of the training rows in which thresholds are tuned."""

Rows = NDArray[np.intp]


def check_cv(cv: Any, n_repeats: int) -> Any:
    """Return `cv`, a number as int, after checking that it can split and that its folds can be repeated."""
    if hasattr(cv, "__index__") and not isinstance(cv, bool) and cv >= 2:
        return int(cv)
    if not hasattr(cv, "split"):
        raise InvalidParameterError(f"cv must be a number of folds of at least 2, or a splitter, not {cv!r}.")
    if n_repeats > 1 and not _is_random(cv):
        raise InvalidParameterError(
            f"{cv!r} does not shuffle, so each of the {n_repeats} repeats would have the same folds. Set n_repeats=1, "
            "let it shuffle, or give a number of folds."
        )
    return cv


def _is_random(splitter: Any) -> bool:
    return hasattr(splitter, "random_state") and bool(getattr(splitter, "shuffle", True))


def outer_splits(dataset: Dataset, cv: Any, repeat: int, root: int) -> list[tuple[Rows, Rows]]:
    """Return the training rows and test rows of each fold of a repeat.

    Parameters
    ----------
    dataset : Dataset
        The dataset to split.
    cv : int or splitter
        Number of stratified folds, which keep groups together if the dataset has groups. Or an object with
        ``split(X, y, groups)``; if it shuffles, its `random_state` is set for each repeat.
    repeat : int
        Number of the repeat.
    root : int
        Root of all seeds.

    Returns
    -------
    list of (ndarray of int, ndarray of int)
        Training rows and test rows.

    Examples
    --------
    >>> from wgan_resampler.comparison.data.datasets import load_datasets
    >>> from wgan_resampler.comparison.data.folds import outer_splits
    >>> (dataset,) = load_datasets(([[float(row)] for row in range(8)], [0, 1] * 4))
    >>> [(len(train), len(test)) for train, test in outer_splits(dataset, 2, 0, root=0)]
    [(4, 4), (4, 4)]
    """
    seed = seed_for(root, "folds", dataset.name, repeat)
    if isinstance(cv, int):
        splitter = _stratified(cv, dataset.groups, seed)
    else:
        splitter = clone(cv, safe=False)
        if _is_random(splitter):
            splitter.random_state = seed
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The least populated class")
            # `_check_splits` raises an error if the splitter does not keep groups together.
            warnings.filterwarnings("ignore", "The groups parameter is ignored")
            splits = [
                (np.sort(train), np.sort(test)) for train, test in splitter.split(dataset.X, dataset.y, dataset.groups)
            ]
    except ValueError as error:
        raise InvalidDataError(f"Dataset '{dataset.name}' cannot be split by {cv!r}: {error}") from error
    _check_splits(dataset, splits)
    return splits


def inner_splits(dataset: Dataset, train: Rows, seed: int) -> list[tuple[Rows, Rows]]:
    """Return the inner folds of training rows, or none if thresholds cannot be tuned."""
    y = dataset.y[train]
    counts = np.unique(y, return_counts=True)[1]
    if len(dataset.classes) != 2 or len(counts) < 2 or counts.min() < INNER_FOLDS:
        return []
    groups = None if dataset.groups is None else dataset.groups[train]
    if groups is not None and len(np.unique(groups)) < INNER_FOLDS:
        return []
    folds = _stratified(INNER_FOLDS, groups, seed).split(y, y, groups)
    splits = [(train[fit], train[held_out]) for fit, held_out in folds]
    # With groups, a fold can lack one of the classes.
    both = all(len(np.unique(dataset.y[rows])) == 2 for split in splits for rows in split)
    return splits if both else []


def _stratified(n_folds: int, groups: NDArray[Any] | None, seed: int) -> Any:
    return (StratifiedKFold if groups is None else StratifiedGroupKFold)(n_folds, shuffle=True, random_state=seed)


def _check_splits(dataset: Dataset, splits: list[tuple[Rows, Rows]]) -> None:
    for train, test in splits:
        if np.intersect1d(train, test).size:
            problem = "the splitter put rows on both sides of a split."
        elif not len(test):
            problem = "a fold has no test rows. Use fewer folds."
        elif dataset.groups is not None and np.isin(dataset.groups[test], dataset.groups[train]).any():
            problem = (
                "the splitter put rows of a group on both sides of a split. Use one that keeps groups together, such "
                "as StratifiedGroupKFold, or a number of folds."
            )
        elif len(np.unique(dataset.y[train])) < 2:
            problem = "the training rows of a fold have one class. Use fewer folds, or check the groups."
        else:
            continue
        raise InvalidDataError(f"Dataset '{dataset.name}': {problem}")
    if any(len(np.unique(dataset.y[test])) < len(dataset.classes) for _, test in splits):
        warn_caller(
            f"Dataset '{dataset.name}' has a class with fewer rows or groups than folds: some test folds lack this "
            "class, and their scores are means over the other classes.",
            ComparisonWarning,
        )
