"""Finds the grid of a column: evenly spaced numbers on which all numbers of the column lie.

Prices lie on cents, dates on whole days, counts on integers. Generated numbers are rounded to the grid of their column,
so that they look like the observed ones. Only the numbers of a column show its grid. So a grid needs support: it must
be very improbable that all numbers lie on it by chance.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wgan_resampler.tables.encoding.schema import LARGEST_ON_GRID, MAX_DECIMALS, Grid

CHANCE_OF_DECIMALS = 20.0
"""Decimals are accepted if arbitrary numbers would have them with a probability of at most 2^(-this number)."""

CHANCE_OF_STEP = 15.0
"""A step is accepted if arbitrary numbers would lie on it with a probability of at most 2^(-this number)."""

_ROUND = sorted(
    {n * 10**k for n in (1, 5, 25) for k in range(18)}
    | {n * 1000**k for n in (60, 900, 3600, 86_400) for k in range(4)},
    reverse=True,
)
"""Steps that people choose: round numbers, and minutes, quarter hours, hours and days, in seconds to nanoseconds."""

_PRIMES = 2, 3, 5, 7, 11


def find_grid(values: NDArray[Any]) -> Grid | None:
    """Return the coarsest grid that the numbers of a column support.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Finite real numbers, all different and in increasing order; at least one.

    Returns
    -------
    Grid or None
        Integers always have a grid, at least that of step 1. None stands for floats of arbitrary digits.

    Examples
    --------
    >>> import numpy as np
    >>> from wgan_resampler.tables.encoding.grid import find_grid
    >>> find_grid(np.array([4.99, 7.5, 12.0]))
    Grid(step=1, decimals=2)
    >>> find_grid(np.arange(30) * 0.25)
    Grid(step=25, decimals=2)
    >>> find_grid(np.array([0.5, 3.0, 7.0]).cumsum() ** 0.5) is None
    True
    """
    if values.dtype.kind != "f":
        return Grid(_step(values))
    # Scales are computed with 64 bits, also for longer floats.
    eps, floats = float(max(np.finfo(values.dtype).eps, np.finfo(np.float64).eps)), values.astype(np.float64)
    # Most columns without a grid are recognized by a few of their numbers.
    decimals = _decimals(floats[:: max(1, len(floats) // 64)], eps)
    if decimals is not None:
        decimals = _decimals(floats, eps, decimals)
    if decimals is None:
        return None
    counts = np.rint(floats * float(10**decimals))
    is_countable = bool(np.abs(counts).max() < 2.0**63)
    return Grid(_step(counts.astype(np.int64)) if is_countable else 1, decimals)


def _decimals(values: NDArray[np.float64], eps: float, least: int = 0) -> int | None:
    """Return how many decimals the values have, `least` or more; None if they support no number of decimals.

    `eps` is the relative distance of neighboring floats in the dtype of the column.
    """
    largest = float(np.abs(values).max())
    if largest >= LARGEST_ON_GRID:
        return None
    if bool((values == np.rint(values)).all()):
        return 0
    for decimals in range(least, MAX_DECIMALS + 1):
        # The share of arbitrary floats that pass the comparison below, as a logarithm. It grows with the decimals.
        share = math.log2(4.0 * eps) + math.log2(largest) + decimals * math.log2(10.0)
        if -share * len(values) < CHANCE_OF_DECIMALS:
            return None
        scaled = values * float(10**decimals)
        counts = np.rint(scaled)
        # The comparison is not exact: 57 * 0.01 is not 0.57, and many file readers are wrong in the last binary digit.
        if bool((np.abs(scaled - counts) <= 2.0 * eps * np.abs(counts)).all()):
            return decimals
    return None


def _step(values: NDArray[Any]) -> int:
    """Return the largest supported step of integers, which are all different and in increasing order."""
    n = len(values)
    # Unsigned arithmetic wraps around, so the differences are exact.
    widest = int(np.gcd.reduce(np.diff(values.astype(np.uint64))))
    if widest <= 1:
        return 1
    common = math.gcd(widest, int(values[0]))
    unit = next((step for step in _ROUND if common % step == 0 and n * math.log2(step) >= CHANCE_OF_STEP), 1)
    return unit * _supported_part(widest // unit, n - 1)


def _supported_part(factor: int, n_differences: int) -> int:
    """Return the part of a common factor of differences that is not a coincidence."""
    supported = 1
    for prime in _PRIMES:
        part = 1
        while factor % prime == 0:
            factor, part = factor // prime, part * prime
        if n_differences * math.log2(prime) >= CHANCE_OF_STEP:
            supported *= part
    # The other prime factors are even larger than the last one.
    return supported * factor if n_differences * math.log2(_PRIMES[-1]) >= CHANCE_OF_STEP else supported
