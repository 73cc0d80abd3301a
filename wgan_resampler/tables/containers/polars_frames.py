"""polars frames: read into columns, and built again with the same dtypes.

polars is imported inside functions, so it is only imported for callers who pass a frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wgan_resampler.exceptions import InvalidDataError
from wgan_resampler.tables.columns import (
    CategoricalCells,
    Cells,
    NumericCells,
    decimal_cells,
    decimals,
    empty_cells,
    numeric_cells,
    raise_not_numeric,
    raise_too_long,
)
from wgan_resampler.tables.containers.base import ChooseCategorical, FrameFormat, Table, check_not_empty, is_of


@dataclass(frozen=True)
class PolarsColumn:
    """One column of a polars frame.

    Parameters
    ----------
    dtype : polars.DataType
        The dtype of the column.
    categories : polars.Series or None, default=None
        What the codes stand for, in the column's dtype; None for numbers.
    nan_is_missing : bool, default=False
        Whether a missing number is NaN rather than null.
    on_clocks : bool, default=False
        Whether the numbers are local times of the dtype's time zone, and not times in UTC. This is the case if all of
        them are whole days of the time zone. Because of daylight saving time, such days are not evenly spaced in UTC.
    """

    dtype: Any
    categories: Any = None
    nan_is_missing: bool = False
    on_clocks: bool = False

    def build(self, cells: Cells) -> Any:
        """Return the cells as a Series of the column's dtype."""
        import polars as pl

        if isinstance(cells, NumericCells):
            series = self._numbers(cells)
        elif len(self.categories):
            # Rows of the column's own categories have the same categorical type as the column.
            series = self.categories.gather(_with_nulls(cells.codes.astype(np.int64), cells.missing))
        else:
            series = pl.Series([None] * len(cells), dtype=self.dtype)
        return series.fill_null(float("nan")) if self.nan_is_missing else series

    def _numbers(self, cells: NumericCells) -> Any:
        import polars as pl

        if self.dtype == pl.Null:
            return pl.Series([None] * len(cells), dtype=self.dtype)
        if self.dtype.is_decimal():
            return pl.Series(decimals(cells, self.dtype.scale), dtype=self.dtype)
        series = _with_nulls(cells.values, cells.missing)
        if self.on_clocks:
            return _moments_of_clocks(series.cast(pl.Datetime(self.dtype.time_unit)), self.dtype.time_zone)
        return series.cast(self.dtype)


@dataclass(frozen=True)
class PolarsFormat(FrameFormat):
    """A polars frame; as a target, also a Series. Its columns are objects of `PolarsColumn`."""

    kind = "polars"
    column_type = PolarsColumn

    @staticmethod
    def holds(value: Any) -> bool:
        """Whether `value` is a frame or a Series."""
        return is_of("polars", value, "DataFrame", "Series", "LazyFrame")

    @classmethod
    def read(cls, rows: Any, choose: ChooseCategorical) -> Table:
        """Read a frame. Columns of strings, categories and booleans are categorical by default."""
        import polars as pl

        if isinstance(rows, pl.LazyFrame):
            raise InvalidDataError("A polars LazyFrame holds no rows yet. Pass X.collect().")
        if isinstance(rows, pl.Series):
            raise InvalidDataError("Expected 2D array, got 1D array instead: a polars Series. Pass X.to_frame().")
        check_not_empty(rows)
        kinds = (pl.String, pl.Categorical, pl.Enum, pl.Boolean)
        auto = [j for j, dtype in enumerate(rows.dtypes) if isinstance(dtype, kinds)]
        categorical = choose(rows.width, rows.columns, auto)
        read = (read_series(series, j in categorical) for j, series in enumerate(rows.get_columns()))
        columns, cells = zip(*read, strict=True)
        return Table(rows, cells, cls(tuple(rows.columns), columns))

    def build(self, cells: Sequence[Cells]) -> Any:
        """Return new rows as a frame."""
        import polars as pl

        # A dict, because polars renames a column named '' in a list of series.
        return pl.DataFrame(
            {name: column.build(each) for name, column, each in zip(self.names, self.columns, cells, strict=True)}
        )

    @staticmethod
    def stack(rows: Any, new: Any) -> Any:
        """Return `rows` with `new` below."""
        import polars as pl

        return pl.concat([rows, new], rechunk=True)

    @staticmethod
    def take(rows: Any, positions: NDArray[np.integer]) -> Any:
        """Return the rows or labels at these positions."""
        return rows[positions]

    @staticmethod
    def label_array(target: Any) -> NDArray[Any]:
        """Return a Series or frame as an array. It is an array of objects if no other array can hold the labels."""
        if is_of("polars", target, "LazyFrame"):
            raise InvalidDataError("A polars LazyFrame holds no rows yet. Pass y.collect().")
        if hasattr(target, "get_columns"):
            return np.column_stack([PolarsFormat.label_array(series) for series in target.get_columns()])
        # Only an array of objects can hold missing labels, times with a time zone, or integers of 128 bits.
        is_object = target.null_count() or "128" in str(target.dtype) or getattr(target.dtype, "time_zone", None)
        return np.array(target.to_list(), dtype=object) if is_object else np.asarray(target.to_numpy())


