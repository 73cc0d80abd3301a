"""Checks of X and y: what comes out can be trained on, and everything else is refused here with a reason."""

from __future__ import annotations

from typing import Any

import numpy as np
from imblearn.utils import check_target_type
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import assert_all_finite

from wgan_resampler.exceptions import InvalidDataError
from wgan_resampler.tables import Table, is_pandas_frame, plain_label, series_array, target_array

_NEXT_STEP = (
    "Encode it as numbers first, for example with sklearn.preprocessing.OrdinalEncoder or OneHotEncoder "
    "(before the sampler, in an imblearn Pipeline)."
)


def check_table(X: Any) -> Table:
    """Return X as it can be trained on.

    Parameters
    ----------
    X : array-like, sparse matrix or pandas frame of shape (n, n_features)
        The caller's table.

    Returns
    -------
    ndarray, csr or csc matrix, or the frame itself
        Numeric, finite and complete, with at least one row and one column.

    Raises
    ------
    InvalidDataError
        If a column is not numeric, or a cell is missing or infinite.
    """
    if is_pandas_frame(X):
        _check_frame(X)
        return X
    if type(X).__module__.split(".")[0] == "polars":
        raise InvalidDataError("polars frames are not supported yet. Pass X.to_pandas() or X.to_numpy().")
    try:
        table = check_array(
            X, accept_sparse=("csr", "csc"), estimator="WGANGPOverSampler", input_name="X", dtype="numeric"
        )
    except ValueError as error:
        raise InvalidDataError(_with_advice(str(error))) from error
    if table.dtype == object:  # numbers that numpy has no dtype for, or a missing cell beside them
        table = _as_floats(table)
    if table.dtype.kind not in "biuf":
        raise InvalidDataError(f"X is of dtype {table.dtype}, not numeric. Dates are not supported yet. {_NEXT_STEP}")
    return table


def _as_floats(table: NDArray[Any]) -> NDArray[np.float64]:
    try:
        values = table.astype(np.float64)
        assert_all_finite(values, input_name="X")
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidDataError(_with_advice(str(error))) from error
    return values


def check_target(y: Any, n_rows: int) -> tuple[NDArray[Any], bool]:
    """Return the labels of y, and whether y was one-hot.

    Parameters
    ----------
    y : array-like
        Labels of shape (n,) or (n, 1), or one-hot of shape (n, n_classes).
    n_rows : int
        Rows of the table.

    Returns
    -------
    labels : ndarray of shape (n,)
        Class labels, or column numbers where y was one-hot.
    one_hot : bool

    Raises
    ------
    InvalidDataError
        If a label is missing, the labels are no classes or of mixed types, or y is not as long as the table.
    """
    if sparse.issparse(y):
        raise InvalidDataError("A sparse target is not supported. Pass y.toarray().")
    _check_labels(y)
    try:
        values = target_array(y)
        if isinstance(values, np.ndarray) and values.dtype.kind == "f":
            assert_all_finite(values, input_name="y")
        check_classification_targets(values)
        labels, one_hot = check_target_type(values, indicate_one_vs_all=True)
        labels = np.asarray(labels)
        check_consistent_length(np.empty(n_rows), labels)
    except ValueError as error:
        raise InvalidDataError(str(error)) from error
    return labels, bool(one_hot)


def check_class_sizes(labels: NDArray[Any], to_generate: dict[Any, int]) -> None:
    """Raise InvalidDataError for a class that has to grow from a single row."""
    for label, n_new in to_generate.items():
        if n_new > 0 and np.count_nonzero(labels == label) < 2:
            raise InvalidDataError(
                f"Class {plain_label(label)!r} has 1 row; at least 2 are needed to learn how its rows differ. Collect "
                "more, drop the class, or leave it as it is with sampling_strategy={class: rows, ...} without it."
            )


def _check_labels(y: Any) -> None:
    """Raise InvalidDataError for missing labels, and for texts beside other things."""
    dtype = getattr(y, "dtype", None)
    if np.ndim(y) not in (1, 2) or (isinstance(dtype, np.dtype) and dtype.kind in "biuU"):
        return
    cells = np.array(y, dtype=object).ravel()
    missing = np.array([_is_missing(cell) for cell in cells], dtype=bool)
    if missing.any():
        row = int(missing.argmax()) // (1 if np.ndim(y) == 1 else np.shape(y)[1])
        raise InvalidDataError(
            f"Input y contains NaN: {int(missing.sum())} label(s) are missing, the first in row {row}. Drop these "
            "rows, or make them a class of their own."
        )
    is_text = [isinstance(cell, str) for cell in cells]
    if any(is_text) and not all(is_text):
        first, other = cells[is_text.index(True)], cells[is_text.index(False)]
        raise InvalidDataError(
            f"Labels must be of one type; got {first!r} and {other!r}. Convert them, for example with map(str, y)."
        )


def _is_missing(cell: Any) -> bool:
    # pandas.NA knows no truth value, so it is recognised by the name of its type.
    return cell is None or type(cell).__name__ in ("NAType", "NaTType") or bool(cell != cell)


def _check_frame(frame: Any) -> None:
    import pandas as pd

    if min(frame.shape) == 0:
        raise InvalidDataError(
            f"Found array with {frame.shape[0]} sample(s) and {frame.shape[1]} feature(s) (shape={frame.shape}) "
            "while a minimum of 1 is required by WGANGPOverSampler."
        )
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise InvalidDataError(f"Column names must be unique, but {twice!r} occurs more than once. Rename one of them.")
    for j, name in enumerate(frame.columns):
        series = frame.iloc[:, j]
        if not pd.api.types.is_numeric_dtype(series.dtype):
            raise InvalidDataError(
                f"Column {name!r} is of dtype {series.dtype}, not numeric; its first value is {series.iloc[0]!r}. "
                f"Categories, texts and dates are not supported yet. {_NEXT_STEP}"
            )
        if pd.api.types.is_complex_dtype(series.dtype):
            raise InvalidDataError(f"Complex data not supported: column {name!r} is of dtype {series.dtype}.")
        missing = series.isna().to_numpy()
        if missing.any():
            _refuse(name, "NaN", "missing value(s) (NaN)", missing)
        values = series_array(series)
        if values.dtype.kind == "f":
            infinite = np.isinf(values)
            if infinite.any():
                _refuse(name, "infinity", "infinite value(s)", infinite)


def _refuse(name: Any, what: str, text: str, where: NDArray[np.bool_]) -> None:
    raise InvalidDataError(
        _with_advice(
            f"Input X contains {what}: column {name!r} has {int(where.sum())} {text}, the first in row "
            f"{int(where.argmax())}."
        )
    )


def _with_advice(message: str) -> str:
    """Add the way out to an error of scikit-learn's about the cells of X."""
    if "contains NaN" in message:
        first = message.split("\n")[0]
        return (
            f"{first} Missing values are not supported yet: impute them first, for example with "
            "sklearn.impute.SimpleImputer (before the sampler, in an imblearn Pipeline)."
        )
    if "contains infinity" in message:
        return f"{message} Replace infinite values first: no scale can hold them."
    if "could not convert string" in message or "not compatible with arrays of bytes/strings" in message:
        return f"{message} Texts are not supported yet. {_NEXT_STEP}"
    return message
