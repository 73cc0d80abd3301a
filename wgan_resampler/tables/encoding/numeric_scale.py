"""A reversible scale from -1 to 1 for the numbers of a column.

The scale of a column is a piecewise linear, strictly increasing map. It is the weighted mean of two maps: the linear
map of the observed range to [-1, 1], which keeps distances, and the map to ranks (the empirical distribution function),
which gives every part of the data its room, however far out an outlier lies. One of them alone is not enough. With the
linear map alone, a single value of 1e300 squeezes all other values into one point. With ranks alone, every distribution
becomes uniform. CTGAN (Xu et al. 2019, arXiv:1907.00503, section 4.2) solves the same problem with mixture modes.

Floats are halved first: the range of a column that holds both the largest and the smallest finite float does not fit a
float. Integers are counted from the smallest one, and this is exact. So a column of time stamps, or of identifiers
beyond 2^53, keeps the digits in which its values differ.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from wgan_resampler.tables.encoding.schema import Scale

RANK_WEIGHT = 0.5
"""Weight of the ranks in the scale. The rest is the weight of the linear map."""

MAX_KNOTS = 64
"""Largest number of knots of a column."""

ROWS_PER_KNOT = 5
"""A column gets at most one knot for this many rows, so that aggregates are stored and not the rows."""


def fit_scale(values: NDArray[Any]) -> Scale:
    """Return the scale of numbers.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Finite real numbers.

    Returns
    -------
    Scale
    """
    is_sorted = bool((values[1:] >= values[:-1]).all())
    ordered = values if is_sorted else np.sort(values)
    minimum, maximum = ordered[0].item(), ordered[-1].item()
    halved = _halve(ordered, minimum)
    low, high = float(halved[0]), float(halved[-1])
    if low == high:
        return Scale(values.dtype, minimum, maximum, (low,), (0.0,))
    n_knots = max(2, min(MAX_KNOTS, len(halved) // ROWS_PER_KNOT))
    at = np.round(np.linspace(0, len(halved) - 1, n_knots)).astype(np.int64)
    knots = np.unique(halved[at])
    linear = (knots - low) / (high - low)
    # A value that occurs often spans a range of ranks; it gets the middle one.
    first, last = np.searchsorted(halved, knots, "left"), np.searchsorted(halved, knots, "right") - 1
    ranks = (first + last) / 2.0
    ranks = (ranks - ranks[0]) / (ranks[-1] - ranks[0])
    positions = 2.0 * (RANK_WEIGHT * ranks + (1.0 - RANK_WEIGHT) * linear) - 1.0
    return Scale(values.dtype, minimum, maximum, tuple(knots.tolist()), tuple(positions.tolist()))


def apply_scale(scale: Scale, values: NDArray[Any]) -> NDArray[np.float64]:
    """Put values on the scale of their column.

    Parameters
    ----------
    scale : Scale
        The scale.
    values : ndarray of shape (n,)
        Finite real numbers; those outside the observed range are taken to its ends.

    Returns
    -------
    ndarray of shape (n,)
        Values in [-1, 1].
    """
    if scale.is_constant:
        return np.zeros(len(values))
    knots, positions = np.array(scale.knots), np.array(scale.positions)
    if not scale.is_floating:  # below the minimum, counting from it would wrap around
        values = np.clip(values, scale.minimum, scale.maximum)
    halved = np.clip(_halve(values, scale.minimum), knots[0], knots[-1])
    # Shares rather than slopes, as in np.interp: between knots less than 1e-308 apart a slope overflows.
    left = np.minimum(np.searchsorted(knots, halved, "right") - 1, len(knots) - 2)
    share = (halved - knots[left]) / (knots[left + 1] - knots[left])
    below, above = positions[left], positions[left + 1]
    result: NDArray[np.float64] = np.minimum(below + share * (above - below), above)
    return result


def undo_scale(scale: Scale, encoded: NDArray[np.floating]) -> NDArray[Any]:
    """Undo `apply_scale`. The values lie in the observed range; they are integers if the column holds integers.

    Parameters
    ----------
    scale : Scale
        The scale.
    encoded : ndarray of shape (n,)
        Any finite values; those beyond the ends of the scale are taken to the ends of the range.

    Returns
    -------
    ndarray of shape (n,) and the column's dtype
    """
    if scale.is_constant:
        return np.full(len(encoded), scale.minimum, dtype=scale.dtype)
    values = np.interp(encoded.astype(np.float64), scale.positions, scale.knots) * 2.0
    if scale.is_floating:
        return np.clip(values, scale.minimum, scale.maximum).astype(scale.dtype)
    return _add_to_minimum(scale, np.rint(values))


def _halve(values: NDArray[Any], minimum: float | int) -> NDArray[np.float64]:
    """Return half of each float, or half of the distance of each integer from the minimum."""
    if values.dtype.kind == "f":
        return values.astype(np.float64) * 0.5
    # Unsigned arithmetic wraps around, so the difference is exact even where it does not fit the column's dtype.
    steps = values.astype(np.uint64) - np.uint64(int(minimum) % 2**64)
    return steps.astype(np.float64) * 0.5


def _add_to_minimum(scale: Scale, steps: NDArray[np.float64]) -> NDArray[Any]:
    """Return the minimum plus integers given as float64, in the column's dtype and range."""
    # The upper end is filled in as an exact integer: as a float it may be rounded up, out of the dtype's range.
    whole = np.full(len(steps), scale.maximum, dtype=scale.dtype)
    inside = steps < float(int(scale.maximum) - int(scale.minimum))
    counted = np.maximum(steps[inside], 0.0).astype(np.uint64) + np.uint64(int(scale.minimum) % 2**64)
    whole[inside] = counted.astype(scale.dtype)
    return whole
