"""pandas frames: the cells of their columns, and more rows of the same dtypes.

pandas is imported by those who pass a frame, and only then.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wgan_resampler.exceptions import CheckpointError, InvalidDataError
from wgan_resampler.tables.columns import (
    CategoricalCells,
    Cells,
    NumericCells,
    decimal_cells,
    decimals,
    numeric_cells,
    object_cells,
    objects_with_gaps,
    raise_no_category,
    raise_not_numeric,
)
from wgan_resampler.tables.containers.arrays import take_categories
from wgan_resampler.tables.containers.base import ChooseCategorical, Table, TableFormat, check_not_empty, is_of
from wgan_resampler.tables.plain_values import (
    array_from_state,
    array_to_state,
    dtype_from_text,
    require_pandas,
    value_from_state,
    value_to_state,
    zone_from_text,
)
from wgan_resampler.utils import FILES, require
from wgan_resampler.utils.storage import checked


@dataclass(frozen=True)
class SeriesFormat:
    """One column of a frame.

    Parameters
    ----------
    dtype : pandas dtype
        Of the column.
    categories : pandas array or ndarray, or None
        What the codes stand for, as an ndarray where the column holds objects; None for numbers.
    missing : Any
        What stands in a missing cell of a column of objects.
    """

    dtype: Any
    categories: Any = None
    missing: Any = None

    def build(self, cells: Cells) -> Any:
        """Return the cells as a Series of the column's dtype."""
        import pandas as pd

        if isinstance(cells, NumericCells):
            return self._numbers(cells)
        if isinstance(self.categories, np.ndarray):
            values = take_categories(self.categories, cells.codes)
            return pd.Series(objects_with_gaps(values, cells.missing, self.missing), dtype=object)
        codes = np.asarray(cells.codes, dtype=np.intp)
        return pd.Series(self.categories.take(codes, allow_fill=cells.missing is not None), dtype=self.dtype)

    def _numbers(self, cells: NumericCells) -> Any:
        import pandas as pd

        if self.dtype == np.dtype(object):
            return pd.Series(objects_with_gaps(cells.values, cells.missing, self.missing), dtype=object)
        if _is_counted_by_arrow(self.dtype):
            return self._arrow(cells)
        if isinstance(self.dtype, pd.PeriodDtype):
            series = pd.Series(pd.PeriodIndex.from_ordinals(cells.values, freq=self.dtype.freq))
        elif self.dtype.kind in "mM":
            series = self._moments(cells.values)
        elif isinstance(self.dtype, pd.SparseDtype):  # becomes sparse at the end, with its missing cells
            series = pd.Series(cells.values)
        else:
            series = pd.Series(cells.values).astype(self.dtype)
        return (series if cells.missing is None else series.mask(cells.missing)).astype(self.dtype)

    def _moments(self, values: NDArray[np.int64]) -> Any:
        """Return dates or durations from whole numbers of their unit."""
        import pandas as pd

        zone = getattr(self.dtype, "tz", None)
        moments = pd.Series(values.astype(f"{self.dtype.kind}8[{_unit(self.dtype)}]"))
        return moments if zone is None else moments.dt.tz_localize("UTC").dt.tz_convert(zone)

    def _arrow(self, cells: NumericCells) -> Any:
        import pandas as pd
        import pyarrow as pa

        kind = self.dtype.pyarrow_dtype
        if pa.types.is_decimal(kind):
            array = pa.array(decimals(cells, kind.scale), type=kind)
        else:
            array = pa.array(cells.values, mask=cells.missing).cast(kind)
        return pd.Series(pd.arrays.ArrowExtensionArray(array))

    def to_state(self, where: str) -> dict[str, Any]:
        """Return the column as plain values; `where` is how an error message calls it."""
        import pandas as pd

        values = [] if self.categories is None else self.categories
        return {
            "values": _series_to_state(pd.Series(values, dtype=self.dtype), where),
            "is_categorical": self.categories is not None,
            "missing": value_to_state(self.missing, where),
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> SeriesFormat:
        """Undo `to_state`."""
        series = _series_from_state(state["values"])
        categories = series.to_numpy() if series.dtype == np.dtype(object) else series.array
        return cls(series.dtype, categories if state["is_categorical"] else None, value_from_state(state["missing"]))


@dataclass(frozen=True)
class PandasFormat(TableFormat):
    """A pandas frame; as a target, also a Series.

    Parameters
    ----------
    names : pandas.Index
        Names of the columns.
    columns : tuple of SeriesFormat
        The columns.
    """

    names: Any
    columns: tuple[SeriesFormat, ...]

    kind = "pandas"

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
                f"Column names must be unique, but {twice!r} occurs more than once. Rename one of them."
            )
        if len({isinstance(name, str) for name in rows.columns}) == 2:
            raise InvalidDataError(
                "Column names must be all strings or all something else; got "
                f"{', '.join(map(repr, rows.columns[:10]))}. Rename them, for example with X.columns = "
                "X.columns.astype(str)."
            )
        auto = [j for j, dtype in enumerate(rows.dtypes) if _holds_categories(dtype)]
        categorical = choose(rows.shape[1], list(rows.columns), auto)
        columns = [read_series(rows.iloc[:, j], j in categorical) for j in range(rows.shape[1])]
        form = cls(rows.columns, tuple(column for column, _ in columns))
        return Table(rows, tuple(cells for _, cells in columns), form)

    def label(self, column: int) -> str:
        """Return the column's name."""
        return repr(self.names[column])

    def build(self, cells: Sequence[Cells]) -> Any:
        """Return new rows as a frame."""
        import pandas as pd

        series = [column.build(each) for column, each in zip(self.columns, cells, strict=True)]
        frame = pd.concat(series, axis=1)
        frame.columns = self.names
        return frame

    @staticmethod
    def stack(rows: Any, new: Any) -> Any:
        """Return `rows` with `new` below. The index is dropped."""
        import pandas as pd

        return pd.concat([rows, new], ignore_index=True)

    @staticmethod
    def copy(rows: Any) -> Any:
        """Return a copy. The index is dropped, as in `stack`."""
        import pandas as pd

        duplicate = rows.copy()
        duplicate.index = pd.RangeIndex(len(rows))
        return duplicate

    @staticmethod
    def take(rows: Any, positions: NDArray[np.integer]) -> Any:
        """Return the rows or labels at these positions. The index is dropped, as in `stack`."""
        return rows.iloc[positions].reset_index(drop=True)

    @staticmethod
    def label_array(target: Any) -> NDArray[Any]:
        """Return a Series or frame as an array; as objects where labels are missing."""
        if target.ndim == 2:
            return np.column_stack([PandasFormat.label_array(target.iloc[:, j]) for j in range(target.shape[1])])
        return np.asarray(target.to_numpy(dtype=object) if target.hasnans else plain_array(target))

    def to_state(self) -> dict[str, Any]:
        """Return names and columns as plain values."""
        columns = [column.to_state(f"Column {self.label(j)}") for j, column in enumerate(self.columns)]
        return {"names": _index_to_state(self.names), "columns": columns}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> PandasFormat:
        """Undo `to_state`."""
        columns = tuple(SeriesFormat.from_state(column) for column in state["columns"])
        return cls(_index_from_state(state["names"], len(columns)), columns)

    @classmethod
    def labels_to_state(cls, labels: Any) -> Any:
        """Return a short Series or frame as plain values."""
        if labels.ndim == 1:
            return {"name": value_to_state(labels.name, "The target"), "series": _series_to_state(labels, "The target")}
        columns = [_series_to_state(labels.iloc[:, j], "The target") for j in range(labels.shape[1])]
        return {"names": _index_to_state(labels.columns), "columns": columns}

    @classmethod
    def labels_from_state(cls, state: Any) -> Any:
        """Undo `labels_to_state`."""
        pd = require_pandas()
        if "series" in state:
            return _series_from_state(state["series"]).rename(value_from_state(state["name"]))
        frame = pd.concat([_series_from_state(column) for column in state["columns"]], axis=1)
        frame.columns = _index_from_state(state["names"], frame.shape[1])
        return frame

    @staticmethod
    def errors() -> tuple[type[BaseException], ...]:
        """Return the exceptions of pyarrow, some of which are no ValueErrors."""
        return () if "pyarrow" not in sys.modules else (sys.modules["pyarrow"].ArrowException,)


