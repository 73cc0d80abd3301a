"""pandas frames: read into columns, and built again with the same dtypes.

pandas is imported inside functions, so it is only imported for callers who pass a frame.
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
    object_cells,
    objects_with_missing,
    plain_repr,
    raise_no_category,
    raise_not_numeric,
)
from wgan_resampler.tables.containers.arrays import take_categories
from wgan_resampler.tables.containers.base import ChooseCategorical, FrameFormat, Table, check_not_empty, is_of


@dataclass(frozen=True)
class SeriesFormat:
    """One column of a frame.

    Parameters
    ----------
    dtype : pandas dtype
        The dtype of the column.
    categories : pandas array or ndarray, or None, default=None
        What the codes stand for; an ndarray if the column holds objects, and None for numbers.
    missing : Any, default=None
        What stands for a missing value in a column of objects.
    on_clocks : bool, default=False
        Whether the numbers are local times of the dtype's time zone, and not times in UTC. This is the case if all of
        them are whole days of the time zone. Because of daylight saving time, such days are not evenly spaced in UTC.
    """

    dtype: Any
    categories: Any = None
    missing: Any = None
    on_clocks: bool = False

    def build(self, cells: Cells) -> Any:
        """Return the cells as a Series of the column's dtype."""
        import pandas as pd

        if isinstance(cells, NumericCells):
            return self._numbers(cells)
        if isinstance(self.categories, np.ndarray):
            values = take_categories(self.categories, cells.codes)
            return pd.Series(objects_with_missing(values, cells.missing, self.missing), dtype=object)
        codes = np.asarray(cells.codes, dtype=np.intp)
        return pd.Series(self.categories.take(codes, allow_fill=cells.missing is not None), dtype=self.dtype)

    def _numbers(self, cells: NumericCells) -> Any:
        import pandas as pd

        if self.dtype == np.dtype(object):
            return pd.Series(objects_with_missing(cells.values, cells.missing, self.missing), dtype=object)
        if _is_counted_by_arrow(self.dtype):
            return self._arrow(cells)
        if isinstance(self.dtype, pd.PeriodDtype):
            series = pd.Series(pd.PeriodIndex.from_ordinals(cells.values, freq=self.dtype.freq))
        elif self.dtype.kind in "mM":
            unit = getattr(self.dtype, "unit", None) or np.datetime_data(self.dtype)[0]
            series = pd.Series(cells.values.astype(f"{self.dtype.kind}8[{unit}]"))
            if self.on_clocks:
                series = pd.Series(_moments_of_clocks(series, self.dtype.tz))
            elif isinstance(self.dtype, pd.DatetimeTZDtype):
                series = series.dt.tz_localize("UTC").dt.tz_convert(self.dtype.tz)
        elif isinstance(self.dtype, pd.SparseDtype):  # becomes sparse at the end, with its missing values
            series = pd.Series(cells.values)
        else:
            series = pd.Series(cells.values).astype(self.dtype)
        return (series if cells.missing is None else series.mask(cells.missing)).astype(self.dtype)

    def _arrow(self, cells: NumericCells) -> Any:
        import pandas as pd
        import pyarrow as pa

        kind = self.dtype.pyarrow_dtype
        if pa.types.is_decimal(kind):
            array = pa.array(decimals(cells, kind.scale), type=kind)
        elif pa.types.is_null(kind):
            array = pa.nulls(len(cells))
        else:
            values = cells.values
            if self.on_clocks:
                values = _moments_of_clocks(values.astype(f"M8[{kind.unit}]"), kind.tz).asi8
            array = pa.array(values, mask=cells.missing).cast(kind)
        return pd.Series(pd.arrays.ArrowExtensionArray(array))


