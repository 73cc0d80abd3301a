"""Checks of X, y and categorical_features. A table that passes can be trained on; others are refused with a reason.

First the table, then its categorical features, then the target.
"""

from __future__ import annotations

import functools
from collections.abc import Hashable, Iterable, Mapping, Sequence
from numbers import Number
from typing import Any, NoReturn

import numpy as np
from imblearn.utils import check_target_type
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils import check_consistent_length
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import assert_all_finite

from wgan_resampler.exceptions import InvalidDataError, InvalidParameterError
from wgan_resampler.tables.columns import Cells, NumericCells, is_missing, plain_repr, shown
from wgan_resampler.tables.containers.base import Table
from wgan_resampler.tables.containers.registry import container_of
from wgan_resampler.tables.containers.targets import target_array


def check_table(X: Any, categorical_features: Any = "auto", missing_values: str = "keep") -> Table:
    """Check a table, and return it column by column.

    Parameters
    ----------
    X : array-like, sparse matrix, pandas or polars frame of shape (n, n_features)
        The caller's table.
    categorical_features : "auto", or sequence of str, int or bool, default="auto"
        Which columns hold categories. By default, the container decides.
    missing_values : {"keep", "error"}, default="keep"
        Whether missing values are allowed.

    Returns
    -------
    Table
        It has at least one row and one column, and no infinite number.

    Raises
    ------
    InvalidDataError
        If a column holds neither numbers nor categories, a number is infinite, or a value is missing and
        `missing_values` is "error".
    InvalidParameterError
        If `categorical_features` does not fit the table.
    """
    table = container_of(X).read(X, functools.partial(categorical_positions, categorical_features))
    for j, cells in enumerate(table.cells):
        _check_cells(cells, table.format.label(j), missing_values)
    return table


def _check_cells(cells: Cells, label: str, missing_values: str) -> None:
    if missing_values == "error" and cells.missing is not None:
        raise InvalidDataError(
            f"Input X contains NaN: column {label} has {int(cells.missing.sum())} missing value(s), the first in row "
            f"{int(cells.missing.argmax())}, and missing_values='error'. Impute them first, for example with "
            "sklearn.impute.SimpleImputer, or use missing_values='keep': then they are learned."
        )
    if isinstance(cells, NumericCells) and cells.values.dtype.kind == "f":
        infinite = np.isinf(cells.values)
        if infinite.any():
            row = int(infinite.argmax())
            raise InvalidDataError(
                f"Input X contains infinity: column {label} has {int(infinite.sum())} infinite value(s), the first, "
                f"{shown(cells.values[row])}, in row {row}. Replace infinite values first: no scale can hold them."
            )


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
        Names, positions or a mask, as SMOTENC takes them. If the names are numbers, the given numbers are names and not
        positions.
    n_columns : int
        Number of columns of the table.
    names : sequence or None, default=None
        Names of the columns, if they have names.
    auto : sequence of int, default=()
        Positions that "auto" stands for in this table.

    Returns
    -------
    frozenset of int
        Their positions.

    Raises
    ------
    InvalidParameterError
        If a column does not exist, or if the length of the mask is not the number of columns.

    Examples
    --------
    >>> from wgan_resampler.tables.validation import categorical_positions
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
    known = {name: j for j, name in enumerate(names or [])}
    # Names that pandas has given are positions, so that -1 is the last column.
    named_by_numbers = list(known) != list(range(n_columns)) and any(isinstance(name, Number) for name in known)
    return frozenset(
        _named(each, known) if _is_name(each, known, named_by_numbers) else _position(each, n_columns)
        for each in chosen
    )


def _is_name(chosen: Any, known: Mapping[Any, int], named_by_numbers: bool) -> bool:
    """Whether a column is named, by a string, by a tuple of a MultiIndex, or by another value such as a date."""
    if isinstance(chosen, Number):
        return named_by_numbers
    return isinstance(chosen, (str, tuple)) or (isinstance(chosen, Hashable) and chosen in known)


def _position(chosen: Any, n_columns: int) -> int:
    if not isinstance(chosen, (int, np.integer)) or isinstance(chosen, bool):
        _refuse(chosen)
    if not -n_columns <= chosen < n_columns:
        raise InvalidParameterError(
            f"categorical_features names column {chosen}, but X has {n_columns} columns, numbered from 0."
        )
    return int(chosen) % n_columns


