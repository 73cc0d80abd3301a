"""Cells, labels, names and arrays as plain values, and back.

Files of state hold None, booleans, integers, floats, strings and lists and dictionaries of these. Any other value
becomes a list of a tag and the values from which it is made again. Nothing in a file names a function or a class.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wgan_resampler.exceptions import CheckpointError
from wgan_resampler.utils import FILES, require
from wgan_resampler.utils.storage import checked

MAX_ARRAY_BYTES = 2**28
"""Strings of a fixed width may make a large array of few characters, so the size of an array is limited."""

_PLAIN = (type(None), bool, int, float, str)
_DTYPE = re.compile(r"[<>|=]?(?:[biufUS]\d{1,7}|[mM]8(?:\[\d{0,4}[A-Za-z]{1,2}\])?|O)")
_ZONE = re.compile(r"(?!dateutil|tzlocal)[A-Za-z0-9+_:-]{1,40}(?:/[A-Za-z0-9+_:-]{1,40}){0,3}")
_TYPES: dict[str, type] = {"b": bool, "i": int, "u": int, "f": float, "U": str, "S": bytes, "m": int, "M": int}


def value_to_state(value: Any, where: str) -> Any:
    """Return a cell, a label or a name as a plain value.

    Parameters
    ----------
    value : Any
        A string, bytes, a number, a decimal, a date, a time, a duration, an interval, a missing value, or a tuple of
        these.
    where : str
        What the error message calls it.

    Returns
    -------
    None, bool, int, float, str or list

    Raises
    ------
    CheckpointError
        If it is something else.

    Examples
    --------
    >>> import datetime
    >>> from wgan_resampler.tables.plain_values import value_from_state, value_to_state
    >>> state = value_to_state(datetime.date(2024, 2, 29), "Column 'day'")
    >>> state, value_from_state(state)
    (['date', '2024-02-29'], datetime.date(2024, 2, 29))
    """
    if type(value) in _PLAIN:
        return value
    if type(value) is tuple:
        return ["tuple", [value_to_state(item, where) for item in value]]
    if isinstance(value, np.generic):
        return ["numpy", array_to_state(np.array([value]), where)]
    name = type(value).__name__
    if name in _FORMS:
        state = [name, _FORMS[name][0](value)]
        back = checked(value_from_state, state)
        # A type of the same name, or a value with more in it than is written down, is refused.
        if type(back) is type(value) and (back is value or back == value):
            return state
    raise CheckpointError(
        f"{where} holds {repr(value)[:60]}, a {name}, which a file cannot hold. Convert it to a string or a number "
        "first."
    )


def value_from_state(state: Any) -> Any:
    """Undo `value_to_state`. Call it within `checked`: a damaged state raises many kinds of errors."""
    if type(state) in _PLAIN:
        return state
    tag, content = state
    if tag == "tuple":
        return tuple(value_from_state(item) for item in content)
    if tag == "numpy":
        return array_from_state(content)[0]
    return _FORMS[tag][1](content)


def array_to_state(array: NDArray[Any], where: str) -> dict[str, Any]:
    """Return an array as plain values: its dtype, its shape and its elements.

    Raises
    ------
    CheckpointError
        If a file cannot hold its dtype, or an object in it.
    """
    if not can_hold(array.dtype) or array.nbytes > MAX_ARRAY_BYTES:
        raise CheckpointError(f"{where} is of dtype {array.dtype}, which a file cannot hold. Convert it first.")
    counts = array.astype(np.int64) if array.dtype.kind in "mM" else array
    values = [value_to_state(value, where) for value in counts.ravel().tolist()]
    return {"dtype": array.dtype.str, "shape": list(array.shape), "values": values}


def array_from_state(state: dict[str, Any]) -> NDArray[Any]:
    """Undo `array_to_state`. Call it within `checked`, as `value_from_state`."""
    dtype, values = dtype_from_text(state["dtype"]), [value_from_state(value) for value in state["values"]]
    if len(values) * dtype.itemsize > MAX_ARRAY_BYTES:
        raise ValueError(f"an array of {len(values)} elements of dtype {dtype}")
    if dtype.kind == "O":
        array = np.fromiter(values, dtype=object, count=len(values))
    elif all(type(value) is _TYPES[dtype.kind] for value in values):
        array = np.array(values, dtype=np.int64 if dtype.kind in "mM" else dtype).astype(dtype)
    else:
        raise ValueError(f"elements that are not of dtype {dtype}")
    return array.reshape(state["shape"])


def can_hold(dtype: np.dtype) -> bool:
    """Whether a file can hold an array of this dtype: of numbers, strings, bytes, dates, durations or objects."""
    # The size and the numbers of what numpy calls f16 depend on the machine.
    return dtype.kind in "biufUSmMO" and not (dtype.kind == "f" and dtype.itemsize > 8)


def dtype_from_text(text: Any) -> np.dtype:
    """Return the dtype with this name, or raise ValueError or TypeError if a file does not hold such a dtype."""
    dtype = np.dtype(text if _DTYPE.fullmatch(text) else "V")
    if not can_hold(dtype):
        raise ValueError(f"a dtype {text[:40]!r}")
    return dtype


def zone_from_text(text: Any) -> str | None:
    """Return the name of a time zone, or None for none. Names that pandas would take for paths of files are refused."""
    if text is not None and (type(text) is not str or not _ZONE.fullmatch(text)):
        raise ValueError(f"a time zone {str(text)[:40]!r}")
    return text


def require_pandas() -> Any:
    """Import pandas, or say what needs it."""
    return require("pandas", "Loading a sampler of a pandas frame", FILES)


def _timestamp(state: Any) -> Any:
    moment = require_pandas().Timestamp(value_from_state(state[0]))
    return moment if state[1] is None else moment.tz_localize("UTC").tz_convert(zone_from_text(state[1]))


def _interval(state: Any) -> Any:
    left, right, closed = state
    return require_pandas().Interval(value_from_state(left), value_from_state(right), closed)


# By the name of the type: how a value is written, and how it is made again.
_FORMS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "bytes": (bytes.hex, bytes.fromhex),
    "Decimal": (str, Decimal),
    "date": (datetime.date.isoformat, datetime.date.fromisoformat),
    "datetime": (datetime.datetime.isoformat, datetime.datetime.fromisoformat),
    "time": (datetime.time.isoformat, datetime.time.fromisoformat),
    "timedelta": (lambda value: [value.days, value.seconds, value.microseconds], lambda n: datetime.timedelta(*n)),
    "NAType": (lambda _: None, lambda _: require_pandas().NA),
    "NaTType": (lambda _: None, lambda _: require_pandas().NaT),
    "Timestamp": (lambda value: [value_to_state(value.asm8, "It"), value.tz and str(value.tz)], _timestamp),
    "Timedelta": (
        lambda value: value_to_state(value.asm8, "It"),
        lambda state: require_pandas().Timedelta(value_from_state(state)),
    ),
    "Interval": (
        lambda value: [value_to_state(value.left, "It"), value_to_state(value.right, "It"), value.closed],
        _interval,
    ),
}
