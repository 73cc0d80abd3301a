"""pandas Series and column names as plain values, and back.

Each value is read back as soon as it is written. If the two differ, saving fails; the user does not have to find out
when loading.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

import wgan_resampler.tables.plain_values as plain
from wgan_resampler.exceptions import CheckpointError
from wgan_resampler.utils import FILES, require
from wgan_resampler.utils.storage import checked

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
        return ["category", series_to_state(categories, where), bool(dtype.ordered)]
    if isinstance(dtype, pd.SparseDtype):
        return ["sparse", dtype.subtype.str, plain.value_to_state(dtype.fill_value, where)]
    if isinstance(dtype, pd.ArrowDtype):
        import pyarrow as pa

        # Arrow's own form of a type, which keeps zones, digits and dictionaries.
        return ["arrow", pa.schema([pa.field("", dtype.pyarrow_dtype)]).serialize().to_pybytes().hex()]
    if not _NAMED.fullmatch(str(dtype)):
        raise CheckpointError(f"{where} is of dtype {dtype}, which a file cannot hold. Convert it first.")
    return ["name", str(dtype)]


def _dtype_from_state(state: Any) -> Any:
    """Undo `_dtype_to_state`."""
    pd = plain.require_pandas()
    match state:
        case ["string", "python" | "pyarrow" | "pyarrow_numpy" as storage, bool(has_nan)]:
            if storage != "python":
                _require_arrow()
            # Old versions of pandas call strings with NaN a storage of its own.
            has_nan = has_nan and storage != "pyarrow_numpy"
            return pd.StringDtype(storage, na_value=np.nan) if has_nan else pd.StringDtype(storage)
        case ["category", categories, bool(ordered)]:
            series = series_from_state(categories)
            return pd.CategoricalDtype(pd.Index(series, dtype=series.dtype), ordered=ordered)
        case ["sparse", subtype, fill]:
            return pd.SparseDtype(plain.dtype_from_text(subtype), plain.value_from_state(fill))
        case ["arrow", str(text)]:
            return pd.ArrowDtype(_arrow_type(bytes.fromhex(text)))
        case ["name", str(text)] if found := _NAMED.fullmatch(text):
            plain.zone_from_text(found["zone"] or found["zone_of_bound"])
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
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    is_string = pa.types.is_string(value) or pa.types.is_large_string(value) or str(value) == "string_view"
    if not (is_string or pa.types.is_primitive(value) or pa.types.is_decimal(value)):
        raise ValueError(f"a type of pyarrow {str(kind)[:40]!r}")
    plain.zone_from_text(value.tz if pa.types.is_timestamp(value) else None)
    return kind


def series_to_state(series: Any, where: str) -> dict[str, Any]:
    """Return dtype and cells of a Series as plain values; its index and its name are left out.

    The Series is read back at once, so a Series that cannot be loaded is refused when it is saved.
    """
    if isinstance(series.dtype, np.dtype):
        return {"array": plain.array_to_state(series.to_numpy(), where)}
    if hasattr(series, "cat"):
        cells = series.cat.codes.tolist()
    elif hasattr(series.array, "asi8"):  # periods, and dates with a time zone, as integers of their unit
        cells = series.array.asi8.tolist()
    else:
        cells = [plain.value_to_state(cell, where) for cell in series.array.tolist()]
    state = {"dtype": _dtype_to_state(series.dtype, where), "cells": cells}
    again = checked(series_from_state, state)
    if again.dtype != series.dtype or not again.equals(series.reset_index(drop=True)):
        raise CheckpointError(f"{where} is of dtype {series.dtype}, which a file cannot hold. Convert it first.")
    return state


def series_from_state(state: dict[str, Any]) -> Any:
    """Undo `series_to_state`."""
    pd = plain.require_pandas()
    if "array" in state:
        array = plain.array_from_state(state["array"])
        return pd.Series(array, dtype=array.dtype)
    dtype, cells = _dtype_from_state(state["dtype"]), state["cells"]
    if isinstance(dtype, pd.CategoricalDtype):
        return pd.Series(pd.Categorical.from_codes(np.array(cells, dtype=np.int64), dtype=dtype))
    if isinstance(dtype, pd.PeriodDtype):
        return pd.Series(pd.PeriodIndex.from_ordinals(np.array(cells, dtype=np.int64), freq=dtype.freq))
    if isinstance(dtype, pd.DatetimeTZDtype):
        moments = pd.Series(np.array(cells, dtype=np.int64).astype(f"M8[{dtype.unit}]"))
        return moments.dt.tz_localize("UTC").dt.tz_convert(dtype.tz)
    return pd.Series(pd.array([plain.value_from_state(cell) for cell in cells], dtype=dtype))


def index_to_state(index: Any) -> dict[str, Any]:
    """Return the names of columns as plain values."""
    import pandas as pd

    where = "The names of the columns"
    state: dict[str, Any] = {"names": [plain.value_to_state(name, where) for name in index.names]}
    if isinstance(index, pd.RangeIndex):
        state["range"] = [index.start, index.stop, index.step]
    else:
        levels = [index.get_level_values(i) for i in range(index.nlevels)]
        state["levels"] = [series_to_state(pd.Series(level, dtype=level.dtype), where) for level in levels]
    again = checked(lambda state: index_from_state(state, len(index)), state)
    if not again.identical(index) or again.dtype != index.dtype:
        raise CheckpointError(f"{where}, {index!r}, cannot be saved. Rename the columns to strings.")
    return state


def index_from_state(state: dict[str, Any], length: int) -> Any:
    """Undo `index_to_state`, for `length` columns."""
    pd = plain.require_pandas()
    if "range" in state:
        index = pd.RangeIndex(*state["range"])
    else:
        series = [series_from_state(level) for level in state["levels"]]
        levels = [pd.Index(each, dtype=each.dtype, tupleize_cols=False) for each in series]
        index = levels[0] if len(levels) == 1 else pd.MultiIndex.from_arrays(levels)
    index.names = [plain.value_from_state(name) for name in state["names"]]
    if len(index) != length or not index.is_unique:
        raise ValueError("other names than columns")
    return index