def _holds_categories(dtype: Any) -> bool:
    import pandas as pd

    if isinstance(dtype, pd.ArrowDtype):
        name = str(dtype.pyarrow_dtype)
        return name in ("bool", "string", "large_string", "string_view") or name.startswith("dictionary")
    plain = getattr(dtype, "subtype", dtype)  # of a sparse column
    if isinstance(plain, (pd.CategoricalDtype, pd.StringDtype, pd.BooleanDtype)):
        return True
    return isinstance(plain, np.dtype) and plain.kind in "bO" and not isinstance(dtype, pd.IntervalDtype)


def read_series(series: Any, is_categorical: bool) -> tuple[SeriesFormat, Cells]:
    """Return format and cells of one column.

    Raises
    ------
    InvalidDataError
        If it is to hold numbers and does not, or categories that cannot be told apart.
    """
    missing = series.isna().to_numpy(dtype=bool)
    holds_objects = series.dtype == np.dtype(object)
    marker = series[missing].iloc[0] if holds_objects and missing.any() else None
    if is_categorical:
        cells, categories = _read_categories(series)
        return SeriesFormat(series.dtype, categories, marker), cells
    return SeriesFormat(series.dtype, missing=marker), _read_numbers(series, missing)


def _read_categories(series: Any) -> tuple[CategoricalCells, Any]:
    try:
        codes, categories = series.array.factorize()
    except (TypeError, NotImplementedError) as error:
        raise_no_category(repr(series.name), series, TypeError(error))
    if series.dtype == np.dtype(object):
        categories = np.asarray(categories, dtype=object)
    return CategoricalCells(codes, len(categories)), categories