def read_series(series: Any, is_categorical: bool) -> tuple[PolarsColumn, Cells]:
    """Return format and cells of one column.

    Raises
    ------
    InvalidDataError
        If a column of numbers holds something else, or the dtype holds neither numbers nor categories.
    """
    import polars as pl

    dtype = series.dtype
    if dtype.is_nested() or isinstance(dtype, (pl.Object, pl.Binary)):
        raise InvalidDataError(
            f"Column {series.name!r} is of dtype {dtype}, which is neither numbers nor categories: row 0 holds "
            f"{_first_cell(series)!r}. Drop the column, or cast it first."
        )
    nan_is_missing = dtype.is_float() and series.null_count() == 0
    if is_categorical:
        cells, categories = _read_categories(series)
        return PolarsColumn(dtype, categories, nan_is_missing), cells
    days = _days_of_zone(series)
    if days is not None:
        return PolarsColumn(dtype, on_clocks=True), _read_numbers(days)
    return PolarsColumn(dtype, nan_is_missing=nan_is_missing), _read_numbers(series)


def _read_categories(series: Any) -> tuple[CategoricalCells, Any]:
    import polars as pl

    if series.dtype == pl.Null:  # polars cannot join columns of this dtype
        return CategoricalCells(np.full(len(series), -1), 0), series.clear()
    key = series.fill_nan(None) if series.dtype.is_float() else series
    if series.dtype.is_decimal():  # old versions of polars cannot compare decimals
        key = series.cast(pl.String)
    cells = key.to_frame("key").with_row_index("row")
    first = cells.drop_nulls("key").unique("key", keep="first", maintain_order=True)
    known = first.select("key").with_row_index("code")
    # A join may change the order of rows.
    codes = cells.join(known, on="key", how="left").sort("row")["code"].cast(pl.Int64).fill_null(-1)
    return CategoricalCells(codes.to_numpy(), len(known)), series.gather(first["row"])


def _read_numbers(series: Any) -> NumericCells:
    import polars as pl

    dtype, label = series.dtype, repr(series.name)
    if dtype.is_decimal():
        return decimal_cells(series.to_list(), dtype.scale, label)
    if dtype == pl.Null:
        return empty_cells(len(series))
    if not (dtype.is_numeric() or dtype.is_temporal() or isinstance(dtype, pl.Boolean)):
        raise_not_numeric(label, series.to_list(), series.is_not_null().to_numpy(), dtype)
    missing = series.is_null().to_numpy()
    if dtype.is_temporal():
        series = series.to_physical()
    elif dtype in (getattr(pl, "Int128", None), getattr(pl, "UInt128", None)):
        series = _in_64_bits(series)
    filled = series.fill_null(False if isinstance(dtype, pl.Boolean) else 0)
    return numeric_cells(filled.to_numpy(), missing)


def _days_of_zone(series: Any) -> Any:
    """Return the days of a column with a time zone, without the zone; None if not all of its times are whole days."""
    zone = getattr(series.dtype, "time_zone", None)
    if zone is None or series.null_count() == len(series):
        return None
    days = series.dt.replace_time_zone(None)
    if not (days == days.dt.truncate("1d")).all():
        return None
    # If clocks are set back at midnight, midnight occurs twice.
    return days if (_moments_of_clocks(days, zone) == series).all() else None


def _moments_of_clocks(times: Any, zone: str) -> Any:
    """Return the moments of local times of a zone. If a local time occurs twice, the first one is taken."""
    import polars as pl

    options: Any = {"time_zone": zone, "ambiguous": "earliest", "non_existent": "null"}
    moments = times.dt.replace_time_zone(**options)
    # When clocks are set forward, some local times do not exist. Such a time is read as if clocks were set later.
    day_before = times.dt.offset_by("-24h").dt.replace_time_zone(**options)
    return pl.select(pl.coalesce(moments, day_before.dt.offset_by("24h"))).to_series()


def _in_64_bits(series: Any) -> Any:
    import polars as pl

    short = series.cast(pl.Int64, strict=False)
    too_long = (short.is_null() & series.is_not_null()).to_numpy()
    if too_long.any():
        row = int(too_long.argmax())
        raise_too_long(repr(series.name), row, series[row])
    return short


def _with_nulls(values: NDArray[Any], missing: NDArray[np.bool_] | None) -> Any:
    import polars as pl

    series = pl.Series(values)
    return series if missing is None else pl.select(pl.when(pl.Series(~missing)).then(series)).to_series()


def _first_cell(series: Any) -> Any:
    cell = series[0]
    return cell.to_list() if hasattr(cell, "to_list") else cell
