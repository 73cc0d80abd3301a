"""Table <-> matrix: which columns get a value, which get a block of states, and how both are filled.

After fitting, ranges, quantiles, frequent values and numbers of categories are stored. These are aggregates, not rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wgan_resampler.tables.columns import CategoricalCells, Cells, NumericCells, numeric_cells
from wgan_resampler.tables.encoding.categories import decode_categories, encode_categories, fit_categories
from wgan_resampler.tables.encoding.grid import find_grid
from wgan_resampler.tables.encoding.numeric_scale import ROWS_PER_KNOT, apply_scale, fit_scale, undo_scale
from wgan_resampler.tables.encoding.schema import (
    CategoricalColumn,
    Column,
    Grid,
    Link,
    NumericColumn,
    RowLayout,
    Scale,
    TableSchema,
)

FREQUENT_SHARE = 0.05
"""A number is frequent, and gets its own state, if it makes up at least this share of a column's numbers.

There must also be at least `ROWS_PER_KNOT` rows with this number.
"""

FEW_VALUES = 20
"""In a column with at most this many distinct numbers, every number gets its own state.

There must also be at least `ROWS_PER_KNOT` rows for each number.
"""


@dataclass(frozen=True)
class EncodedRows:
    """Encoded rows in compact form: for each block, only the number of the active state is stored.

    Parameters
    ----------
    values : ndarray of shape (n, n_values) and dtype float32
        The values of numbers, in [-1, 1].
    states : ndarray of shape (n, n_blocks) and dtype int32
        The active state of each block.
    """

    values: NDArray[np.float32]
    states: NDArray[np.int32]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.values)


class TableEncoder:
    """Learns the columns of a table, and encodes or decodes rows.

    Attributes
    ----------
    schema : TableSchema
        The columns and their places in the matrix. It holds no rows.

    Examples
    --------
    >>> import numpy as np
    >>> from wgan_resampler.tables.columns import CategoricalCells, NumericCells
    >>> from wgan_resampler.tables.encoding.encoder import TableEncoder
    >>> incomes = NumericCells(np.array([0.0, 1e3, 1e300]), missing=np.array([False, True, False]))
    >>> jobs = CategoricalCells(np.array([0, 2, 1]), n_categories=3)
    >>> encoder = TableEncoder().fit([incomes, jobs])
    >>> rows = encoder.encode([incomes, jobs])
    >>> rows.values.shape, rows.states.shape, encoder.schema.layout.block_sizes
    ((3, 1), (3, 2), (2, 3))
    >>> decoded_incomes, decoded_jobs = encoder.decode(rows)
    >>> decoded_incomes.missing.tolist(), decoded_jobs.codes.tolist()
    ([False, True, False], [0, 2, 1])
    """

    schema: TableSchema

    def fit(self, columns: Sequence[Cells]) -> TableEncoder:
        """Learn the columns.

        Parameters
        ----------
        columns : sequence of NumericCells or CategoricalCells
            They all have the same length, at least 1.

        Returns
        -------
        TableEncoder
            Itself.
        """
        self.schema = TableSchema(tuple(fit_column(cells) for cells in columns))
        return self

    @property
    def layout(self) -> RowLayout:
        """Where values and blocks stand in an encoded row."""
        return self.schema.layout

    @property
    def links(self) -> tuple[Link, ...]:
        """The values that have a meaning only in the first state of a block."""
        return tuple(
            Link(value, block, _filling(column))
            for column, value, block in self.schema.places
            if value is not None and block is not None
        )

    def encode(self, columns: Sequence[Cells]) -> EncodedRows:
        """Encode rows.

        Parameters
        ----------
        columns : sequence of NumericCells or CategoricalCells
            As in :meth:`fit`.

        Returns
        -------
        EncodedRows
        """
        n, layout = len(columns[0]), self.layout
        rows = EncodedRows(
            np.empty((n, layout.n_values), dtype=np.float32), np.empty((n, len(layout.block_sizes)), dtype=np.int32)
        )
        for (column, value, block), cells in zip(self.schema.places, columns, strict=True):
            if value is not None:
                rows.values[:, value] = encode_values(column.scale, cells)
            if block is not None:
                rows.states[:, block] = encode_states(column, cells)
        return rows

    def decode(self, rows: EncodedRows, seed: int = 0) -> list[Cells]:
        """Undo :meth:`encode`.

        Parameters
        ----------
        rows : EncodedRows
            Any finite values, and states of the blocks.
        seed : int, default=0
            Seed of the draws among rare categories, which share a state.

        Returns
        -------
        list of NumericCells or CategoricalCells
            Numbers in the observed range of each column, in its dtype.
        """
        return [
            decode_column(
                column,
                None if value is None else rows.values[:, value],
                None if block is None else rows.states[:, block],
                np.random.default_rng([seed, j]),
            )
            for j, (column, value, block) in enumerate(self.schema.places)
        ]


def fit_column(cells: Cells) -> Column:
    """Return the description of one column.

    Parameters
    ----------
    cells : NumericCells or CategoricalCells
        At least one cell.

    Returns
    -------
    NumericColumn or CategoricalColumn
    """
    has_missing = cells.missing is not None and bool(cells.missing.any())
    if isinstance(cells, CategoricalCells):
        return fit_categories(cells)
    numbers = np.sort(cells.present)
    values, counts = _distinct(numbers)
    frequent = _frequent_values(values, counts)
    others = _without(frequent, values)
    scale = fit_scale(_without(frequent, numbers), _coarser_grid(others, values)) if len(others) else None
    return NumericColumn(numbers.dtype, scale, tuple(frequent.tolist()), has_missing)


def _distinct(numbers: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.integer]]:
    """Return the different numbers among sorted numbers, and how often each occurs."""
    # np.unique would sort once more.
    first = np.flatnonzero(np.concatenate(([len(numbers) > 0], numbers[1:] != numbers[:-1])))
    return numbers[first], np.diff(first, append=len(numbers))


def _frequent_values(values: NDArray[Any], counts: NDArray[np.integer]) -> NDArray[Any]:
    """Return the values that get a state of their own. `counts` says how often each of the distinct values occurs."""
    if len(values) <= 1:
        return values[:0]
    n = int(counts.sum())
    if len(values) <= FEW_VALUES and n >= ROWS_PER_KNOT * len(values):
        return values
    return values[counts >= max(FREQUENT_SHARE * n, ROWS_PER_KNOT)]


def _coarser_grid(ordinary: NDArray[Any], values: NDArray[Any]) -> Grid | None:
    """Return the grid of the ordinary values, or the grid of all values if that is coarser.

    More values make a grid easier to find. But a frequent value, such as -999, may not lie on the grid of the others.
    """
    grid = find_grid(ordinary)
    if len(ordinary) == len(values):
        return grid
    shared = find_grid(values)
    if grid is None or shared is None:
        return grid or shared
    return max(grid, shared, key=lambda each: Fraction(each.step, 10**each.decimals))


def _find(frequent: NDArray[Any], numbers: NDArray[Any]) -> NDArray[np.int64]:
    """Return the position of each number among the frequent values, -1 where it is not one of them."""
    if len(frequent) == 0:
        return np.full(len(numbers), -1)
    position = np.minimum(np.searchsorted(frequent, numbers), len(frequent) - 1)
    return np.where(frequent[position] == numbers, position, -1)


def _without(frequent: NDArray[Any], numbers: NDArray[Any]) -> NDArray[Any]:
    """Return the numbers that are not among the frequent values."""
    return numbers[_find(frequent, numbers) < 0] if len(frequent) else numbers


def _nearest(frequent: NDArray[Any], numbers: NDArray[Any]) -> NDArray[np.int64]:
    """Return the position of the frequent value that is closest to each number."""
    if len(frequent) < 2:
        return np.zeros(len(numbers), dtype=np.int64)
    as_floats = frequent.astype(np.float64)
    middles = as_floats[:-1] / 2 + as_floats[1:] / 2
    nearest = np.searchsorted(middles, numbers.astype(np.float64))
    # As floats, two neighbors may become equal. A number that is exactly a frequent value stays exact.
    exact = _find(frequent, numbers)
    return np.where(exact >= 0, exact, nearest)


def encode_values(scale: Scale, cells: Any) -> NDArray[np.float64]:
    """Return the place of each cell on the column's scale; 0 for a missing value. The cells are `NumericCells`."""
    values = apply_scale(scale, cells.values)
    return values if cells.missing is None else np.where(cells.missing, 0.0, values)