def _read_numbers(series: Any, missing: NDArray[np.bool_]) -> NumericCells:
    import pandas as pd

    dtype, label = series.dtype, repr(series.name)
    if dtype == np.dtype(object):
        return object_cells(series.to_numpy(), missing, label)
    if _is_counted_by_arrow(dtype):
        return _read_arrow(series, missing, label)
    if isinstance(dtype, pd.PeriodDtype) or dtype.kind in "mM":
        return numeric_cells(series.array.asi8, missing)
    plain = plain_dtype(dtype)
    if plain is None or plain.kind not in "biuf":
        raise_not_numeric(label, series.to_numpy(dtype=object), ~missing, dtype)
    return numeric_cells(plain_array(series, missing), missing)


def plain_dtype(dtype: Any) -> np.dtype | None:
    """Return the numpy dtype of the values of a nullable, sparse or plain column, if they have one."""
    import pandas as pd

    if isinstance(dtype, pd.SparseDtype):
        dtype = dtype.subtype
    plain = getattr(dtype, "numpy_dtype", dtype)
    return plain if isinstance(plain, np.dtype) else None


def plain_array(series: Any, missing: NDArray[np.bool_] | None = None) -> NDArray[Any]:
    """Return a Series as a numpy array; nullable and sparse columns come in the dtype of their values.

    Zeros stand where cells are missing, or NaN where the dtype has it.
    """
    plain = plain_dtype(series.dtype)
    values: NDArray[Any]
    if plain is None:
        values = series.to_numpy()
    elif missing is not None and missing.any() and hasattr(series.dtype, "numpy_dtype"):
        values = series.to_numpy(dtype=plain, na_value=plain.type(0).item())
    else:
        values = series.to_numpy(dtype=plain)
    return values


def _unit(dtype: Any) -> str:
    unit: str = getattr(dtype, "unit", None) or np.datetime_data(dtype)[0]
    return unit


