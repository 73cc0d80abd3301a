"""From ``categorical_features`` to positions of columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

import numpy as np

from wgan_resampler.exceptions import InvalidParameterError


def is_auto(categorical_features: Any) -> bool:
    """Whether the container decides which columns hold categories."""
    return isinstance(categorical_features, str) and categorical_features == "auto"


def categorical_positions(
    categorical_features: Any, n_columns: int, names: Sequence[Any] | None = None, auto: Sequence[int] = ()
) -> frozenset[int]:
    """Return which columns hold categories.

    Parameters
    ----------
    categorical_features : "auto", or sequence of str, int or bool
        Names, positions or a mask, as SMOTENC takes them.
    n_columns : int
        Columns of the table.
    names : sequence or None, default=None
        Their names, if they have any.
    auto : sequence of int, default=()
        What "auto" means for this table.

    Returns
    -------
    frozenset of int

    Raises
    ------
    InvalidParameterError
        If a column does not exist, or the mask is not as long as the table is wide.

    Examples
    --------
    >>> from wgan_resampler.categorical import categorical_positions
    >>> sorted(categorical_positions([True, False, True], 3)), sorted(categorical_positions([-1], 3))
    ([0, 2], [2])
    """
    if is_auto(categorical_features):
        return frozenset(auto)
    if isinstance(categorical_features, (str, bytes)) or not isinstance(categorical_features, Iterable):
        _refuse(categorical_features)
    chosen = list(categorical_features)
    if chosen and all(isinstance(each, (bool, np.bool_)) for each in chosen):
        if len(chosen) != n_columns:
            raise InvalidParameterError(
                f"categorical_features is a mask of {len(chosen)} columns, but X has {n_columns} columns."
            )
        return frozenset(int(j) for j in np.flatnonzero(chosen))
    return frozenset(_position(each, n_columns, names) for each in chosen)


def _position(chosen: Any, n_columns: int, names: Sequence[Any] | None) -> int:
    if isinstance(chosen, (int, np.integer)) and not isinstance(chosen, bool):
        if not -n_columns <= chosen < n_columns:
            raise InvalidParameterError(
                f"categorical_features names column {chosen}, but X has {n_columns} columns, numbered from 0."
            )
        return int(chosen) % n_columns
    if not isinstance(chosen, (str, tuple)):  # tuples name the columns of a frame with several levels of names
        _refuse(chosen)
    if names is None:
        raise InvalidParameterError(
            f"categorical_features names the column {chosen!r}, but X has no column names. Give positions, or pass a "
            "frame."
        )
    if chosen not in names:
        raise InvalidParameterError(
            f"categorical_features names the column {chosen!r}, which X does not have. Its columns: {_listed(names)}."
        )
    return list(names).index(chosen)


def _listed(names: Sequence[Any]) -> str:
    first = ", ".join(repr(name) for name in names[:20])
    return first if len(names) <= 20 else f"{first} and {len(names) - 20} more"


def _refuse(value: Any) -> NoReturn:
    raise InvalidParameterError(
        "categorical_features must be 'auto', or a list of names, of positions, or of one True or False per column; "
        f"got {value!r}."
    )
