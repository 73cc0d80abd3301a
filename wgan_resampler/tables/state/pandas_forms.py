"""The forms of pandas' dtypes, Series, column names, frames and values."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from wgan_resampler.tables.containers.arrow_tables import as_arrow, as_pandas
from wgan_resampler.tables.state.forms import Code, Form, checked_zone, library

MAX_RANGE = 2**17
"""Longest range of column names. Written as a range, many names take a few bytes, but comparing them takes memory."""

# The dtypes whose names pandas reads back.
_NAMED = re.compile(
    r"U?Int(8|16|32|64)|Float(32|64)|boolean|period\[\d{0,4}[A-Za-z]{1,4}(-[A-Z]{3})?\]"
    r"|datetime64\[(s|ms|us|ns), (?P<zone>.+)\]|interval\[(?P<bound>[^,]+)(, (?P<zone_of_bound>[^,]+)\])?, \w+\]"
)


def _write_dtype(dtype: Any, write: Code) -> list[Any]:
    pd = library("pandas")
    if isinstance(dtype, pd.StringDtype):
        return ["string", dtype.storage, dtype.na_value is not pd.NA]
    if isinstance(dtype, pd.CategoricalDtype):
        return ["category", write(pd.Series(dtype.categories, dtype=dtype.categories.dtype)), bool(dtype.ordered)]
    if isinstance(dtype, pd.SparseDtype):
        return ["sparse", write(dtype.subtype), write(dtype.fill_value)]
    if isinstance(dtype, pd.ArrowDtype):
        pa = library("pyarrow")
        # Arrow's own form of a type, which keeps zones, digits and dictionaries.
        return ["arrow", pa.schema([pa.field("", dtype.pyarrow_dtype)]).serialize().to_pybytes().hex()]
    return ["name", str(dtype)]


def _read_dtype(state: Any, read: Code) -> Any:
    pd = library("pandas")
    match state:
        case ["string", "python" | "pyarrow" | "pyarrow_numpy" as storage, bool(has_nan)]:
            if storage != "python":
                library("pyarrow")
            # Old versions of pandas call strings with NaN a storage of its own.
            has_nan = has_nan and storage != "pyarrow_numpy"
            return pd.StringDtype(storage, na_value=np.nan) if has_nan else pd.StringDtype(storage)
        case ["category", categories, bool(ordered)]:
            series = read(categories)
            return pd.CategoricalDtype(pd.Index(series, dtype=series.dtype), ordered=ordered)
        case ["sparse", subtype, fill]:
            bare = read(subtype)
            if isinstance(bare, np.dtype):
                return pd.SparseDtype(bare, read(fill))
        case ["arrow", str(text)]:
            return pd.ArrowDtype(_arrow_type(bytes.fromhex(text)))
        case ["name", str(text)] if found := _NAMED.fullmatch(text):
            checked_zone(found["zone"] or found["zone_of_bound"])
            return pd.api.types.pandas_dtype(text)
    raise ValueError(f"a dtype {str(state)[:40]!r}")


def _arrow_type(schema: bytes) -> Any:
    """Return the type in a serialized schema. Nested and extension types are refused: their code is not ours."""
    pa = library("pyarrow")
    if b"ARROW:extension" in schema:  # would look up a class by its name
        raise ValueError("an extension type of pyarrow")
    kind = pa.ipc.read_schema(pa.py_buffer(schema)).field(0).type
    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    is_plain = str(value) in ("string", "large_string", "string_view", "binary", "large_binary", "null")
    if not (is_plain or pa.types.is_primitive(value) or pa.types.is_decimal(value)):
        raise ValueError(f"a type of pyarrow {str(kind)[:40]!r}")
    checked_zone(value.tz if pa.types.is_timestamp(value) else None)
    return kind


def _write_series(series: Any, write: Code) -> list[Any]:
    if isinstance(series.dtype, np.dtype):
        cells = series.to_numpy()
    elif hasattr(series, "cat"):
        cells = series.cat.codes.tolist()
    else:  # periods, and dates with a time zone, as integers of their unit
        cells = getattr(series.array, "asi8", series.array).tolist()
    return [write(series.dtype), write(cells), write(series.name)]


def _read_series(state: Any, read: Code) -> Any:
    pd = library("pandas")
    dtype, cells, name = map(read, state)
    # pandas also accepts names of dtypes, but these were not checked.
    is_known = isinstance(dtype, (np.dtype, pd.api.extensions.ExtensionDtype))
    if not is_known or type(cells) is not (np.ndarray if isinstance(dtype, np.dtype) else list):
        raise ValueError("a Series of another dtype than its cells")
    if isinstance(dtype, pd.CategoricalDtype):
        cells = pd.Categorical.from_codes(cells, dtype=dtype)
    elif isinstance(dtype, pd.PeriodDtype):
        cells = pd.PeriodIndex.from_ordinals(np.array(cells, dtype=np.int64), freq=dtype.freq)
    elif isinstance(dtype, pd.DatetimeTZDtype):
        moments = np.array(cells, dtype=np.int64).astype(f"M8[{dtype.unit}]")
        cells = pd.DatetimeIndex(moments, tz="UTC").tz_convert(dtype.tz)
    elif not isinstance(dtype, np.dtype):
        cells = pd.array(cells, dtype=dtype)
    return pd.Series(cells, dtype=dtype, name=name)


def _write_index(index: Any, write: Code) -> list[Any]:
    pd = library("pandas")
    if isinstance(index, pd.RangeIndex) and len(index) <= MAX_RANGE:
        return [write(list(index.names)), [index.start, index.stop, index.step]]
    levels = [index.get_level_values(i) for i in range(index.nlevels)]
    return [write(list(index.names)), [write(pd.Series(level, dtype=level.dtype)) for level in levels]]


def _read_index(state: Any, read: Code) -> Any:
    pd = library("pandas")
    names, parts = state
    if all(type(part) is int for part in parts):
        index = pd.RangeIndex(*parts)
        if len(index) > MAX_RANGE:
            raise ValueError(f"a range of {len(index)} names")
    else:
        series = [read(part) for part in parts]
        levels = [pd.Index(each, dtype=each.dtype, tupleize_cols=False) for each in series]
        index = levels[0] if len(levels) == 1 else pd.MultiIndex.from_arrays(levels)
    index.names = read(names)
    return index


def _write_frame(frame: Any, write: Code) -> list[Any]:
    return [write(frame.columns), [write(frame.iloc[:, j]) for j in range(frame.shape[1])]]


def _read_frame(state: Any, read: Code) -> Any:
    names, series = state
    frame = library("pandas").concat([read(each) for each in series], axis=1)
    frame.columns = read(names)
    return frame


def _write_moment(value: Any, write: Code) -> Any:
    """Return a date or a duration as a Series of one, in the same unit."""
    series, zone = library("pandas").Series(np.array([value.asm8])), getattr(value, "tz", None)
    return write(series if zone is None else series.dt.tz_localize("UTC").dt.tz_convert(zone))


# A table or an array of pyarrow is written as a frame or a Series.
_ARROW: Form = (lambda rows, write: write(as_pandas(rows)), lambda state, read: as_arrow(read(state)))

PANDAS_FORMS: dict[str, Form] = {
    "pyarrow Table": _ARROW,
    "pyarrow ChunkedArray": _ARROW,
    "pandas dtype": (_write_dtype, _read_dtype),
    "pandas array": (
        lambda array, write: write(library("pandas").Series(array)),
        lambda state, read: read(state).array,
    ),
    "pandas Series": (_write_series, _read_series),
    "pandas Index": (_write_index, _read_index),
    "pandas DataFrame": (_write_frame, _read_frame),
    "NAType": (lambda value, write: None, lambda state, read: library("pandas").NA),
    "NaTType": (lambda value, write: None, lambda state, read: library("pandas").NaT),
    "Timestamp": (_write_moment, lambda state, read: read(state)[0]),
    "Timedelta": (_write_moment, lambda state, read: read(state)[0]),
    "Period": (
        lambda value, write: write(library("pandas").Series([value])),
        lambda state, read: read(state)[0],
    ),
    "Interval": (
        lambda value, write: [write(value.left), write(value.right), value.closed],
        lambda state, read: library("pandas").Interval(read(state[0]), read(state[1]), state[2]),
    ),
}