def _named(chosen: Any, known: Mapping[Any, int]) -> int:
    """Return the position of a name."""
    if not known:
        raise InvalidParameterError(
            f"categorical_features names the column {chosen!r}, but X has no column names. Give positions, or pass a "
            "frame."
        )
    if chosen not in known:
        raise InvalidParameterError(
            f"categorical_features names the column {plain_repr(chosen)}, which X does not have. Its columns: "
            f"{_listed(list(known))}."
        )
    return known[chosen]


def _listed(names: Sequence[Any]) -> str:
    first = ", ".join(map(plain_repr, names[:20]))
    return first if len(names) <= 20 else f"{first} and {len(names) - 20} more"


def _refuse(value: Any) -> NoReturn:
    raise InvalidParameterError(
        "categorical_features must be 'auto', or a list of names, of positions, or of one True or False per column; "
        f"got {value!r}."
    )


def check_target(y: Any, n_rows: int) -> tuple[NDArray[Any], bool]:
    """Check a target, and return its labels.

    Parameters
    ----------
    y : array-like
        Labels of shape (n,) or (n, 1), or one-hot of shape (n, n_classes).
    n_rows : int
        Number of rows of the table.

    Returns
    -------
    labels : ndarray of shape (n,)
        Class labels; column numbers if y is one-hot.
    one_hot : bool
        Whether y is one-hot.

    Raises
    ------
    InvalidDataError
        If a label is missing or masked, the labels are not classes, they cannot be compared with each other, or y and
        the table have different lengths.
    """
    if sparse.issparse(y):
        raise InvalidDataError("A sparse target is not supported. Pass y.toarray().")
    if y is None:
        raise InvalidDataError("WGANGPOverSampler requires y to be passed, but the target y is None.")
    try:
        labels = target_array(y)
        _check_no_label_is_missing(labels)
        if labels.dtype.kind == "f":
            assert_all_finite(labels, input_name="y")
        one_hot = False
        if labels.ndim == 1 or labels.shape[1:] == (1,):
            labels = labels.ravel()
            _check_labels(labels)
        else:
            check_classification_targets(labels)
            labels, one_hot = check_target_type(labels, indicate_one_vs_all=True)
        check_consistent_length(np.empty(n_rows), labels)
    except ValueError as error:
        raise error if isinstance(error, InvalidDataError) else InvalidDataError(str(error)) from error
    return np.asarray(labels), bool(one_hot)


def _check_no_label_is_missing(values: NDArray[Any]) -> None:
    if values.ndim == 0:
        raise InvalidDataError("y must hold one label for each row, in a list, an array, a Series or a frame.")
    if values.ndim > 2:
        raise InvalidDataError(f"y must hold one label for each row, but has {values.ndim} dimensions.")
    cells = values.ravel()
    missing = is_missing(cells)
    if missing.any():
        row = int(missing.argmax()) // (1 if values.ndim == 1 else values.shape[1])
        raise InvalidDataError(
            f"Input y contains NaN: {int(missing.sum())} label(s) are missing, the first in row {row}. Drop these "
            "rows, or make them a class of their own."
        )


def _check_labels(labels: NDArray[Any]) -> None:
    """Raise InvalidDataError unless the labels are classes: values that can be told apart and put in order."""
    if labels.dtype.kind == "f" and (labels != np.trunc(labels)).any():
        raise InvalidDataError(
            "Unknown label type: continuous. y holds numbers with a fraction, such as "
            f"{shown(labels[labels != np.trunc(labels)][0])}, which are values of a regression target, not classes. "
            "Make classes of them first, for example with pandas.cut."
        )
    if labels.dtype.kind in "cV" or (labels.dtype.kind == "O" and not _can_be_ordered(labels)):
        others = (label for label in labels if type(label) is not type(labels[0]))
        other = next(others, None)
        if other is None:
            raise InvalidDataError(
                f"Labels of type {type(labels[0]).__name__} cannot be used as classes; got {shown(labels[0])}. Convert "
                "them, for example with map(str, y)."
            )
        raise InvalidDataError(
            f"Labels must be of one type; got {shown(labels[0])} and {shown(other)}. Convert them, for example with "
            "map(str, y)."
        )


def _can_be_ordered(labels: NDArray[np.object_]) -> bool:
    if any(issubclass(kind, (tuple, frozenset)) for kind in set(map(type, labels))):
        return False  # numpy would read a sequence as several labels, and sets cannot be ordered
    try:
        sorted(set(labels.tolist()))
    except TypeError:
        return False
    return True