@dataclass(frozen=True)
class PandasFormat(FrameFormat):
    """A pandas frame; as a target, also a Series. Its columns are objects of `SeriesFormat`."""

    kind = "pandas"
    column_type = SeriesFormat

    @staticmethod
    def holds(value: Any) -> bool:
        """Whether `value` is a frame or a Series."""
        return is_of("pandas", value, "DataFrame", "Series")

    @classmethod
    def read(cls, rows: Any, choose: ChooseCategorical) -> Table:
        """Read a frame. Columns of category, string, object or bool dtype are categorical by default."""
        if rows.ndim == 1:
            raise InvalidDataError("Expected a 2-dimensional container, got a pandas Series. Pass X.to_frame().")
        check_not_empty(rows)
        if not rows.columns.is_unique:
            twice = rows.columns[rows.columns.duplicated()][0]
            raise InvalidDataError(
                f"Column names must be unique, but {plain_repr(twice)} occurs more than once. Rename one of them."
            )
        if len({isinstance(name, str) for name in rows.columns}) == 2:
            raise InvalidDataError(
                "Column names must be all strings or all something else; got "
                f"{', '.join(map(plain_repr, rows.columns[:10]))}. Rename them, for example with X.columns = "
                "X.columns.astype(str)."
            )
        auto = [j for j, dtype in enumerate(rows.dtypes) if _holds_categories(dtype)]
        categorical = choose(rows.shape[1], list(rows.columns), auto)
        read = (read_series(rows.iloc[:, j], j in categorical) for j in range(rows.shape[1]))
        columns, cells = zip(*read, strict=True)
        return Table(rows, cells, cls(rows.columns, columns))

    def build(self, cells: Sequence[Cells]) -> Any:
        """Return new rows as a frame."""
        import pandas as pd

        series = [column.build(each) for column, each in zip(self.columns, cells, strict=True)]
        frame = pd.concat(series, axis=1)
        frame.columns = self.names
        return frame

    @staticmethod
    def stack(rows: Any, new: Any) -> Any:
        """Return `rows` with `new` below. `attrs` are kept. A `RangeIndex` continues; any other index is dropped."""
        import pandas as pd

        # `__finalize__` copies the `attrs`. `concat` keeps them only if they are equal in both frames.
        stacked = pd.concat([rows, new], ignore_index=True).__finalize__(rows)
        if isinstance(rows.index, pd.RangeIndex):
            start, step = rows.index.start, rows.index.step
            stacked.index = pd.RangeIndex(start, start + step * len(stacked), step, name=rows.index.name)
        return stacked

    @staticmethod
    def take(rows: Any, positions: NDArray[np.integer]) -> Any:
        """Return the rows or labels at these positions, without index and attributes."""
        taken = rows.iloc[positions].reset_index(drop=True).copy()
        taken.attrs = {}
        return taken

    @staticmethod
    def label_array(target: Any) -> NDArray[Any]:
        """Return a Series or frame as an array. It is an array of objects if no other array can hold the labels."""
        if target.ndim == 2:
            return np.column_stack([PandasFormat.label_array(target.iloc[:, j]) for j in range(target.shape[1])])
        # Only an array of objects can hold missing labels, times with a time zone, or days that equal Python's dates.
        kind = str(getattr(target.dtype, "pyarrow_dtype", ""))
        is_object = target.hasnans or "tz=" in kind or kind.startswith("date")
        return np.asarray(target.to_numpy(dtype=object) if is_object else plain_array(target))


def _holds_categories(dtype: Any) -> bool:
    import pandas as pd

    if isinstance(dtype, pd.ArrowDtype):
        name = str(dtype.pyarrow_dtype)
        return name in ("bool", "string", "large_string", "string_view") or name.startswith("dictionary")
    bare = getattr(dtype, "subtype", dtype)  # of a sparse column
    if isinstance(bare, (pd.CategoricalDtype, pd.StringDtype, pd.BooleanDtype)):
        return True
    return isinstance(bare, np.dtype) and bare.kind in "bO" and not isinstance(dtype, pd.IntervalDtype)


def read_series(series: Any, is_categorical: bool) -> tuple[SeriesFormat, Cells]:
    """Return format and cells of one column.

    Raises
    ------
    InvalidDataError
        If a column of numbers holds something else, or the categories cannot be compared.
    """
    missing = series.isna().to_numpy(dtype=bool)
    holds_objects = series.dtype == np.dtype(object)
    marker = series[missing].iloc[0] if holds_objects and missing.any() else None
    if is_categorical:
        cells, categories = _read_categories(series)
        return SeriesFormat(series.dtype, categories, marker), cells
    days = _days_of_zone(series)
    if days is not None:
        return SeriesFormat(series.dtype, on_clocks=True), numeric_cells(days.array.asi8, missing)
    return SeriesFormat(series.dtype, missing=marker), _read_numbers(series, missing)


def _read_categories(series: Any) -> tuple[CategoricalCells, Any]:
    import pandas as pd

    try:
        codes, categories = series.array.factorize()
    except (TypeError, NotImplementedError) as error:
        raise_no_category(plain_repr(series.name), series, TypeError(error))
    if series.dtype == np.dtype(object):
        return CategoricalCells(codes, len(categories)), np.asarray(categories, dtype=object)
    # pyarrow returns the categories of a dictionary in the dtype of its values.
    return CategoricalCells(codes, len(categories)), pd.Series(categories, dtype=series.dtype).array