def _is_counted_by_arrow(dtype: Any) -> bool:
    """Whether a column holds moments, durations or decimals that pyarrow turns into whole numbers and back."""
    import pandas as pd

    if not isinstance(dtype, pd.ArrowDtype):
        return False
    import pyarrow as pa

    return bool(pa.types.is_temporal(dtype.pyarrow_dtype) or pa.types.is_decimal(dtype.pyarrow_dtype))


def _read_arrow(series: Any, missing: NDArray[np.bool_], label: str) -> NumericCells:
    import pyarrow as pa

    kind = series.dtype.pyarrow_dtype
    array = pa.array(series.array)
    if pa.types.is_decimal(kind):
        return decimal_cells(array.to_pylist(), kind.scale, label)
    wholes = array.cast(pa.int32() if kind.bit_width == 32 else pa.int64()).fill_null(0)
    return numeric_cells(wholes.to_numpy(zero_copy_only=False), missing)


# The dtypes whose names pandas reads back.
_NAMED = re.compile(
    r"U?Int(8|16|32|64)|Float(32|64)|boolean|period\[\d{0,4}[A-Za-z]{1,4}(-[A-Z]{3})?\]"
    r"|datetime64\[(s|ms|us|ns), (?P<zone>.+)\]|interval\[(?P<bound>[^,]+)(, (?P<zone_of_bound>[^,]+))?, \w+\]"
)


def _dtype_to_state(dtype: Any, where: str) -> list[Any]:
    """Return a dtype as a tag and what it takes to make it again."""
    import pandas as pd

    if isinstance(dtype, pd.StringDtype):
        return ["string", dtype.storage, dtype.na_value is not pd.NA]
    if isinstance(dtype, pd.CategoricalDtype):
        categories = pd.Series(dtype.categories, dtype=dtype.categories.dtype)
        return ["category", _series_to_state(categories, where), bool(dtype.ordered)]
    if isinstance(dtype, pd.SparseDtype):
        return ["sparse", dtype.subtype.str, value_to_state(dtype.fill_value, where)]
    if isinstance(dtype, pd.ArrowDtype):
        import pyarrow as pa

        # Arrow's own form of a type, which keeps zones, digits and dictionaries.
        return ["arrow", pa.schema([pa.field("", dtype.pyarrow_dtype)]).serialize().to_pybytes().hex()]
    if not _NAMED.fullmatch(str(dtype)):
        raise CheckpointError(f"{where} is of dtype {dtype}, which a file cannot hold. Convert it first.")
    return ["name", str(dtype)]


def _dtype_from_state(state: Any) -> Any:
    """Undo `_dtype_to_state`."""
    pd = require_pandas()
    match state:
        case ["string", "python" | "pyarrow" | "pyarrow_numpy" as storage, bool(has_nan)]:
            if storage != "python":
                _require_arrow()
            # Old versions of pandas call strings with NaN a storage of its own.
            has_nan = has_nan and storage != "pyarrow_numpy"
            return pd.StringDtype(storage, na_value=np.nan) if has_nan else pd.StringDtype(storage)
        case ["category", categories, bool(ordered)]:
            series = _series_from_state(categories)
            return pd.CategoricalDtype(pd.Index(series, dtype=series.dtype), ordered=ordered)
        case ["sparse", subtype, fill]:
            return pd.SparseDtype(dtype_from_text(subtype), value_from_state(fill))
        case ["arrow", str(text)]:
            return pd.ArrowDtype(_arrow_type(bytes.fromhex(text)))
        case ["name", str(text)] if found := _NAMED.fullmatch(text):
            zone_from_text(found["zone"] or found["zone_of_bound"])
            return pd.api.types.pandas_dtype(text)
    raise ValueError(f"a dtype {str(state)[:40]!r}")


def _require_arrow() -> Any:
    return require("pyarrow", "Loading a sampler of a frame with columns of pyarrow", FILES)


