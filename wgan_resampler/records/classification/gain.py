"""A sentence that says how much synthetic records changed a classifier, and whether this may be chance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from wgan_resampler.records.classification.evaluation import Evaluation

_N_PERMUTATIONS: Final = 1999

_RARE: Final = 0.05
"""Largest p-value at which a difference is not called chance."""


def gain_in_words(without: Evaluation, with_synthetic: Evaluation, groups: NDArray[np.intp] | None = None) -> str:
    """Return two sentences: the change in balanced accuracy, and whether it may be chance.

    Parameters
    ----------
    without, with_synthetic : Evaluation
        The results of the two classifiers, on the same test records.
    groups : ndarray of int of shape (n_test,) or None, default=None
        The group of each test record, such as its track. None makes each record a group of its own.

    Returns
    -------
    str
    """
    before, after = (round(result.summary["balanced_accuracy"], 3) for result in (without, with_synthetic))
    first = f"Balanced accuracy {after:.3f} with the synthetic records, {before:.3f} without: {after - before:+.3f}."
    tested = f"{len(without.truth)} test records"
    if groups is not None:
        tested += f" in {len(np.unique(groups))} groups"
    if np.array_equal(without.truth == without.predicted, with_synthetic.truth == with_synthetic.predicted):
        return f"{first} Both classifiers get the same of the {tested} right."
    chance = chance_of_difference(without, with_synthetic, groups)
    if chance > _RARE:
        return f"{first} With {tested}, this may be chance (p = {chance:.2f})."
    return f"{first} With {tested}, chance alone rarely gives such a large difference (p = {max(chance, 0.001):.3f})."


def chance_of_difference(
    without: Evaluation, with_synthetic: Evaluation, groups: NDArray[np.intp] | None = None
) -> float:
    """Return the probability that chance alone gives a difference in balanced accuracy of at least this size.

    This is the two-sided p of a paired permutation test. If the classifiers are equally good, then either could have
    made the predictions of the other one. So the two are swapped at random for each group of test records.

    Parameters
    ----------
    without, with_synthetic : Evaluation
        The results of the two classifiers, on the same test records.
    groups : ndarray of int of shape (n_test,) or None, default=None
        The group of each test record. Records of a group depend on each other, so they are swapped together.

    Returns
    -------
    float
        Above 0 and at most 1.
    """
    truth = without.truth
    n_of_class = np.bincount(truth)
    # The change in balanced accuracy is the sum of these. Each class has the same weight, whatever its size.
    changes = (with_synthetic.predicted == truth).astype(float) - (without.predicted == truth)
    changes /= n_of_class[truth] * np.count_nonzero(n_of_class)
    if groups is not None:
        changes = np.bincount(np.unique(groups, return_inverse=True)[1], weights=changes)
    changes = changes[changes != 0]
    difference = abs(changes.sum()) - 1e-12
    rng = np.random.default_rng(0)
    swapped = (rng.choice([-1.0, 1.0], len(changes)) @ changes for _ in range(_N_PERMUTATIONS))
    return (1 + sum(bool(abs(value) >= difference) for value in swapped)) / (1 + _N_PERMUTATIONS)
