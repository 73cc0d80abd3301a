"""What is known about the columns of a table, apart from its rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Column:
    """One numeric column of a table.

    Parameters
    ----------
    dtype : numpy.dtype
        Floating, integer or boolean. What :func:`wgan_resampler.encoding.decode_column` gives back.
    minimum, maximum : float or int
        Observed range; exact integers where the column holds integers.
    knots : tuple of float
        Increasing values, from minimum to maximum, at which the scale of the column is pinned. A single one for a
        constant column. Halved, see `wgan_resampler.encoding`.
    positions : tuple of float
        Where the knots lie in [-1, 1]; increasing.
    """

    dtype: np.dtype
    minimum: float | int
    maximum: float | int
    knots: tuple[float, ...]
    positions: tuple[float, ...]

    @property
    def is_constant(self) -> bool:
        """Whether all values are the same."""
        return len(self.knots) == 1

    @property
    def is_floating(self) -> bool:
        """Whether the values are real numbers rather than whole ones."""
        return self.dtype.kind == "f"