def _arrow_type(schema: bytes) -> Any:
    """Return the type in a serialized schema. Nested and extension types are refused: their code is not ours."""
    pa = _require_arrow()
    if b"ARROW:extension" in schema:  # would look up a class by its name
        raise ValueError("an extension type of pyarrow")
    kind = pa.ipc.read_schema(pa.py_buffer(schema)).field(0).type
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    is_string = pa.types.is_string(plain) or pa.types.is_large_string(plain) or str(plain) == "string_view"
    if not (is_string or pa.types.is_primitive(plain) or pa.types.is_decimal(plain)):
        raise ValueError(f"a type of pyarrow {str(kind)[:40]!r}")
    zone_from_text(plain.tz if pa.types.is_timestamp(plain) else None)
    return kind


def _series_to_state(series: Any, where: str) -> dict[str, Any]:
    """Return dtype and cells of a Series as plain values; its index and its name are left out.

    The Series is made again at once: what cannot be loaded is refused when it is saved.
    """
    if isinstance(series.dtype, np.dtype):
        return {"array": array_to_state(series.to_numpy(), where)}
    if isinstance(series.dtype, _counted()):
        cells = (series.cat.codes if hasattr(series, "cat") else series.array.asi8).tolist()
    else:
        cells = [value_to_state(cell, where) for cell in series.array.tolist()]
    state = {"dtype": _dtype_to_state(series.dtype, where), "cells": cells}
    again = checked(_series_from_state, state)
    if again.dtype != series.dtype or not again.equals(series.reset_index(drop=True)):
        raise CheckpointError(f"{where} is of dtype {series.dtype}, which a file cannot hold. Convert it first.")
    return state


def _series_from_state(state: dict[str, Any]) -> Any:
    """Undo `_series_to_state`."""
    pd = require_pandas()
    if "array" in state:
        array = array_from_state(state["array"])
        return pd.Series(array, dtype=array.dtype)
    dtype = _dtype_from_state(state["dtype"])
    if not isinstance(dtype, _counted()):
        return pd.Series(pd.array([value_from_state(cell) for cell in state["cells"]], dtype=dtype))
    counts = np.array(state["cells"], dtype=np.int64)
    if isinstance(dtype, pd.CategoricalDtype):
        return pd.Series(pd.Categorical.from_codes(counts, dtype=dtype))
    return SeriesFormat(dtype).build(NumericCells(counts))


def _counted() -> tuple[type, ...]:
    """Return the dtypes whose cells are written as integers: codes of categories, or units of time since 1970."""
    import pandas as pd

    return (pd.CategoricalDtype, pd.DatetimeTZDtype, pd.PeriodDtype)


def _index_to_state(index: Any) -> dict[str, Any]:
    """Return the names of columns as plain values."""
    import pandas as pd

    where = "The names of the columns"
    state: dict[str, Any] = {"names": [value_to_state(name, where) for name in index.names]}
    if isinstance(index, pd.RangeIndex):
        state["range"] = [index.start, index.stop, index.step]
    else:
        levels = [index.get_level_values(i) for i in range(index.nlevels)]
        state["levels"] = [_series_to_state(pd.Series(level, dtype=level.dtype), where) for level in levels]
    again = checked(lambda state: _index_from_state(state, len(index)), state)
    if not again.identical(index) or again.dtype != index.dtype:
        raise CheckpointError(f"{where}, {index!r}, cannot be saved. Rename the columns to strings.")
    return state


def _index_from_state(state: dict[str, Any], length: int) -> Any:
    """Undo `_index_to_state`, for `length` columns."""
    pd = require_pandas()
    if "range" in state:
        index = pd.RangeIndex(*state["range"])
    else:
        series = [_series_from_state(level) for level in state["levels"]]
        levels = [pd.Index(each, dtype=each.dtype, tupleize_cols=False) for each in series]
        index = levels[0] if len(levels) == 1 else pd.MultiIndex.from_arrays(levels)
    index.names = [value_from_state(name) for name in state["names"]]
    if len(index) != length or not index.is_unique:
        raise ValueError("other names than columns")
    return index
