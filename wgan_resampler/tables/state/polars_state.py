"""Formats of polars frames as plain values, and back: dtypes, names and categories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wgan_resampler.exceptions import CheckpointError
from wgan_resampler.tables.containers.polars_frames import PolarsColumn, PolarsFormat
from wgan_resampler.utils import FILES, require
from wgan_resampler.utils.storage import Plain, checked, get, value_from_state, value_to_state, zone_from_text

_SIMPLE = (
    *("Int8", "Int16", "Int32", "Int64", "Int128", "UInt8", "UInt16", "UInt32", "UInt64", "UInt128"),
    *("Float16", "Float32", "Float64", "Boolean", "String", "Date", "Time", "Categorical"),
)
_UNITS = ("ms", "us", "ns")


def frame_format_to_state(form: PolarsFormat) -> Plain:
    """Return the format of a frame as plain values.

    Raises
    ------
    CheckpointError
        If a column is of a dtype that a file cannot hold.
    """
    columns = [_column_to_state(column, f"Column {form.label(j)}") for j, column in enumerate(form.columns)]
    return {"names": list(form.names), "columns": columns}


def frame_format_from_state(state: Mapping[str, Any]) -> PolarsFormat:
    """Undo `frame_format_to_state`; raises what nonsense raises."""
    names, columns = get(state, "names", list), get(state, "columns", list)
    if len(names) != len(columns) or len(set(names)) != len(names) or not all(type(name) is str for name in names):
        raise ValueError("other names than columns")
    return PolarsFormat(tuple(names), tuple(_column_from_state(column) for column in columns))


def _column_to_state(column: PolarsColumn, where: str) -> Plain:
    return {
        "dtype": dtype_to_state(column.dtype, where),
        "categories": None if column.categories is None else series_to_state(column.categories, where),
        "nan_is_missing": column.nan_is_missing,
    }


def _column_from_state(state: Mapping[str, Any]) -> PolarsColumn:
    dtype, categories = dtype_from_state(state["dtype"]), state["categories"]
    if categories is not None:
        categories = series_from_state(categories)
        if categories.dtype != dtype:
            raise ValueError("categories of another dtype than the column")
    nan_is_missing = get(state, "nan_is_missing", bool)
    if nan_is_missing and not dtype.is_float():
        raise ValueError("NaN in a column that is not of floats")
    return PolarsColumn(dtype, categories, nan_is_missing)


def series_to_state(series: Any, where: str) -> Plain:
    """Return the cells of a Series as plain values; its name is left out."""
    plain = series.to_physical() if series.dtype.is_temporal() else series
    cells = [value_to_state(cell, where) for cell in plain.to_list()]
    state = {"dtype": dtype_to_state(series.dtype, where), "cells": cells}
    again = checked(series_from_state, state)
    if again.dtype != series.dtype or not _as_texts(again).equals(_as_texts(series), null_equal=True):
        raise CheckpointError(f"{where} holds cells of dtype {series.dtype} that a file cannot hold. Convert it first.")
    return state


def _as_texts(series: Any) -> Any:
    """Return categories as texts: polars 1.9 holds those of two columns for different."""
    pl = require_polars()
    return series.cast(pl.String) if isinstance(series.dtype, pl.Categorical) else series


def series_from_state(state: Mapping[str, Any]) -> Any:
    """Undo `series_to_state`; raises what nonsense raises."""
    pl = require_polars()
    dtype = dtype_from_state(state["dtype"])
    cells = [value_from_state(cell) for cell in get(state, "cells", list)]
    with Refusals():
        if not dtype.is_temporal():
            return pl.Series(cells, dtype=dtype, strict=True)
        physical = pl.Int32 if dtype == pl.Date else pl.Int64
        return pl.Series(cells, dtype=physical, strict=True).cast(dtype)


def dtype_to_state(dtype: Any, where: str) -> Any:
    """Return a dtype as plain values.

    Parameters
    ----------
    dtype : polars.DataType
        Of a column.
    where : str
        What the error message calls the column.

    Returns
    -------
    str or tuple

    Raises
    ------
    CheckpointError
        If it is none that a file can hold.

    Examples
    --------
    >>> import polars as pl
    >>> from wgan_resampler.tables.state.polars_state import dtype_from_state, dtype_to_state
    >>> state = dtype_to_state(pl.Datetime("us", "Europe/Rome"), "Column 'day'")
    >>> state, dtype_from_state(state)
    (('Datetime', 'us', 'Europe/Rome'), Datetime(time_unit='us', time_zone='Europe/Rome'))
    """
    import polars as pl

    state: Any = str(dtype)
    if isinstance(dtype, pl.Datetime):
        state = ("Datetime", dtype.time_unit, dtype.time_zone)
    elif isinstance(dtype, pl.Duration):
        state = ("Duration", dtype.time_unit, None)
    elif isinstance(dtype, pl.Decimal):
        state = ("Decimal", dtype.precision, dtype.scale)
    elif isinstance(dtype, pl.Enum):
        state = ("Enum", dtype.categories.to_list(), None)
    elif isinstance(dtype, pl.Categorical):
        state = "Categorical"
    known = isinstance(state, tuple) or state in _SIMPLE
    if not known or checked(dtype_from_state, state) != dtype:
        raise CheckpointError(f"{where} is of dtype {dtype}, which a file cannot hold. Cast it first.")
    return state


def dtype_from_state(state: Any) -> Any:
    """Undo `dtype_to_state`; raises what nonsense raises."""
    pl = require_polars()
    if isinstance(state, str):
        kinds = {name: getattr(pl, name) for name in _SIMPLE if hasattr(pl, name)}
        return kinds[state]()
    tag, first, second = state
    with Refusals():
        if tag in ("Datetime", "Duration"):
            if first not in _UNITS:
                raise ValueError(f"a unit of time {str(first)[:20]!r}")
            return pl.Datetime(first, zone_from_text(second)) if tag == "Datetime" else pl.Duration(first)
        if tag == "Decimal":
            if not all(number is None or (type(number) is int and 0 <= number <= 76) for number in (first, second)):
                raise ValueError("digits that are none")
            return pl.Decimal(first, second)
        if tag == "Enum" and all(type(text) is str for text in first):
            return pl.Enum(first)
    raise ValueError(f"a dtype {str(tag)[:20]!r}")


def require_polars() -> Any:
    """Import polars, or say what needs it."""
    return require("polars", "Loading a sampler of a polars frame", FILES)


class Refusals:
    """Turns the errors of polars, which are no ValueErrors and partly no Exceptions, into ValueErrors."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        errors = require_polars().exceptions
        if isinstance(error, (errors.PolarsError, errors.PanicException)):
            raise ValueError(f"polars: {error}") from error
