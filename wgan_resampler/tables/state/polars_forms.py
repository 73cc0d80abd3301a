"""The forms of polars' dtypes, Series and frames."""

from __future__ import annotations

from typing import Any

from wgan_resampler.tables.state.forms import Code, Form, checked_zone, library

# What a dtype is made from, by its name.
_ARGUMENTS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("Int8", "Int16", "Int32", "Int64", "Int128", "UInt8", "UInt16", "UInt32", "UInt64", "UInt128"), ()
    ),
    **dict.fromkeys(("Float16", "Float32", "Float64", "Boolean", "String", "Binary", "Null"), ()),
    **dict.fromkeys(("Date", "Time", "Categorical"), ()),
    "Datetime": ("time_unit", "time_zone"),
    "Duration": ("time_unit",),
    "Decimal": ("precision", "scale"),
    "Enum": ("categories",),
}


def _write_dtype(dtype: Any, write: Code) -> list[Any]:
    name = dtype.base_type().__name__  # polars 1.9 gives some dtypes as classes
    values = [getattr(dtype, argument) for argument in _ARGUMENTS.get(name, ())]
    return [name, *(value.to_list() if hasattr(value, "to_list") else value for value in values)]


def _read_dtype(state: Any, read: Code) -> Any:
    name, *values = state
    arguments = dict(zip(_ARGUMENTS[name], values, strict=True))
    checked_zone(arguments.get("time_zone"))
    if not all(type(text) is str for text in arguments.get("categories", ())):
        raise ValueError("categories that are not strings")
    return getattr(library("polars"), name)(**arguments)


def _write_series(series: Any, write: Code) -> list[Any]:
    # Dates and durations are written as integers of their unit.
    counts = series.to_physical() if series.dtype.is_temporal() else series
    return [write(series.dtype), [write(cell) for cell in counts.to_list()], series.name]


def _read_series(state: Any, read: Code) -> Any:
    pl = library("polars")
    dtype, cells, name = read(state[0]), [read(cell) for cell in state[1]], str(state[2])
    if not dtype.is_temporal():
        return pl.Series(name, cells, dtype=dtype, strict=True)
    return pl.Series(name, cells, dtype=pl.Int32 if dtype == pl.Date else pl.Int64, strict=True).cast(dtype)


POLARS_FORMS: dict[str, Form] = {
    "polars dtype": (_write_dtype, _read_dtype),
    "polars Series": (_write_series, _read_series),
    "polars DataFrame": (
        lambda frame, write: [write(series) for series in frame.get_columns()],
        lambda state, read: library("polars").DataFrame([read(series) for series in state]),
    ),
}
