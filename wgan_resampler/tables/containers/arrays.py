"""Containers of rows: what kind of table was given, its cells column by column, and more rows of that kind.

Original rows are never converted and back: new rows are built in the container's own dtypes and put below them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from wgan_resampler.tables.columns import (
    CategoricalCells,
    Cells,
    NumericCells,
    is_missing,
    numeric_cells,
    object_cells,
    objects_with_gaps,
    raise_no_category,
    raise_not_numeric,
)
from wgan_resampler.tables.containers.base import Table, TableFormat


@dataclass(frozen=True)
class ColumnFormat:
    """One column of an array or list.

    Parameters
    ----------
    dtype : numpy.dtype
        Of the cells.
    categories : ndarray or None, default=None
        What the codes stand for; None for numbers.
    missing : Any, default=nan
        What stands in a missing cell: None, a NaN or a NaT.
    """

    dtype: np.dtype
    categories: NDArray[Any] | None = None
    missing: Any = np.nan

    def build(self, cells: Cells) -> NDArray[Any]:
        """Return the cells as an array: of the column's dtype, or of objects if that has no missing cells."""
        if isinstance(cells, NumericCells):
            values = cells.values.astype(self.dtype)
        else:
            values = take_categories(self.categories, cells.codes)
        if cells.missing is None:
            return values
        if self._can_hold_missing(values.dtype):
            values[cells.missing] = self.missing
            return values
        return objects_with_gaps(values, cells.missing, self.missing)

    def _can_hold_missing(self, dtype: np.dtype) -> bool:
        if dtype.kind == "f":  # would turn None into NaN
            return isinstance(self.missing, (float, np.floating))
        return dtype.kind in "mM"


@dataclass(frozen=True)
class ArrayFormat(TableFormat):
    """An array, or a sparse matrix, all of whose cells have one dtype.

    Parameters
    ----------
    dtype : numpy.dtype
        Of the whole table.
    columns : tuple of ColumnFormat
    sparse_type : type or None, default=None
        Class of a sparse table: ``csr_array``, ``csc_array``, ``csr_matrix`` or ``csc_matrix``.
    """

    dtype: np.dtype
    columns: tuple[ColumnFormat, ...]
    sparse_type: type | None = None

    def label(self, column: int) -> str:
        """Return the column's number."""
        return str(column)

    def build(self, cells: Sequence[Cells]) -> Any:
        """Return new rows as an array or sparse matrix."""
        rows = np.empty((len(cells[0]), len(cells)), dtype=self.dtype)
        for j, (column, each) in enumerate(zip(self.columns, cells, strict=True)):
            rows[:, j] = column.build(each)
        return rows if self.sparse_type is None else self.sparse_type(rows)

    def stack(self, rows: Any, new: Any) -> Any:
        """Return both, one below the other."""
        if self.sparse_type is not None:
            return self.sparse_type(sparse.vstack([rows, new], format=rows.format, dtype=self.dtype))
        return np.concatenate([rows, new], dtype=self.dtype)

    def copy(self, rows: Any) -> Any:
        """Return a copy; a memory-mapped table comes back as an array in memory."""
        return rows.copy() if self.sparse_type is not None else np.array(rows)


@dataclass(frozen=True)
class ListFormat(TableFormat):
    """A list of rows, whose cells are Python objects.

    Parameters
    ----------
    columns : tuple of ColumnFormat
    """

    columns: tuple[ColumnFormat, ...]

    def label(self, column: int) -> str:
        """Return the column's number."""
        return str(column)

    def build(self, cells: Sequence[Cells]) -> list[list[Any]]:
        """Return new rows as lists."""
        by_column = [column.build(each).tolist() for column, each in zip(self.columns, cells, strict=True)]
        return [list(row) for row in zip(*by_column, strict=True)]

    def stack(self, rows: Any, new: Any) -> Any:
        """Return both, one below the other."""
        return [*self.copy(rows), *new]

    def copy(self, rows: Any) -> Any:
        """Return a copy of the list and of each row."""
        return [list(row) for row in rows]


def array_table(rows: Any, categorical: frozenset[int]) -> Table:
    """Read an array or sparse matrix of any dtype, of which the columns in `categorical` hold categories."""
    is_sparse = sparse.issparse(rows)
    by_column = rows
    if is_sparse:
        by_column = rows.tocsc()
    elif rows.dtype.kind == "O":  # so that the objects of a column are found side by side
        by_column = np.asfortranarray(rows)
    columns = [
        read_column(by_column[:, [j]].toarray().ravel() if is_sparse else by_column[:, j], str(j), j in categorical)
        for j in range(rows.shape[1])
    ]
    formats = tuple(column for column, _ in columns)
    form = ArrayFormat(rows.dtype, formats, type(rows) if is_sparse else None)
    return Table(rows, tuple(cells for _, cells in columns), form)


def list_table(rows: list[Any], cells: NDArray[np.object_], categorical: frozenset[int]) -> Table:
    """Read a list of rows, given also as an array of objects."""
    by_column = np.asfortranarray(cells)
    columns = [read_column(by_column[:, j], str(j), j in categorical) for j in range(cells.shape[1])]
    return Table(rows, tuple(c for _, c in columns), ListFormat(tuple(column for column, _ in columns)))


def read_column(values: NDArray[Any], label: str, is_categorical: bool) -> tuple[ColumnFormat, Cells]:
    """Return format and cells of one column of an array.

    Raises
    ------
    InvalidDataError
        If the column is to hold numbers and does not, or categories that cannot be told apart.
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
        # By astype rather than as a view, for the sake of other byte orders.
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


def take_categories(categories: NDArray[Any] | None, codes: NDArray[np.integer]) -> NDArray[Any]:
    """Return what the codes stand for, and anything where a code is -1."""
    if categories is None:
        raise TypeError("Codes without categories.")
    if len(categories) == 0:
        return np.zeros(len(codes), dtype=categories.dtype)
    taken: NDArray[Any] = categories[codes]
    return taken
