"""Arrays and sparse matrices: read column by column, and built again with the same dtype and class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils import check_array

from wgan_resampler.exceptions import InvalidDataError
from wgan_resampler.tables.columns import (
    CategoricalCells,
    Cells,
    NumericCells,
    is_missing,
    numeric_cells,
    object_cells,
    objects_with_missing,
    raise_no_category,
    raise_not_numeric,
)
from wgan_resampler.tables.containers.base import ChooseCategorical, Table, TableFormat, array_of_labels, check_no_frame

_SPARSE = {kind.__name__: kind for kind in (sparse.csr_array, sparse.csc_array, sparse.csr_matrix, sparse.csc_matrix)}


@dataclass(frozen=True)
class ColumnFormat:
    """One column of an array or list.

    Parameters
    ----------
    dtype : numpy.dtype
        The dtype of the cells.
    categories : ndarray or None, default=None
        What the codes stand for; None for numbers.
    missing : Any, default=nan
        What stands for a missing value: None, a NaN or a NaT.
    """

    dtype: np.dtype
    categories: NDArray[Any] | None = None
    missing: Any = np.nan

    def build(self, cells: Cells) -> NDArray[Any]:
        """Return the cells as an array of the column's dtype, or of objects if that dtype has no missing value."""
        if isinstance(cells, NumericCells):
            values = cells.values.astype(self.dtype)
        else:
            values = take_categories(self.categories, cells.codes)
        if cells.missing is None:
            return values
        if self._can_hold_missing(values.dtype):
            values[cells.missing] = self.missing
            return values
        return objects_with_missing(values, cells.missing, self.missing)

    def _can_hold_missing(self, dtype: np.dtype) -> bool:
        if dtype.kind == "f":  # an array of floats would turn None into NaN
            return isinstance(self.missing, (float, np.floating))
        return dtype.kind in "mM"


@dataclass(frozen=True)
class ArrayFormat(TableFormat):
    """An array or a sparse matrix. All of its cells have one dtype.

    It reads everything that no other container holds, if scikit-learn can make an array of it.

    Parameters
    ----------
    dtype : numpy.dtype
        The dtype of the whole table.
    columns : tuple of ColumnFormat
        The columns.
    sparse_type : str or None, default=None
        Class of a sparse table: "csr_array", "csc_array", "csr_matrix" or "csc_matrix". None for an array.
    """

    dtype: np.dtype
    columns: tuple[ColumnFormat, ...]
    sparse_type: str | None = None

    kind = "array"
    column_type = ColumnFormat

    @staticmethod
    def holds(value: Any) -> bool:
        """Return True: everything that no other container holds is converted to an array."""
        return True

    @classmethod
    def read(cls, rows: Any, choose: ChooseCategorical) -> Table:
        """Read an array or sparse matrix of any dtype, or an object that can be converted to one."""
        check_no_frame(rows, "X")
        rows = checked_array(rows_as_array(rows) if isinstance(rows, tuple) else rows)
        by_column = rows.tocsc() if sparse.issparse(rows) else rows
        if rows.dtype.kind == "O":  # the objects of a column then lie side by side in memory, which is faster
            by_column = np.asfortranarray(rows)
        columns, cells = read_columns(by_column, choose)
        return Table(rows, cells, cls(rows.dtype, columns, type(rows).__name__ if sparse.issparse(rows) else None))

    def build(self, cells: Sequence[Cells]) -> Any:
        """Return new rows as an array or sparse matrix."""
        rows = np.empty((len(cells[0]), len(cells)), dtype=self.dtype)
        for j, (column, each) in enumerate(zip(self.columns, cells, strict=True)):
            rows[:, j] = column.build(each)
        return rows if self.sparse_type is None else _SPARSE[self.sparse_type](rows)

    @staticmethod
    def stack(rows: Any, new: Any) -> Any:
        """Return `rows` with `new` below, in the dtype of `rows`."""
        if sparse.issparse(rows):
            return type(rows)(sparse.vstack([rows, new], format=rows.format, dtype=rows.dtype))
        return np.concatenate([rows, new], dtype=rows.dtype)

    @staticmethod
    def take(rows: Any, positions: NDArray[np.integer]) -> Any:
        """Return the rows or labels at these positions."""
        return rows[positions]

    @staticmethod
    def as_target(target: Any, *, one_hot: bool) -> NDArray[Any]:
        """Return a target as an array. A column vector becomes one-dimensional, as in imbalanced-learn."""
        array = array_of_labels(target)
        return array if one_hot or array.ndim != 2 else array.ravel()