def _read_numbers(series: Any, missing: NDArray[np.bool_]) -> NumericCells:
    import pandas as pd

    dtype, label = series.dtype, plain_repr(series.name)
    if dtype == np.dtype(object):
        return object_cells(series.to_numpy(), missing, label)
    if _is_counted_by_arrow(dtype):
        return _read_arrow(series, missing, label)
    if isinstance(dtype, pd.PeriodDtype) or dtype.kind in "mM":
        return numeric_cells(series.array.asi8, missing)
    bare = plain_dtype(dtype)
    if bare is None or bare.kind not in "biuf":
        raise_not_numeric(label, series.to_numpy(dtype=object), ~missing, dtype)
    return numeric_cells(plain_array(series, missing), missing)


def plain_dtype(dtype: Any) -> np.dtype | None:
    """Return the numpy dtype of the values of a nullable, sparse or plain column, if they have one."""
    import pandas as pd

    if isinstance(dtype, pd.SparseDtype):
        dtype = dtype.subtype
    bare = getattr(dtype, "numpy_dtype", dtype)
    # numpy's own strings would lose a null character at the end.
    return bare if isinstance(bare, np.dtype) and bare.kind not in "US" else None


def plain_array(series: Any, missing: NDArray[np.bool_] | None = None) -> NDArray[Any]:
    """Return a Series as a numpy array; nullable and sparse columns come in the dtype of their values.

    A missing value becomes NaN if the dtype has it, and zero otherwise.
    """
    bare = plain_dtype(series.dtype)
    has_marker = hasattr(series.dtype, "numpy_dtype") and missing is not None and missing.any()
    options = {"na_value": bare.type(0).item()} if bare is not None and has_marker else {}
    return np.asarray(series.to_numpy(dtype=bare, **options))


def _is_counted_by_arrow(dtype: Any) -> bool:
    """Whether pyarrow must convert a column to integers and back: times, durations, decimals and null."""
    import pandas as pd

    if not isinstance(dtype, pd.ArrowDtype):
        return False
    import pyarrow as pa

    kind = dtype.pyarrow_dtype
    return bool(pa.types.is_temporal(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind))


def _read_arrow(series: Any, missing: NDArray[np.bool_], label: str) -> NumericCells:
    import pyarrow as pa

    kind = series.dtype.pyarrow_dtype
    array = pa.array(series.array)
    if pa.types.is_decimal(kind):
        return decimal_cells(array.to_pylist(), kind.scale, label)
    if pa.types.is_null(kind):
        return empty_cells(len(series))
    wholes = array.cast(pa.int32() if kind.bit_width == 32 else pa.int64()).fill_null(0)
    return numeric_cells(wholes.to_numpy(zero_copy_only=False), missing)


def _days_of_zone(series: Any) -> Any:
    """Return the days of a column with a time zone, without the zone; None if not all of its times are whole days."""
    import pandas as pd

    arrow: Any = getattr(series.dtype, "pyarrow_dtype", None)
    if getattr(arrow, "tz", None) is not None:
        series = series.astype(pd.DatetimeTZDtype(arrow.unit, arrow.tz))
    if not isinstance(series.dtype, pd.DatetimeTZDtype):
        return None
    days = series.dt.tz_localize(None)
    known = days.notna()
    is_whole = known.any() and (days == days.dt.normalize())[known].all()
    # If clocks are set back at midnight, midnight occurs twice.
    return days if is_whole and (_moments_of_clocks(days, series.dt.tz) == series)[known].all() else None


def _moments_of_clocks(times: Any, zone: Any) -> Any:
    """Return the moments of local times of a zone. If a local time occurs twice, the first one is taken."""
    import pandas as pd

    clocks, day = pd.DatetimeIndex(times), pd.Timedelta(days=1)
    options: Any = {"ambiguous": np.ones(len(clocks), dtype=bool), "nonexistent": "NaT"}
    moments = clocks.tz_localize(zone, **options)
    # When clocks are set forward, some local times do not exist. Such a time is read as if clocks were set later.
    left_out = moments.isna() & clocks.notna()
    return moments.where(~left_out, (clocks - day).tz_localize(zone, **options) + day) if left_out.any() else moments
