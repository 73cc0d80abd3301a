"""Synthetic sequences: the time course of a real record, moved to the means and spreads of a synthetic one.

A generator of rows cannot make a sequence. It can make a description of one: the mean and the spread over time of each
coefficient. The time course comes from a real record of the class. Its coefficients are standardized over time,
stretched to the new spreads and shifted to the new means. So the autocorrelation, and the correlations between
coefficients, are those of real sound. Level, loudness and timbre are new.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from wgan_resampler.exceptions import InvalidDataError
from wgan_resampler.tables import find_grid

MIN_SPREAD: Final = 1e-3
"""Standard deviation over time below which a coefficient counts as constant.

MFCCs of sound vary by several units; files hold four decimals. The logarithm needs a floor, and a coefficient that
varies by rounding alone must not be stretched to the size of a real one.
"""

Floats = NDArray[np.float64]


def describe(record: Floats) -> Floats:
    """Return the mean over time of each coefficient, then the logarithm of each spread.

    Parameters
    ----------
    record : ndarray of shape (n_frames, n_features)
        A sequence of at least one frame.

    Returns
    -------
    ndarray of shape (2 * n_features,)
        Spreads are standard deviations, and at least `MIN_SPREAD`, even for silence and for a single frame.

    Raises
    ------
    InvalidDataError
        If `record` is not such a sequence.

    Examples
    --------
    >>> import numpy as np
    >>> from wgan_resampler.records.audio.sequences import describe
    >>> describe(np.array([[1.0, 5.0], [3.0, 5.0]])).round(3).tolist()
    [2.0, 5.0, 0.0, -6.908]
    """
    record = _checked(record)
    spreads = np.maximum(record.std(axis=0), MIN_SPREAD)
    return np.concatenate([record.mean(axis=0), np.log(spreads)])


def move(record: Floats, description: Floats) -> Floats:
    """Return a real record, stretched and shifted to the means and spreads of a description.

    Parameters
    ----------
    record : ndarray of shape (n_frames, n_features)
        A real sequence of the class.
    description : ndarray of shape (2 * n_features,)
        Means and log-spreads, as of :func:`describe`.

    Returns
    -------
    ndarray of shape (n_frames, n_features)
        Its means and spreads are those of the description. There is one exception: a coefficient that is constant in
        `record` stays constant, because it has no time course to stretch. So a single frame gives a single frame, and
        silence gives a constant sequence at the new means.

    Raises
    ------
    InvalidDataError
        If shapes do not fit or a number is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from wgan_resampler.records.audio.sequences import describe, move
    >>> record = np.array([[0.0], [2.0], [1.0]])
    >>> move(record, np.array([10.0, np.log(record.std() * 3)])).round(6).tolist()
    [[7.0], [13.0], [10.0]]
    >>> np.allclose(move(record, describe(record)), record)
    True
    """
    record = _checked(record)
    description = np.asarray(description, dtype=np.float64)
    n_features = record.shape[1]
    if description.shape != (2 * n_features,):
        raise InvalidDataError(
            f"A description of records with {n_features} coefficients has {2 * n_features} numbers, means and then "
            f"log-spreads; got shape {description.shape}."
        )
    means, log_spreads = description[:n_features], description[n_features:]
    with np.errstate(over="ignore"):
        spreads = np.exp(log_spreads)
    if not (np.isfinite(means).all() and np.isfinite(spreads).all()):
        raise InvalidDataError("A description must hold finite means and log-spreads whose exponentials are finite.")
    own = record.std(axis=0)
    # A spread at the floor of `describe` stands for a constant coefficient.
    is_constant = (own < MIN_SPREAD) | (log_spreads <= np.log(MIN_SPREAD))
    factors = np.where(is_constant, 0.0, spreads / np.where(own > 0, own, 1.0))
    moved: Floats = means + (record - record.mean(axis=0)) * factors
    return moved


def rounded_like(record: Floats, moved: Floats) -> Floats:
    """Return a moved record with as many decimals as the real one has, if that has few.

    Parameters
    ----------
    record : ndarray of shape (n_frames, n_features)
        The real record. Files of MFCCs hold four decimals.
    moved : ndarray of shape (n_frames, n_features)
        What :func:`move` makes of it.

    Returns
    -------
    ndarray of shape (n_frames, n_features)

    Examples
    --------
    >>> import numpy as np
    >>> from wgan_resampler.records.audio.sequences import rounded_like
    >>> rounded_like(np.array([[0.5], [2.25], [1.0]]), np.array([[1.23456], [2.0], [0.98765]])).tolist()
    [[1.23], [2.0], [0.99]]
    """
    grid = find_grid(np.unique(record))
    return moved if grid is None else moved.round(grid.decimals)


def _checked(record: Floats) -> Floats:
    record = np.asarray(record, dtype=np.float64)
    if record.ndim != 2 or 0 in record.shape:
        raise InvalidDataError(
            f"A sequence has frames and coefficients, at least one of each; got shape {record.shape}."
        )
    if not np.isfinite(record).all():
        raise InvalidDataError("A sequence must hold finite numbers only.")
    return record