def checked_array(rows: Any) -> Any:
    """Return rows as an array or sparse matrix of two dimensions that is not empty, or raise InvalidDataError."""
    if isinstance(rows, np.ma.MaskedArray) and np.ma.is_masked(rows):
        raise InvalidDataError("Masked values are not supported. Pass X.filled(numpy.nan).")
    try:
        return check_array(
            rows,
            accept_sparse=("csr", "csc"),
            estimator="WGANGPOverSampler",
            input_name="X",
            dtype=None,
            ensure_all_finite=False,
        )
    except (TypeError, ValueError) as error:
        raise InvalidDataError(str(error)) from error


def rows_as_array(rows: list[Any] | tuple[Any, ...]) -> NDArray[Any]:
    """Return a list or tuple of rows as an array, without a conversion of any value.

    numpy itself would convert numbers to strings if the rows also hold strings.
    """
    lengths = [len(row) if isinstance(row, (list, tuple, np.ndarray)) else -1 for row in rows]
    odd = next((i for i, length in enumerate(lengths) if length != lengths[0]), None)
    if odd is not None:
        raise InvalidDataError(
            f"The rows of X must have the same length: row 0 is {_described(lengths[0])}, but row {odd} is "
            f"{_described(lengths[odd])}. Fill the shorter rows with None."
        )
    objects = np.array(rows, dtype=object)
    if isinstance(rows, list) or objects.ndim != 2:
        return objects
    # New rows for a tuple are an array, so all numbers get one dtype, which numpy chooses.
    numbers = np.asarray(rows)
    return numbers if numbers.dtype.kind in "biuf" else objects


def _described(length: int) -> str:
    return "a single cell" if length < 0 else f"of {length} cell(s)"


def read_columns(rows: Any, choose: ChooseCategorical) -> tuple[tuple[ColumnFormat, ...], tuple[Cells, ...]]:
    """Return the formats and the cells of all columns of an array or sparse matrix."""
    categorical = choose(rows.shape[1])
    arrays = (rows[:, [j]].toarray().ravel() if sparse.issparse(rows) else rows[:, j] for j in range(rows.shape[1]))
    columns, cells = zip(*(read_column(each, str(j), j in categorical) for j, each in enumerate(arrays)), strict=True)
    return columns, cells


def read_column(values: NDArray[Any], label: str, is_categorical: bool) -> tuple[ColumnFormat, Cells]:
    """Return the format and the cells of one column of an array.

    Raises
    ------
    InvalidDataError
        If a column of numbers holds something else, or the categories cannot be compared.
    """
    missing = is_missing(values)
    marker = values[missing][0] if missing.any() else np.nan
    if is_categorical:
        codes, categories = factorize(values, ~missing, label)
        return ColumnFormat(values.dtype, categories, marker), CategoricalCells(codes, len(categories))
    if values.dtype.kind == "O":
        cells = object_cells(values, missing, label)
        return ColumnFormat(cells.values.dtype, missing=marker), cells
    if values.dtype.kind in "mM":
        # astype rather than a view, because the bytes may be in another order.
        return ColumnFormat(values.dtype, missing=marker), numeric_cells(values.astype(np.int64), missing)
    if values.dtype.kind not in "biuf":
        raise_not_numeric(label, values, dtype=values.dtype)
    return ColumnFormat(values.dtype, missing=marker), numeric_cells(values)


def factorize(values: NDArray[Any], present: NDArray[np.bool_], label: str) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Return the code of each cell, -1 where it is not present, and the categories in order of appearance."""
    known: dict[Any, int] = {}
    try:
        codes = [known.setdefault(cell, len(known)) for cell in values[present].tolist()]
    except TypeError as error:
        raise_no_category(label, values, error)
    all_codes = np.full(len(values), -1, dtype=np.int64)
    all_codes[present] = codes
    first = np.unique(np.array(codes, dtype=np.int64), return_index=True)[1]
    return all_codes, values[present][first]


def take_categories(categories: Any, codes: NDArray[np.integer]) -> NDArray[Any]:
    """Return what the codes stand for, and anything where a code is -1."""
    if len(categories) == 0:
        return np.zeros(len(codes), dtype=categories.dtype)
    taken: NDArray[Any] = categories[codes]
    return taken
