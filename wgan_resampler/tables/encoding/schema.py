"""The columns of a table, and their places in the encoded matrix.

A column is encoded as a *value* in [-1, 1], as a *block* of states of which exactly one is active, or as both:

- numbers: a value;
- categories: a block with one state per category, and one for a missing value; rare categories may share a state;
- numbers with missing values or with frequent values (a spike at zero, a handful of distinct values): a value and a
  block. The first state of the block says "an ordinary number: see the value". Each frequent value, and a missing
  value, has a further state. A column without ordinary numbers needs no value.

The encoded matrix holds all values first, then all blocks. Blocks of equal size stand side by side, so that the
networks can treat them in one operation. The offsets are kept here and nowhere else.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from msgspec import Meta, Struct

MAX_DECIMALS = 22
"""Most digits behind the decimal point. A larger power of ten is not exact as a float."""

LARGEST_ON_GRID = 2.0**1000
"""Largest float of a column with a grid, so that computing with the range does not overflow."""


@dataclass(frozen=True)
class Grid:
    """Evenly spaced numbers on which all numbers of a column lie. Its first one is the minimum of the column.

    Parameters
    ----------
    step : int
        Distance of neighbors, counted in the last decimal.
    decimals : int, default=0
        Digits behind the decimal point. The grid of 0.25, 0.5 and 1.75 has 2 decimals and step 25.
    """

    step: int
    decimals: int = 0

    def fits(self, dtype: np.dtype, minimum: float, maximum: float) -> bool:
        """Whether numbers of a dtype and range can be counted in steps of the grid, without overflow."""
        if not (1 <= self.step < 2**64 and 0 <= self.decimals <= MAX_DECIMALS):
            return False
        if dtype.kind != "f":
            return self.decimals == 0
        # Beyond 2^53, neighboring floats are more than 1 apart.
        limit = 2.0**53 / 10**self.decimals if self.decimals else LARGEST_ON_GRID
        return max(abs(minimum), abs(maximum)) <= limit


@dataclass(frozen=True)
class Scale:
    """The scale of numbers between their smallest and their largest value.

    Parameters
    ----------
    dtype : numpy.dtype
        Floating, integer or boolean. Decoding returns numbers of this dtype.
    minimum, maximum : float or int
        Observed range; exact integers where the column holds integers.
    knots : tuple of float
        Increasing numbers, from minimum to maximum, at which the scale is fixed. A constant column has a single knot.
        On a grid, a knot is half of the number of steps from the minimum. Without a grid, it is half of the value. See
        `wgan_resampler.tables.encoding.numeric_scale`.
    positions : tuple of float
        Places of the knots in [-1, 1]; increasing.
    grid : Grid or None
        Decoding returns numbers of this grid. Integers always have one. None stands for floats of arbitrary digits.
    """

    dtype: np.dtype
    minimum: float | int | bool
    maximum: float | int | bool
    knots: tuple[float, ...]
    positions: tuple[float, ...]
    grid: Grid | None

    @property
    def has_possible_grid(self) -> bool:
        """Whether numbers of this range can lie on the grid. Only floats can do without a grid."""
        return self.is_floating if self.grid is None else self.grid.fits(self.dtype, self.minimum, self.maximum)

    def __post_init__(self) -> None:
        _check_increasing(self.knots)
        _check_increasing(self.positions)
        _check_held((self.minimum, self.maximum), self.dtype)
        has_sound_parts = self.minimum <= self.maximum and 0 < len(self.knots) == len(self.positions)
        if not has_sound_parts or not self.has_possible_grid:
            raise ValueError("a scale whose parts do not fit each other")

    @property
    def is_constant(self) -> bool:
        """Whether all values are the same."""
        return len(self.knots) == 1

    @property
    def is_floating(self) -> bool:
        """Whether the values are floats rather than integers."""
        return self.dtype.kind == "f"


class NumericColumn(Struct, frozen=True, tag_field="kind", tag="numbers"):
    """A column of numbers.

    Parameters
    ----------
    dtype : numpy.dtype
        Floating, integer or boolean.
    scale : Scale or None
        Scale of the ordinary numbers; None if there are none.
    frequent : tuple of float or int, default=()
        Values that many rows hold. Each has a state of its own. Increasing.
    has_missing : bool, default=False
        Whether values can be missing.
    """

    dtype: np.dtype
    scale: Scale | None
    frequent: tuple[float | int | bool, ...] = ()
    has_missing: bool = False

    def __post_init__(self) -> None:
        _check_increasing(self.frequent)
        _check_held(self.frequent, self.dtype)
        if self.scale is not None and self.scale.dtype != self.dtype:
            raise ValueError("a scale of another dtype than its column")
        if self.scale is None and not self.n_states:
            raise ValueError("a column without values")

    @property
    def has_value(self) -> bool:
        """Whether a value belongs to the column."""
        return self.scale is not None

    @property
    def n_states(self) -> int:
        """Size of the block that belongs to the column; 0 for none."""
        special = len(self.frequent) + self.has_missing
        return special + self.has_value if special else 0


class CategoricalColumn(Struct, frozen=True, tag_field="kind", tag="categories"):
    """A column of categories.

    Parameters
    ----------
    n_categories : int
        Number of categories.
    has_missing : bool, default=False
        Whether values can be missing.
    rare_counts : tuple of int, default=()
        For each category, its number of rows if it is rare, and 0 otherwise. Rare categories share one state, which
        follows the states of the others. Empty if no category is rare.
    """

    n_categories: int
    has_missing: bool = False
    rare_counts: tuple[Annotated[int, Meta(ge=0, lt=2**48)], ...] = ()

    has_value = False

    def __post_init__(self) -> None:
        if self.n_categories < 0 or not self.n_states:
            raise ValueError("a column without values")
        if self.rare_counts and (len(self.rare_counts) != self.n_categories or not any(self.rare_counts)):
            raise ValueError("rare categories that are not those of the column")

    @property
    def n_states(self) -> int:
        """Size of the block that belongs to the column."""
        n_rare = sum(count > 0 for count in self.rare_counts)
        return self.n_categories - n_rare + (n_rare > 0) + self.has_missing


Column = NumericColumn | CategoricalColumn


@dataclass(frozen=True)
class BlockGroup:
    """Blocks of one size that stand side by side in the encoded matrix.

    Parameters
    ----------
    start, stop : int
        First column of the group in the matrix, and the column after its last.
    size : int
        Number of states of each block.
    """

    start: int
    stop: int
    size: int


@dataclass(frozen=True)
class RowLayout:
    """Where values and blocks stand in an encoded row.

    Parameters
    ----------
    n_values : int
        Number of values. They come first in a row.
    block_sizes : tuple of int, default=()
        Number of states of each block, in increasing order.
    """

    n_values: int
    block_sizes: tuple[int, ...] = ()

    @property
    def width(self) -> int:
        """Columns of the encoded matrix."""
        return self.n_values + sum(self.block_sizes)

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """First column of each block."""
        return tuple(itertools.accumulate(self.block_sizes, initial=self.n_values))[:-1]

    @cached_property
    def groups(self) -> tuple[BlockGroup, ...]:
        """Blocks of equal size, taken together."""
        groups, start = [], self.n_values
        for size, blocks in itertools.groupby(self.block_sizes):
            stop = start + size * len(list(blocks))
            groups.append(BlockGroup(start, stop, size))
            start = stop
        return tuple(groups)


@dataclass(frozen=True)
class Link:
    """A value that has a meaning only while its block is in the first state, "an ordinary number".

    Parameters
    ----------
    value : int
        Position among the values.
    block : int
        Number of the block.
    filling : tuple of float
        What replaces the value in each state. The entry of the first state is not used.
    """

    value: int
    block: int
    filling: tuple[float, ...]


@dataclass(frozen=True)
class TableSchema:
    """All columns of a table and their places in an encoded row.

    Parameters
    ----------
    columns : tuple of NumericColumn or CategoricalColumn
        In the order of the table.
    """

    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        if not self.columns:
            raise ValueError("a table without columns")

    @cached_property
    def value_of(self) -> tuple[int | None, ...]:
        """Position of each column's value among the values; None for a column without."""
        positions = itertools.count()
        return tuple(next(positions) if column.has_value else None for column in self.columns)

    @cached_property
    def block_of(self) -> tuple[int | None, ...]:
        """Number of each column's block; None for a column without. Blocks are numbered by size."""
        with_block = [j for j, column in enumerate(self.columns) if column.n_states]
        by_size = sorted(with_block, key=lambda j: self.columns[j].n_states)
        number = {j: i for i, j in enumerate(by_size)}
        return tuple(number.get(j) for j in range(len(self.columns)))

    @property
    def places(self) -> Iterator[tuple[Any, int | None, int | None]]:
        """Each column, with the position of its value and the number of its block."""
        return zip(self.columns, self.value_of, self.block_of, strict=True)

    @cached_property
    def layout(self) -> RowLayout:
        """Sizes of the values and blocks."""
        return RowLayout(
            n_values=sum(column.has_value for column in self.columns),
            block_sizes=tuple(sorted(column.n_states for column in self.columns if column.n_states)),
        )


def _check_increasing(numbers: Sequence[float]) -> None:
    """Raise ValueError unless numbers are finite and increase."""
    if not all(map(math.isfinite, numbers)) or not all(a < b for a, b in itertools.pairwise(numbers)):
        raise ValueError("values that do not increase")


def _check_held(numbers: Sequence[Any], dtype: np.dtype) -> None:
    """Raise ValueError unless a dtype holds all numbers: otherwise, filling them in would overflow."""
    kind = {"b": bool, "f": float}.get(dtype.kind, int)
    try:
        with np.errstate(over="raise"):
            is_held = all(type(number) is kind and math.isfinite(np.array(number, dtype)) for number in numbers)
    except ArithmeticError:
        is_held = False
    if not is_held:
        raise ValueError(f"a column of dtype {dtype} with values {str(numbers)[:60]}")
