"""Table <-> matrix: each column on a scale from -1 to 1 that can be undone.

The scale of a column is a piecewise linear, strictly increasing map. It is the weighted mean of two maps: the linear
one from the observed range to [-1, 1], which keeps distances, and the one to ranks (the empirical distribution
function), which gives every part of the data room, however far out an outlier lies. Neither alone will do: a single
value of 1e300 squeezes all others of a linearly scaled column into one point, and ranks alone flatten every shape into
a uniform one. CTGAN (Xu et al. 2019, arXiv:1907.00503, section 4.2) answers the same problem with mixture modes.

Values are halved before anything else, because the range of a column that holds both the largest and the smallest
finite number does not fit a float.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wgan_resampler.schema import Column

RANK_WEIGHT = 0.5
"""Weight of the ranks in the scale; that of the linear map is the rest."""

MAX_KNOTS = 64
"""Most knots of a column."""

ROWS_PER_KNOT = 5
"""A column gets at most one knot for this many rows, so that what is stored are aggregates rather than the rows."""


class TableEncoder:
    """Fits one scale per column, and applies or undoes it.

    Attributes
    ----------
    columns : tuple of Column
        The fitted scales: plain data, no rows.

    Examples
    --------
    >>> import numpy as np
    >>> from wgan_resampler.encoding import TableEncoder
    >>> ages, incomes = np.array([18, 40, 65]), np.array([0.0, 1e3, 1e300])
    >>> encoder = TableEncoder().fit([ages, incomes])
    >>> matrix = encoder.encode([ages, incomes])
    >>> matrix.shape, matrix.dtype, bool(abs(matrix).max() <= 1)
    ((3, 2), dtype('float32'), True)
    >>> encoder.decode(matrix)[0]
    array([18, 40, 65])
    """

    columns: tuple[Column, ...]

    def fit(self, columns: Sequence[NDArray[Any]]) -> TableEncoder:
        """Learn the scale of each column.

        Parameters
        ----------
        columns : sequence of ndarray of shape (n,)
            Finite real numbers: floating, integer or boolean.

        Returns
        -------
        TableEncoder
            Itself.
        """
        self.columns = tuple(fit_column(values) for values in columns)
        return self

    @property
    def encoded_dim(self) -> int:
        """Columns of the encoded matrix."""
        return len(self.columns)

    def encode(self, columns: Sequence[NDArray[Any]]) -> NDArray[np.float32]:
        """Put every column on its scale.

        Parameters
        ----------
        columns : sequence of ndarray of shape (n,)
            As in :meth:`fit`.

        Returns
        -------
        ndarray of shape (n, encoded_dim) and dtype float32
            Values in [-1, 1].
        """
        encoded = np.empty((len(columns[0]), self.encoded_dim), dtype=np.float32)
        for j, (column, values) in enumerate(zip(self.columns, columns, strict=True)):
            encoded[:, j] = encode_column(column, values)
        return encoded

    def decode(self, encoded: NDArray[np.floating]) -> list[NDArray[Any]]:
        """Undo :meth:`encode`.

        Parameters
        ----------
        encoded : ndarray of shape (n, encoded_dim)
            Any finite values.

        Returns
        -------
        list of ndarray of shape (n,)
            Values in the observed range of each column, in its dtype.
        """
        return [decode_column(column, encoded[:, j]) for j, column in enumerate(self.columns)]


def fit_column(values: NDArray[Any]) -> Column:
    """Return the scale of one column.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Finite real numbers.

    Returns
    -------
    Column
    """
    ordered = np.sort(values)
    minimum, maximum = ordered[0].item(), ordered[-1].item()
    halved = ordered.astype(np.float64) * 0.5
    low, high = float(halved[0]), float(halved[-1])
    if low == high:
        return Column(values.dtype, minimum, maximum, (low,), (0.0,))
    n_knots = max(2, min(MAX_KNOTS, len(halved) // ROWS_PER_KNOT))
    at = np.round(np.linspace(0, len(halved) - 1, n_knots)).astype(np.int64)
    knots = np.unique(halved[at])
    linear = (knots - low) / (high - low)
    # A value that occurs often spans a range of ranks; it gets the middle one.
    first, last = np.searchsorted(halved, knots, "left"), np.searchsorted(halved, knots, "right") - 1
    ranks = (first + last) / 2.0
    ranks = (ranks - ranks[0]) / (ranks[-1] - ranks[0])
    positions = 2.0 * (RANK_WEIGHT * ranks + (1.0 - RANK_WEIGHT) * linear) - 1.0
    return Column(values.dtype, minimum, maximum, tuple(knots.tolist()), tuple(positions.tolist()))


def encode_column(column: Column, values: NDArray[Any]) -> NDArray[np.float64]:
    """Put values on the scale of their column.

    Parameters
    ----------
    column : Column
        The scale.
    values : ndarray of shape (n,)
        Finite real numbers; those outside the observed range are taken to its ends.

    Returns
    -------
    ndarray of shape (n,)
        Values in [-1, 1].
    """
    if column.is_constant:
        return np.zeros(len(values))
    knots, positions = np.array(column.knots), np.array(column.positions)
    halved = np.clip(values.astype(np.float64) * 0.5, knots[0], knots[-1])
    # Shares rather than slopes, as in np.interp: between knots less than 1e-308 apart a slope overflows.
    left = np.minimum(np.searchsorted(knots, halved, "right") - 1, len(knots) - 2)
    share = (halved - knots[left]) / (knots[left + 1] - knots[left])
    below, above = positions[left], positions[left + 1]
    result: NDArray[np.float64] = np.minimum(below + share * (above - below), above)
    return result


def decode_column(column: Column, encoded: NDArray[np.floating]) -> NDArray[Any]:
    """Undo `encode_column`: values in the observed range, whole numbers where the column holds such.

    Parameters
    ----------
    column : Column
        The scale.
    encoded : ndarray of shape (n,)
        Any finite values; those beyond the ends of the scale are taken to the ends of the range.

    Returns
    -------
    ndarray of shape (n,) and the column's dtype
    """
    if column.is_constant:
        return np.full(len(encoded), column.minimum, dtype=column.dtype)
    values = np.interp(encoded.astype(np.float64), column.positions, column.knots) * 2.0
    if column.is_floating:
        return np.clip(values, column.minimum, column.maximum).astype(column.dtype)
    return _to_whole(column, np.rint(values))


def _to_whole(column: Column, values: NDArray[np.float64]) -> NDArray[Any]:
    """Cast whole float64 numbers to the column's dtype within its range, without overflow."""
    # The ends of the range are filled in as exact integers: float(2**63 - 1) is 2**63 and would overflow int64.
    whole = np.full(len(values), column.minimum, dtype=column.dtype)
    above, inside = values >= float(column.maximum), values > float(column.minimum)
    whole[above] = column.maximum
    inside &= ~above
    whole[inside] = values[inside].astype(column.dtype)
    return whole
