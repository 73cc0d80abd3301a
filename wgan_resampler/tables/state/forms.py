"""How a value of one type is written as plain values, and how it is made again; and the forms of numpy's values.

Files of state hold None, booleans, integers, floats, strings, and lists and dictionaries of these. Any other value
becomes a list of a tag and its content, see :mod:`wgan_resampler.tables.state.plain_values`. A form writes and reads
the content. Nothing in a file names a function or a class.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wgan_resampler.utils import FILES, require

MAX_ARRAY_BYTES = 2**28
"""Strings of a fixed width may make a large array of few characters, so the size of an array is limited."""

MAX_ITEM_BYTES = 2**16
"""Largest size of a dtype of strings. The dtype takes few bytes in a file, but its size for each value of a table."""

Code = Callable[[Any], Any]
"""Writes a value that is part of another one, or reads it."""

Form = tuple[Callable[[Any, Code], Any], Callable[[Any, Code], Any]]
"""Two functions: the first returns the content of a value, the second builds the value again.

The second one may raise any error if the content is damaged. The second argument of each function writes or reads the
parts of the value.
"""

_DTYPE = re.compile(r"[<>|=]?(?:[biufUS]\d{1,7}|[mM]8(?:\[\d{0,4}[A-Za-z]{1,2}\])?|O)")
_ZONE = re.compile(r"(?!dateutil|tzlocal)[A-Za-z0-9+_:-]{1,40}(?:/[A-Za-z0-9+_:-]{1,40}){0,3}")
_TYPES: dict[str, type] = {"b": bool, "i": int, "u": int, "f": float, "U": str, "S": bytes, "m": int, "M": int}


def library(name: str) -> Any:
    """Return a library that a file needs; MissingDependencyError if it is not installed."""
    return require(name, f"Loading a sampler of a {name} frame", FILES)


def checked_zone(name: Any) -> str | None:
    """Return the name of a time zone, or None for none. Names that pandas would take for paths of files are refused."""
    if name is not None and (type(name) is not str or not _ZONE.fullmatch(name)):
        raise ValueError(f"a time zone {str(name)[:40]!r}")
    return name


def _read_dtype(name: Any, read: Code) -> np.dtype:
    """Return a dtype of numbers, strings, bytes, dates, durations or objects."""
    dtype = np.dtype(name if _DTYPE.fullmatch(name) else "V")
    # The size and the numbers of what numpy calls f16 depend on the machine.
    max_bytes = 8 if dtype.kind == "f" else MAX_ITEM_BYTES
    if dtype.kind not in "biufUSmMO" or dtype.itemsize > max_bytes:
        raise ValueError(f"a dtype {name[:40]!r}")
    return dtype


def _write_array(array: NDArray[Any], write: Code) -> dict[str, Any]:
    counts = array.astype(np.int64) if array.dtype.kind in "mM" else array
    values = [write(value) for value in counts.ravel().tolist()]
    return {"dtype": write(array.dtype), "shape": list(array.shape), "values": values}


def _read_array(state: Any, read: Code) -> NDArray[Any]:
    dtype, values = read(state["dtype"]), [read(value) for value in state["values"]]
    if len(values) * dtype.itemsize > MAX_ARRAY_BYTES:
        raise ValueError(f"an array of {len(values)} elements of dtype {dtype}")
    if dtype.kind == "O":
        array = np.fromiter(values, dtype=object, count=len(values))
    elif all(type(value) is _TYPES[dtype.kind] for value in values):
        array = np.array(values, dtype=np.int64 if dtype.kind in "mM" else dtype).astype(dtype)
    else:
        raise ValueError(f"elements that are not of dtype {dtype}")
    return array.reshape(state["shape"])


NUMPY_FORMS: dict[str, Form] = {
    "numpy dtype": (lambda dtype, write: dtype.str, _read_dtype),
    "numpy array": (_write_array, _read_array),
    "numpy scalar": (lambda value, write: write(np.array([value])), lambda state, read: read(state)[0]),
}
