"""Formats of pandas frames as plain values, and back: dtypes, labels of columns and categories.

Every part is made again when it is stored; what comes out otherwise than it went in is refused then, not when it is
loaded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from wgan_resampler.exceptions import CheckpointError
from wgan_resampler.tables.containers.pandas_frames import PandasFormat, SeriesFormat
from wgan_resampler.utils import FILES, require
from wgan_resampler.utils.storage import (
    Plain,
    array_from_state,
    array_to_state,
    checked,
    dtype_from_text,
    dtype_or_none,
    get,
    require_pandas,
    value_from_state,
    value_to_state,
    zone_from_text,
)

_NULLABLE = ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float32", "Float64", "boolean")
_FREQUENCY = re.compile(r"\d{0,4}[A-Za-z]{1,4}(?:-[A-Z]{3})?")
_DECIMAL = re.compile(r"decimal(128|256)\((\d{1,2}), (-?\d{1,2})\)")
_MOMENT = re.compile(r"timestamp\[(s|ms|us|ns), tz=(.{1,100})\]")


def frame_format_to_state(form: PandasFormat) -> Plain:
    """Return the format of a frame as plain values.

    Raises
    ------
    CheckpointError
        If a column is of a dtype, or holds categories, that a file cannot hold.
    """
    columns = [_column_to_state(column, f"Column {form.label(j)}") for j, column in enumerate(form.columns)]
    return {"names": index_to_state(form.names), "columns": columns}


def frame_format_from_state(state: Mapping[str, Any]) -> PandasFormat:
    """Undo `frame_format_to_state`; raises what nonsense raises."""
    columns = tuple(_column_from_state(column) for column in get(state, "columns", list))
    return PandasFormat(index_from_state(state["names"], len(columns)), columns)


def _column_to_state(column: SeriesFormat, where: str) -> Plain:
    categories: Any = column.categories
    if isinstance(categories, np.ndarray):
        categories = ("objects", array_to_state(categories, where))
    elif categories is not None:
        import pandas as pd

        categories = ("values", series_to_state(pd.Series(categories, dtype=column.dtype), where))
    return {
        "dtype": dtype_to_state(column.dtype, where),
        "categories": categories,
        "missing": value_to_state(column.missing, where),
    }


def _column_from_state(state: Mapping[str, Any]) -> SeriesFormat:
    dtype, categories = dtype_from_state(state["dtype"]), state["categories"]
    if categories is not None:
        tag, content = categories
        if (tag == "objects") != (dtype == np.dtype(object)):
            raise ValueError("categories of another dtype than the column")
        categories = array_from_state(content) if tag == "objects" else series_from_state(content).array
        if tag != "objects" and dtype_from_state(content["dtype"]) != dtype:
            raise ValueError("categories of another dtype than the column")
    return SeriesFormat(dtype, categories, value_from_state(state["missing"]))


def series_to_state(series: Any, where: str) -> Plain:
    """Return the cells of a Series as plain values; its index and its name are left out."""
    state = {"dtype": dtype_to_state(series.dtype, where), "values": _cells_to_state(series, where)}
    if not checked(series_from_state, state).equals(series.reset_index(drop=True)):
        raise CheckpointError(f"{where} holds cells of dtype {series.dtype} that a file cannot hold. Convert it first.")
    return state


def _cells_to_state(series: Any, where: str) -> Any:
    import pandas as pd

    if isinstance(series.dtype, np.dtype):
        return array_to_state(series.to_numpy(), where)
    if isinstance(series.dtype, pd.CategoricalDtype):
        return series.cat.codes.tolist()
    if isinstance(series.dtype, (pd.DatetimeTZDtype, pd.PeriodDtype)):
        return series.array.asi8.tolist()
    return [value_to_state(cell, where) for cell in series.array.tolist()]


def series_from_state(state: Mapping[str, Any]) -> Any:
    """Undo `series_to_state`; raises what nonsense raises."""
    pd = require_pandas()
    dtype, cells = dtype_from_state(state["dtype"]), state["values"]
    if isinstance(dtype, np.dtype):
        array = array_from_state(cells)
        if array.ndim != 1 or array.dtype != dtype:
            raise ValueError("cells of another dtype than their column")
        return pd.Series(array, dtype=dtype)
    cells = get(state, "values", list)
    if isinstance(dtype, (pd.CategoricalDtype, pd.DatetimeTZDtype, pd.PeriodDtype)):
        if not all(type(cell) is int for cell in cells):
            raise ValueError("categories or moments that are no whole numbers")
        wholes = np.array(cells, dtype=np.int64)
        if isinstance(dtype, pd.CategoricalDtype):
            return pd.Series(pd.Categorical.from_codes(wholes, dtype=dtype))
        if isinstance(dtype, pd.PeriodDtype):
            return pd.Series(pd.PeriodIndex.from_ordinals(wholes, freq=dtype.freq))
        moments = pd.Series(wholes.astype(f"M8[{dtype.unit}]"))
        return moments.dt.tz_localize("UTC").dt.tz_convert(dtype.tz)
    return pd.Series(pd.array([value_from_state(cell) for cell in cells], dtype=dtype))


def index_to_state(index: Any) -> Plain:
    """Return the labels of columns as plain values."""
    import pandas as pd

    where = "The names of the columns"
    names = [value_to_state(name, where) for name in index.names]
    if isinstance(index, pd.MultiIndex):
        levels = [index_to_state(level) for level in index.levels]
        state: Plain = {"kind": "levels", "levels": levels, "codes": [list(map(int, codes)) for codes in index.codes]}
    elif isinstance(index, pd.RangeIndex):
        state = {"kind": "range", "range": [index.start, index.stop, index.step]}
    else:
        state = {"kind": "labels", "labels": series_to_state(pd.Series(index, dtype=index.dtype), where)}
    state["names"] = names
    back = checked(lambda plain: index_from_state(plain, len(index)), state)
    if not back.identical(index) or back.dtype != index.dtype:
        raise CheckpointError(f"{where}, {index!r}, cannot be stored. Rename the columns to texts.")
    return state


def index_from_state(state: Mapping[str, Any], length: int) -> Any:
    """Undo `index_to_state`, for `length` columns; raises what nonsense raises."""
    pd = require_pandas()
    names = [value_from_state(name) for name in get(state, "names", list)]
    if state["kind"] == "levels":
        levels = [index_from_state(level, -1) for level in get(state, "levels", list)]
        index = pd.MultiIndex(levels, [np.array(codes, dtype=np.int64) for codes in state["codes"]], names=names)
    elif state["kind"] == "range":
        index = pd.RangeIndex(*state["range"], name=names[0])
    else:
        series = series_from_state(state["labels"])
        index = pd.Index(series, dtype=series.dtype, name=names[0])
    if length not in (-1, len(index)) or not index.is_unique:
        raise ValueError("other names than columns")
    return index


def dtype_to_state(dtype: Any, where: str) -> Plain:
    """Return a dtype of pandas or numpy as plain values.

    Parameters
    ----------
    dtype : numpy.dtype or pandas dtype
        Of a column.
    where : str
        What the error message calls the column.

    Returns
    -------
    dict

    Raises
    ------
    CheckpointError
        If it is none that a file can hold.

    Examples
    --------
    >>> import pandas as pd
    >>> from wgan_resampler.tables.state.pandas_state import dtype_from_state, dtype_to_state
    >>> state = dtype_to_state(pd.DatetimeTZDtype("us", "Europe/Rome"), "Column 'day'")
    >>> state
    {'kind': 'zoned', 'unit': 'us', 'zone': 'Europe/Rome'}
    >>> dtype_from_state(state)
    datetime64[us, Europe/Rome]
    """
    state = _dtype_to_state(dtype, where)
    if state is None or checked(dtype_from_state, state) != dtype:
        raise CheckpointError(f"{where} is of dtype {dtype}, which a file cannot hold. Convert it first.")
    return state


def _dtype_to_state(dtype: Any, where: str) -> Plain | None:
    import pandas as pd

    if isinstance(dtype, np.dtype):
        return {"kind": "numpy", "name": dtype.str} if dtype_or_none(dtype.str) == dtype else None
    if isinstance(dtype, pd.StringDtype):
        return {"kind": "string", "storage": dtype.storage, "nan": dtype.na_value is not pd.NA}
    if isinstance(dtype, pd.CategoricalDtype):
        categories = series_to_state(pd.Series(dtype.categories, dtype=dtype.categories.dtype), where)
        return {"kind": "category", "categories": categories, "ordered": bool(dtype.ordered)}
    if isinstance(dtype, pd.DatetimeTZDtype):
        return {"kind": "zoned", "unit": dtype.unit, "zone": str(dtype.tz)}
    if isinstance(dtype, pd.PeriodDtype):
        # The name says M where the offset itself says ME, which a period does not take back.
        return {"kind": "period", "frequency": dtype.name[len("period[") : -1]}
    if isinstance(dtype, pd.SparseDtype):
        fill = value_to_state(dtype.fill_value, where)
        return {"kind": "sparse", "subtype": dtype_to_state(dtype.subtype, where), "fill": fill}
    if isinstance(dtype, pd.IntervalDtype):
        return {"kind": "interval", "subtype": dtype_to_state(dtype.subtype, where), "closed": dtype.closed}
    if isinstance(dtype, pd.ArrowDtype):
        return {"kind": "arrow", "type": _arrow_to_state(dtype.pyarrow_dtype)}
    return {"kind": "nullable", "name": dtype.name} if dtype.name in _NULLABLE else None


def dtype_from_state(state: Mapping[str, Any]) -> Any:
    """Undo `dtype_to_state`; raises what nonsense raises."""
    require_pandas()
    return _DTYPES[state["kind"]](state)


def _string(state: Mapping[str, Any]) -> Any:
    pd = require_pandas()
    storage = state["storage"]
    if storage not in ("python", "pyarrow", "pyarrow_numpy"):
        raise ValueError(f"a storage of texts {storage!r}")
    if storage != "python":
        _require_arrow()
    # Old versions of pandas know the two kinds of gaps as two storages.
    of_nan = get(state, "nan", bool) and storage != "pyarrow_numpy"
    return pd.StringDtype(storage, na_value=np.nan) if of_nan else pd.StringDtype(storage)


def _category(state: Mapping[str, Any]) -> Any:
    series = series_from_state(state["categories"])
    index = require_pandas().Index(series, dtype=series.dtype)
    return require_pandas().CategoricalDtype(index, ordered=get(state, "ordered", bool))


def _period(state: Mapping[str, Any]) -> Any:
    if not _FREQUENCY.fullmatch(get(state, "frequency", str)):
        raise ValueError("a frequency that is none")
    return require_pandas().PeriodDtype(state["frequency"])


def _nullable(state: Mapping[str, Any]) -> Any:
    if state["name"] not in _NULLABLE:
        raise ValueError(f"a dtype {str(state['name'])[:40]!r}")
    return require_pandas().api.types.pandas_dtype(state["name"])


def _numpy_subtype(state: Mapping[str, Any]) -> Any:
    if get(state, "subtype", dict).get("kind") not in ("numpy", "zoned"):
        raise ValueError("a dtype of dtypes of dtypes")
    return dtype_from_state(state["subtype"])


_DTYPES = {
    "numpy": lambda state: dtype_from_text(state["name"]),
    "string": _string,
    "category": _category,
    "zoned": lambda state: require_pandas().DatetimeTZDtype(get(state, "unit", str), zone_from_text(state["zone"])),
    "period": _period,
    "sparse": lambda state: require_pandas().SparseDtype(_numpy_subtype(state), value_from_state(state["fill"])),
    "interval": lambda state: require_pandas().IntervalDtype(_numpy_subtype(state), get(state, "closed", str)),
    "arrow": lambda state: require_pandas().ArrowDtype(_arrow_from_state(state["type"])),
    "nullable": _nullable,
}


def _require_arrow() -> Any:
    return require("pyarrow", "Loading a sampler of a frame with columns of pyarrow", FILES)


def _arrow_to_state(kind: Any) -> Any:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        return ("dictionary", str(kind.index_type), str(kind.value_type), kind.ordered)
    return str(kind)


def _arrow_from_state(state: Any) -> Any:
    """Return the type of pyarrow that a text, or a tuple for a dictionary, names."""
    pa = _require_arrow()
    if isinstance(state, tuple):
        _, index, value, ordered = state
        return pa.dictionary(_arrow_from_state(str(index)), _arrow_from_state(str(value)), bool(ordered))
    simple = [pa.bool_(), pa.float16(), pa.float32(), pa.float64(), pa.string(), pa.large_string(), pa.date32()]
    simple += [pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()]
    simple += [pa.date64(), pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns"), pa.string_view()]
    simple += [make(unit) for make in (pa.timestamp, pa.duration) for unit in ("s", "ms", "us", "ns")]
    known = {str(kind): kind for kind in simple}
    if state in known:
        return known[state]
    if found := _DECIMAL.fullmatch(state):
        make = pa.decimal128 if found[1] == "128" else pa.decimal256
        return make(int(found[2]), int(found[3]))
    if found := _MOMENT.fullmatch(state):
        return pa.timestamp(found[1], zone_from_text(found[2]))
    raise ValueError(f"a type of pyarrow {str(state)[:40]!r}")
