"""A reversible scale from -1 to 1 for the numbers of a column.

The scale of a column is a piecewise linear, strictly increasing map. It is the weighted mean of two maps: the linear
map of the observed range to [-1, 1], which keeps distances, and the map to ranks (the empirical distribution function),
in which an outlier takes no more room than any other value. One of them alone is not enough. With the linear map alone,
a single value of 1e300 squeezes all other values into one point. With ranks alone, every distribution becomes uniform.
CTGAN (Xu et al. 2019, arXiv:1907.00503, section 4.2) solves the same problem with mixture modes.

Numbers on a grid are counted in steps from the smallest one. For integers this is exact, so a column of time stamps, or
of identifiers beyond 2^53, keeps the digits in which its values differ. The scale depends only on the numbers of steps.
So the same prices have the same scale whether they are stored as floats of 64 or 32 bits, as decimals, or as integers
that count cents.

Half of the number of steps is scaled. Without a grid, half of the value is scaled: the range of a column that holds
both the largest and the smallest finite float does not fit a float.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from wgan_resampler.tables.encoding.schema import Grid, Scale

RANK_WEIGHT = 0.5
"""Weight of the ranks in the scale. The rest is the weight of the linear map."""

MAX_KNOTS = 64
"""Largest number of knots of a column."""

ROWS_PER_KNOT = 5
"""A column gets at most one knot for this many rows, so that aggregates are stored instead of rows."""


def fit_scale(values: NDArray[Any], grid: Grid | None = None) -> Scale:
    """Return the scale of numbers.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Finite real numbers.
    grid : Grid or None, default=None
        The grid on which the numbers lie; for integers, None stands for step 1.

    Returns
    -------
    Scale
    """
    if grid is None and values.dtype.kind != "f":
        grid = Grid(1)
    is_sorted = bool((values[1:] >= values[:-1]).all())
    ordered = values if is_sorted else np.sort(values)
    # `item` does not convert a long double, so floats are converted by `float`.
    minimum, maximum = (float(end) if values.dtype.kind == "f" else end.item() for end in (ordered[0], ordered[-1]))
    halved = _halve(ordered, minimum, grid)
    low, high = float(halved[0]), float(halved[-1])
    if low == high:
        return Scale(values.dtype, minimum, maximum, (low,), (0.0,), grid)
    n_knots = max(2, min(MAX_KNOTS, len(halved) // ROWS_PER_KNOT))
    at = np.round(np.linspace(0, len(halved) - 1, n_knots)).astype(np.int64)
    knots = np.unique(halved[at])
    linear = (knots - low) / (high - low)
    # A value that occurs often has several ranks. The middle one is used.
    first, last = np.searchsorted(halved, knots, "left"), np.searchsorted(halved, knots, "right") - 1
    ranks = (first + last) / 2.0
    ranks = (ranks - ranks[0]) / (ranks[-1] - ranks[0])
    positions = 2.0 * (RANK_WEIGHT * ranks + (1.0 - RANK_WEIGHT) * linear) - 1.0
    return Scale(values.dtype, minimum, maximum, tuple(knots.tolist()), tuple(positions.tolist()), grid)


def apply_scale(scale: Scale, values: NDArray[Any]) -> NDArray[np.float64]:
    """Put values on the scale of their column.

    Parameters
    ----------
    scale : Scale
        The scale.
    values : ndarray of shape (n,)
        Finite real numbers; those outside the observed range are clipped to it.

    Returns
    -------
    ndarray of shape (n,)
        Values in [-1, 1].
    """
    if scale.is_constant:
        return np.zeros(len(values))
    knots, positions = np.array(scale.knots), np.array(scale.positions)
    # Below the minimum, the unsigned difference would wrap around.
    low, high = np.array([scale.minimum, scale.maximum], dtype=scale.dtype)
    inside = np.minimum(np.maximum(values, low), high)
    halved = np.clip(_halve(inside, scale.minimum, scale.grid), knots[0], knots[-1])
    # np.interp computes slopes, which overflow between knots less than 1e-308 apart. So shares are computed here.
    left = np.minimum(np.searchsorted(knots, halved, "right") - 1, len(knots) - 2)
    share = (halved - knots[left]) / (knots[left + 1] - knots[left])
    below, above = positions[left], positions[left + 1]
    result: NDArray[np.float64] = np.minimum(below + share * (above - below), above)
    return result


def undo_scale(scale: Scale, encoded: NDArray[np.floating]) -> NDArray[Any]:
    """Undo `apply_scale`. The values lie in the observed range, and on the grid of the column if it has one.

    Parameters
    ----------
    scale : Scale
        The scale.
    encoded : ndarray of shape (n,)
        Any finite values; those outside the scale are clipped to it.

    Returns
    -------
    ndarray of shape (n,) and the column's dtype
    """
    if scale.is_constant:
        return np.full(len(encoded), scale.minimum, dtype=scale.dtype)
    halved = np.interp(encoded.astype(np.float64), scale.positions, scale.knots)
    if scale.grid is not None and not scale.is_floating:
        return _step_from_minimum(scale, scale.grid, np.rint(halved * 2.0))
    values = halved * 2.0
    if scale.grid is not None:
        power = float(10**scale.grid.decimals)
        # The quotient of two integers is the float that one gets from typing the decimal.
        values = (np.rint(scale.minimum * power) + np.rint(values) * scale.grid.step) / power
    return np.clip(values, scale.minimum, scale.maximum).astype(scale.dtype)


def _halve(values: NDArray[Any], minimum: float | int, grid: Grid | None) -> NDArray[np.float64]:
    """Return half of each number of steps from the minimum, or half of each value if there is no grid."""
    if grid is None:
        return values.astype(np.float64) * 0.5
    if values.dtype.kind == "f":
        power = float(10**grid.decimals)
        counts = np.rint(values.astype(np.float64) * power)
        # Halved first, so that the difference does not overflow.
        halves: NDArray[np.float64] = counts * 0.5 - np.rint(minimum * power) * 0.5
        return halves / grid.step
    # Unsigned arithmetic wraps around, so the difference is exact even where it does not fit the column's dtype.
    distances = values.astype(np.uint64) - np.uint64(int(minimum) % 2**64)
    return distances.astype(np.float64) * 0.5 / grid.step


def _step_from_minimum(scale: Scale, grid: Grid, steps: NDArray[np.float64]) -> NDArray[Any]:
    """Return the integers that lie this many steps above the minimum, in the column's dtype and range."""
    # The upper end is filled in as an exact integer: as a float it may be rounded up, out of the dtype's range.
    whole = np.full(len(steps), scale.maximum, dtype=scale.dtype)
    inside = steps < float((int(scale.maximum) - int(scale.minimum)) // grid.step)
    distances = np.maximum(steps[inside], 0.0).astype(np.uint64) * np.uint64(grid.step)
    whole[inside] = (distances + np.uint64(int(scale.minimum) % 2**64)).astype(scale.dtype)
    return whole
