"""Containers: what kind of table or target was given, and how to make more rows of that kind.

Original rows are never converted and back: new rows are built in the container's own dtypes and put below them.
pandas is imported only by those who pass a frame.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Table = Any
"""A checked table: ndarray, csr or csc matrix, or pandas frame."""


@dataclass(frozen=True)
class TableFormat:
    """The container of a table.

    Parameters
    ----------
    kind : {"list", "array", "sparse", "frame"}
        What it is.
    dtype : numpy.dtype or None
        Of the whole table; None for a frame.
    sparse_type : type or None
        Class of a sparse table: ``csr_array``, ``csc_array``, ``csr_matrix`` or ``csc_matrix``.
    names : pandas.Index or None
        Column labels of a frame.
    dtypes : tuple or None
        pandas dtypes of a frame's columns.
    """

    kind: str
    dtype: np.dtype | None = None
    sparse_type: type | None = None
    names: Any = None
    dtypes: tuple[Any, ...] | None = None

    @classmethod
    def of(cls, original: object, checked: Table) -> TableFormat:
        """Return the container of `original`, of which `checked` is the validated form."""
        if is_pandas_frame(checked):
            return cls("frame", names=checked.columns, dtypes=tuple(checked.dtypes))
        if sparse.issparse(checked):
            return cls("sparse", dtype=checked.dtype, sparse_type=type(checked))
        return cls("list" if isinstance(original, list) else "array", dtype=checked.dtype)

    def build(self, columns: Sequence[NDArray[Any]]) -> Table:
        """Return new rows as ndarray, sparse matrix or frame, from one array per column."""
        if self.kind == "frame":
            return self._build_frame(columns)
        rows = np.empty((len(columns[0]), len(columns)), dtype=self.dtype)
        for j, values in enumerate(columns):
            rows[:, j] = values
        return rows if self.sparse_type is None else self.sparse_type(rows)

    def _build_frame(self, columns: Sequence[NDArray[Any]]) -> Table:
        import pandas as pd

        series = [pd.Series(v).astype(dtype) for v, dtype in zip(columns, self.dtypes or (), strict=True)]
        frame = pd.concat(series, axis=1)
        frame.columns = self.names
        return frame

    def stack(self, checked: Table, new: Table) -> Table:
        """Return the rows of `checked`, unchanged, and those of `new` below."""
        if self.kind == "frame":
            return _concat_pandas(checked, new)
        if self.kind == "sparse":
            return type(checked)(sparse.vstack([checked, new], format=checked.format, dtype=self.dtype))
        return np.concatenate([checked, new], dtype=self.dtype)

    def copy(self, checked: Table) -> Table:
        """Return the rows of `checked` alone, in memory of their own; a frame's index is dropped as in `stack`."""
        return checked.reset_index(drop=True) if self.kind == "frame" else checked.copy()

    def finish(self, table: Table) -> Any:
        """Return a built or stacked table as the caller's kind: a list where a list was given."""
        return table.tolist() if self.kind == "list" else table