def encode_states(column: Any, cells: Cells) -> NDArray[np.integer]:
    """Return the state of each cell in the column's block."""
    if isinstance(cells, CategoricalCells):
        return encode_categories(column, cells)
    missing_state = column.n_states - 1
    frequent = np.array(column.frequent, dtype=column.dtype)
    # Without ordinary numbers, a number that was not seen in training becomes the nearest one that was.
    states = _find(frequent, cells.values) + 1 if column.has_value else _nearest(frequent, cells.values)
    return states if cells.missing is None else np.where(cells.missing, missing_state, states)


def _filling(column: Any) -> tuple[float, ...]:
    """Return what replaces the value of a column of numbers in each state of its block."""
    at_frequent = apply_scale(column.scale, np.array(column.frequent, dtype=column.dtype)).tolist()
    return (0.0, *at_frequent, *([0.0] if column.has_missing else []))


def decode_column(
    column: Column, values: NDArray[np.floating] | None, states: Any, rng: np.random.Generator
) -> NumericCells | CategoricalCells:
    """Return the cells of one column from its values and the states of its block; pass None if it has none."""
    if isinstance(column, CategoricalColumn):
        return decode_categories(column, states, rng)
    if column.scale is not None and values is not None:
        numbers = undo_scale(column.scale, values)
    else:
        numbers = np.zeros(len(states), dtype=column.dtype)
    if states is None:
        return NumericCells(numbers)
    first = int(column.has_value)
    for i, value in enumerate(column.frequent):
        numbers[states == first + i] = value
    return numeric_cells(numbers, states == first + len(column.frequent) if column.has_missing else None)
