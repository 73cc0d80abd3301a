"""What every container answers: how it is read into columns, and how more rows of its kind are built.

Original rows are never converted and back: new rows are built in the container's own dtypes and put below them.
"""

from __future__ import annotations

import abc
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wgan_resampler.tables.columns import Cells


@dataclass(frozen=True)
class Table:
    """A table that has been read.

    Parameters
    ----------
    rows : ndarray, sparse matrix, list or frame
        The caller's rows.
    cells : tuple of NumericCells or CategoricalCells
        The same, column by column.
    format : TableFormat
        How to make more of them.
    """

    rows: Any
    cells: tuple[Cells, ...]
    format: TableFormat

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.cells[0])


class TableFormat(abc.ABC):
    """The container of a table: how new rows are made and put below others. It holds categories, but no rows."""

    @abc.abstractmethod
    def label(self, column: int) -> str:
        """Return how messages call a column."""

    @abc.abstractmethod
    def build(self, cells: Sequence[Cells]) -> Any:
        """Return new rows in the container, from one object of cells per column."""

    @abc.abstractmethod
    def stack(self, rows: Any, new: Any) -> Any:
        """Return `rows`, unchanged, with the built rows `new` below, in memory of their own."""

    @abc.abstractmethod
    def copy(self, rows: Any) -> Any:
        """Return `rows` alone, in memory of their own."""


def is_pandas(value: object, name: str) -> bool:
    """Whether `value` is of the pandas class of this name."""
    return _is_of("pandas", value, name)


def is_polars(value: object, name: str) -> bool:
    """Whether `value` is of the polars class of this name."""
    return _is_of("polars", value, name)


def _is_of(library: str, value: object, name: str) -> bool:
    module = sys.modules.get(library)
    return module is not None and isinstance(value, getattr(module, name))