@dataclass(frozen=True)
class TargetFormat:
    """The container of a target.

    Parameters
    ----------
    kind : {"list", "array", "series", "frame"}
        What it is.
    one_hot_columns : int or None
        Width of a target with one column of zeros and ones per class, else None.
    dtype : Any
        numpy dtype, or the pandas dtype (of the first column).
    names : Any
        Name of a series, column labels of a frame.
    """

    kind: str
    one_hot_columns: int | None
    dtype: Any
    names: Any = None

    @classmethod
    def of(cls, original: Any, labels: NDArray[Any], *, one_hot: bool) -> TargetFormat:
        """Return the container of `original`, whose labels are `labels`."""
        width = np.shape(original)[1] if one_hot else None
        if is_pandas_frame(original):
            return cls("frame", width, original.dtypes.iloc[0], original.columns)
        if _is_pandas(original, "Series"):
            return cls("series", width, original.dtype, original.name)
        # Objects stay objects, although their labels are compared as numbers.
        dtype = np.asarray(original).dtype if one_hot or _holds_objects(original) else labels.dtype
        return cls("list" if isinstance(original, list) else "array", width, dtype)

    def build(self, labels: NDArray[Any]) -> Any:
        """Return new labels in the caller's container."""
        values = labels
        if self.one_hot_columns is not None:
            values = np.eye(self.one_hot_columns, dtype=np.int64)[labels]
        if self.kind in ("series", "frame"):
            import pandas as pd

            if self.kind == "series":
                return pd.Series(values, name=self.names).astype(self.dtype)
            return pd.DataFrame(values, columns=self.names).astype(self.dtype)
        values = values.astype(self.dtype)
        return values.tolist() if self.kind == "list" else values

    def stack(self, original: Any, labels: NDArray[Any], new_labels: NDArray[Any]) -> Any:
        """Return the target of `original`, whose labels are `labels`, and the new labels below."""
        new = self.build(new_labels)
        if self.kind in ("series", "frame"):
            return _concat_pandas(original, new)
        # A column vector becomes one-dimensional, as in imbalanced-learn.
        is_column = self.one_hot_columns is None and np.ndim(original) == 2
        if self.kind == "list":
            return [*(labels.tolist() if is_column else original), *new]
        first = np.asarray(original)
        return np.concatenate([first.ravel() if is_column else first, new], dtype=self.dtype)


def is_pandas_frame(value: object) -> bool:
    """Whether `value` is a pandas DataFrame; does not import pandas."""
    return _is_pandas(value, "DataFrame")


def target_array(y: Any) -> Any:
    """Return a complete target as a numpy array: that of a Series or frame in the dtype of its values.

    Objects that are all numbers become an array of numbers.
    """
    if is_pandas_frame(y):
        y = np.column_stack([series_array(y.iloc[:, j]) for j in range(y.shape[1])])
    elif _is_pandas(y, "Series"):
        y = series_array(y)
    elif isinstance(y, (list, tuple)):
        y = np.asarray(y)
    if _holds_objects(y):
        numbers = np.asarray(y.tolist())
        if numbers.dtype.kind in "biuf" and numbers.shape == y.shape:
            return numbers
    return y


def plain_label(label: Any) -> Any:
    """Return a label as messages show it: 3 rather than np.int64(3)."""
    if isinstance(label, (np.datetime64, np.timedelta64)):  # item() makes whole numbers of nanoseconds
        return str(label)
    return label.item() if isinstance(label, np.generic) else label


def find_label(label: Any, known: Iterable[Any]) -> int | None:
    """Return the position of a label among the known ones, or None.

    By equality, because a date of numpy and the same date of pandas are equal but may have different hashes.
    """
    for i, other in enumerate(known):
        equal = other == label
        if isinstance(equal, (bool, np.bool_)) and equal:
            return i
    return None


def column_arrays(table: Table) -> list[NDArray[Any]]:
    """Return the columns of a checked table as numpy arrays in their own dtypes.

    Parameters
    ----------
    table : ndarray, sparse matrix or pandas frame
        Numeric and complete.

    Returns
    -------
    list of ndarray of shape (n,)
    """
    if is_pandas_frame(table):
        return [series_array(table.iloc[:, j]) for j in range(table.shape[1])]
    if sparse.issparse(table):
        by_column = table.tocsc()
        return [by_column[:, [j]].toarray().ravel() for j in range(table.shape[1])]
    return [table[:, j] for j in range(table.shape[1])]


def series_array(series: Any) -> NDArray[Any]:
    """Return a numeric pandas Series without missing values as a numpy array.

    Nullable and sparse columns come in the dtype of their values.
    """
    dtype = series.dtype
    plain = getattr(dtype, "numpy_dtype", None) or getattr(dtype, "subtype", None)
    values: NDArray[Any] = series.to_numpy(dtype=plain) if plain is not None else series.to_numpy()
    return values


def _holds_objects(value: object) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "O"


def _is_pandas(value: object, name: str) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, getattr(pandas, name))


def _concat_pandas(first: Any, second: Any) -> Any:
    import pandas as pd

    return pd.concat([first, second], ignore_index=True)
