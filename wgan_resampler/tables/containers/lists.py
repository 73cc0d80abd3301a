"""Lists of rows: read column by column, and built again with Python objects in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wgan_resampler.tables.columns import Cells
from wgan_resampler.tables.containers.arrays import ColumnFormat, checked_array, read_columns, rows_as_array
from wgan_resampler.tables.containers.base import ChooseCategorical, Table, TableFormat


@dataclass(frozen=True)
class ListFormat(TableFormat):
    """A list of rows. Its cells are Python objects.

    Parameters
    ----------
    columns : tuple of ColumnFormat
        The columns.
    """

    columns: tuple[ColumnFormat, ...]

    kind = "list"
    column_type = ColumnFormat

    @staticmethod
    def holds(value: Any) -> bool:
        """Whether `value` is a list."""
        return isinstance(value, list)

    @classmethod
    def read(cls, rows: Any, choose: ChooseCategorical) -> Table:
        """Read a list of rows. The rows may be lists, tuples or arrays."""
        columns, cells = read_columns(np.asfortranarray(checked_array(rows_as_array(rows))), choose)
        return Table(rows, cells, cls(columns))

    def build(self, cells: Sequence[Cells]) -> list[list[Any]]:
        """Return new rows as lists."""
        by_column = [column.build(each).tolist() for column, each in zip(self.columns, cells, strict=True)]
        return [list(row) for row in zip(*by_column, strict=True)]

    @staticmethod
    def stack(rows: Any, new: Any) -> Any:
        """Return `rows` with `new` below."""
        return [*ListFormat.take(rows, np.arange(len(rows))), *new]

    @staticmethod
    def take(rows: Any, positions: NDArray[np.integer]) -> Any:
        """Return copies of the rows, or labels, at these positions."""
        return [list(rows[i]) if isinstance(rows[i], (list, tuple, np.ndarray)) else rows[i] for i in positions]

    @staticmethod
    def as_target(target: Any, *, one_hot: bool) -> Any:
        """Return a target as it is. A column vector becomes one-dimensional, as in imbalanced-learn."""
        return target if one_hot or np.ndim(target) != 2 else [row[0] for row in target]
