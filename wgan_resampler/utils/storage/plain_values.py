"""Cells and arrays as plain values, as files of state hold them, and back by fixed rules.

Texts, numbers, booleans and None stand for themselves. Anything else is a tuple of a tag and what it takes to make the
value again. Nothing in a file names a function or a class.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from wgan_resampler.exceptions import CheckpointError
from wgan_resampler.utils import FILES, require
from wgan_resampler.utils.storage.typed_state import checked

Plain = dict[str, Any]
_T = TypeVar("_T")

MAX_ARRAY_BYTES = 2**28
"""Texts of fixed width may make a large array of few characters, so what a file may ask for is limited."""


_PLAIN = (bool, int, float, str)
_DTYPE = re.compile(r"[<>|=]?(?:[biufUS]\d{1,7}|[mM]8(?:\[\d{0,4}[A-Za-z]{1,2}\])?|O)")
_ZONE = re.compile(r"(?!dateutil|tzlocal)[A-Za-z0-9+_:-]{1,40}(?:/[A-Za-z0-9+_:-]{1,40}){0,3}")
_KINDS: dict[str, tuple[type, ...]] = {"b": (bool,), "i": (int,), "u": (int,), "f": (float,), "U": (str,), "S": (str,)}


def get(state: Mapping[str, Any], key: str, kind: type[_T]) -> _T:
    """Return an entry of a state, or raise CheckpointError if it is not of this very type."""
    value = state.get(key)
    if type(value) is not kind:
        raise CheckpointError(f"It holds no {key!r} of type {kind.__name__}.")
    return value


@dataclass(frozen=True)
class _Form:
    """How values of one type are written, and made again."""

    tag: str
    pack: Callable[[Any], Any]
    unpack: Callable[[Any], Any]


def value_to_state(value: Any, where: str) -> Any:
    """Return a cell, a label or a name as a plain value.

    Parameters
    ----------
    value : Any
        Text, bytes, number, decimal, date, time, duration, interval, something missing, or a tuple of such.
    where : str
        What the error message calls it.

    Returns
    -------
    None, bool, int, float, str or tuple

    Raises
    ------
    CheckpointError
        If it is something else.

    Examples
    --------
    >>> import datetime
    >>> from wgan_resampler.utils.storage.plain_values import value_from_state, value_to_state
    >>> state = value_to_state(datetime.date(2024, 2, 29), "Column 'day'")
    >>> state, value_from_state(state)
    (('date', '2024-02-29'), datetime.date(2024, 2, 29))
    """
    if value is None or type(value) in _PLAIN:
        return value
    if type(value) is tuple:
        return ("tuple", [value_to_state(item, where) for item in value])
    if isinstance(value, np.generic):
        return ("numpy", array_to_state(np.array([value]), where))
    name = type(value).__name__
    form = _FORMS.get(name)
    if form is not None:
        state = (form.tag, form.pack(value))
        back = checked(value_from_state, state)
        if type(back) is type(value) and (back is value or back == value):
            return state
    raise CheckpointError(
        f"{where} holds {repr(value)[:60]}, a {name}, which a file cannot hold. Convert it to a text or a number first."
    )


def value_from_state(state: Any) -> Any:
    """Undo `value_to_state`; raises what nonsense raises, so call it within `checked`."""
    if state is None or type(state) in _PLAIN:
        return state
    tag, content = state
    if tag == "tuple":
        return tuple(value_from_state(item) for item in content)
    if tag == "numpy":
        return array_from_state(content)[0]
    return _BY_TAG[tag].unpack(content)


def array_to_state(array: NDArray[Any], where: str) -> Plain:
    """Return an array of at most two dimensions as plain values: its dtype as text, its shape and its elements.

    Raises
    ------
    CheckpointError
        If its dtype cannot be stored, or an object in it.
    """
    dtype = array.dtype
    if dtype_or_none(dtype.str) != dtype or array.nbytes > MAX_ARRAY_BYTES:
        raise CheckpointError(f"{where} is of dtype {dtype}, which a file cannot hold. Convert it first.")
    flat = np.ascontiguousarray(array).reshape(-1)
    if dtype.kind == "O":
        values = [value_to_state(value, where) for value in flat]
    elif dtype.kind in "mM":
        values = flat.astype(np.int64).tolist()
    elif dtype.kind == "S":
        values = [text.hex() for text in flat.tolist()]
    else:
        values = flat.tolist()
    return {"dtype": dtype.str, "shape": list(array.shape), "values": values}


def array_from_state(state: Mapping[str, Any]) -> NDArray[Any]:
    """Undo `array_to_state`; raises what nonsense raises, so call it within `checked`."""
    dtype, values, shape = dtype_from_text(state["dtype"]), get(state, "values", list), get(state, "shape", list)
    if any(type(n) is not int or n < 0 for n in shape) or len(shape) > 2 or math.prod(shape) != len(values):
        raise ValueError("an array whose shape is not that of its elements")
    if len(values) * dtype.itemsize > MAX_ARRAY_BYTES:
        raise ValueError(f"an array of {len(values)} elements of dtype {dtype}")
    if dtype.kind == "O":
        array = np.empty(len(values), dtype=object)
        for i, value in enumerate(values):
            array[i] = value_from_state(value)
        return array.reshape(shape)
    allowed = _KINDS.get(dtype.kind, (int,))
    if any(type(value) not in allowed for value in values):
        raise ValueError(f"elements that are not of dtype {dtype}")
    if dtype.kind in "mM":
        return np.array(values, dtype=np.int64).astype(dtype).reshape(shape)
    texts = [bytes.fromhex(value) for value in values] if dtype.kind == "S" else values
    return np.array(texts, dtype=dtype).reshape(shape)


def dtype_from_text(text: Any) -> np.dtype:
    """Return the dtype of numbers, texts, dates, durations or objects that a text names; ValueError for others."""
    dtype = dtype_or_none(text)
    if dtype is None:
        raise ValueError(f"a dtype {str(text)[:40]!r}")
    return dtype


def dtype_or_none(text: Any) -> np.dtype | None:
    """Return the dtype that a text names, or None."""
    if type(text) is not str or not _DTYPE.fullmatch(text):
        return None
    try:
        dtype = np.dtype(text)
    except TypeError:
        return None
    # What numpy calls f16 has another size and other numbers on other machines.
    return None if dtype.kind == "f" and dtype.itemsize > 8 else dtype


def zone_from_text(text: Any) -> str | None:
    """Return the name of a time zone if it looks like one; pandas would take paths of files, too."""
    if text is not None and (type(text) is not str or not _ZONE.fullmatch(text)):
        raise ValueError(f"a time zone {str(text)[:40]!r}")
    return text


def require_pandas() -> Any:
    """Import pandas, or say what needs it."""
    return require("pandas", "Loading a sampler of a pandas frame", FILES)


def _timestamp(state: Any) -> Any:
    pd = require_pandas()
    count, unit, zone = state
    moment = pd.Timestamp(np.int64(_whole(count)).astype(dtype_from_text(f"M8[{unit}]")))
    return moment if zone is None else moment.tz_localize("UTC").tz_convert(zone_from_text(zone))


def _timedelta(state: Any) -> Any:
    count, unit = state
    return require_pandas().Timedelta(np.int64(_whole(count)).astype(dtype_from_text(f"m8[{unit}]")))


def _interval(state: Any) -> Any:
    left, right, closed = state
    return require_pandas().Interval(value_from_state(left), value_from_state(right), _text(closed))


def _whole(count: Any) -> int:
    if type(count) is not int:
        raise ValueError("a date that is no whole number")
    return count


def _text(text: Any) -> str:
    if type(text) is not str or len(text) > 100_000:
        raise ValueError("something else where a text should be")
    return text


_FORMS = {
    "bytes": _Form("bytes", bytes.hex, lambda text: bytes.fromhex(_text(text))),
    "Decimal": _Form("decimal", str, lambda text: Decimal(_text(text))),
    "date": _Form("date", datetime.date.isoformat, lambda text: datetime.date.fromisoformat(_text(text))),
    "datetime": _Form(
        "datetime", datetime.datetime.isoformat, lambda text: datetime.datetime.fromisoformat(_text(text))
    ),
    "time": _Form("time", datetime.time.isoformat, lambda text: datetime.time.fromisoformat(_text(text))),
    "timedelta": _Form(
        "timedelta",
        lambda value: [value.days, value.seconds, value.microseconds],
        lambda parts: datetime.timedelta(*map(_whole, parts)),
    ),
    "NAType": _Form("missing", lambda _: "NA", lambda _: require_pandas().NA),
    "NaTType": _Form("no time", lambda _: "NaT", lambda _: require_pandas().NaT),
    "Timestamp": _Form(
        "timestamp",
        lambda value: [
            int(value.asm8.astype(np.int64)),
            value.unit,
            None if value.tz is None else str(value.tz),
        ],
        _timestamp,
    ),
    "Timedelta": _Form("duration", lambda value: [int(value.asm8.astype(np.int64)), value.unit], _timedelta),
    "Interval": _Form(
        "interval",
        lambda value: [
            value_to_state(value.left, "An interval"),
            value_to_state(value.right, "An interval"),
            value.closed,
        ],
        _interval,
    ),
}
_BY_TAG = {form.tag: form for form in _FORMS.values()}
