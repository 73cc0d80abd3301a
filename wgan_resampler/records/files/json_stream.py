"""JSON read as a stream of events. Memory depends on the numbers that are kept, not on the size of the file."""

from __future__ import annotations

import contextlib
import os
from array import array
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from wgan_resampler.exceptions import DataFileError
from wgan_resampler.records.files.json_text import explain_error, open_text
from wgan_resampler.tables import one_line
from wgan_resampler.utils import FILES, require

MAX_DEPTH = 32
"""The deepest nesting allowed in the values of other keys than the records."""

MAX_VALUES = 20_000_000
"""The most values that the other keys may hold. Each takes about 100 bytes of memory."""

MAX_NUMBER = 1e30
"""The largest size of a number in a record. Networks and classifiers compute with floats of 32 bits."""

_T = TypeVar("_T")
Event = tuple[str, Any]
_NAMES = {
    "start_array": "a list too deep. A record is a list of numbers, or a list of frames. Remove other levels of lists, "
    "such as a channel of length 1",
    "start_map": "an object",
}

Reduce = Callable[[NDArray[np.float64]], NDArray[np.float64]]


class BigNumberError(DataFileError):
    """A number is too large for the fast way of reading. The exact way may be able to read it."""


@contextlib.contextmanager
def open_json(path: str | os.PathLike[str], *, exact: bool = False) -> Iterator[JSONObjectReader]:
    """Open a JSON file that holds an object; any invalid JSON raises DataFileError.

    Integers beyond 64 bits raise BigNumberError. `exact` reads them, but takes a few times longer.
    """
    ijson = require("ijson", "Reading JSON files", FILES)
    with open_text(path, exact=exact) as text:
        try:
            yield JSONObjectReader(path, iter(ijson.basic_parse(text, use_float=not exact)))
        except DataFileError:
            raise
        except (ijson.JSONError, ValueError) as error:
            if "overflow" in str(error).partition("\n")[0] and not exact:
                raise BigNumberError(f"{path} holds a number that is too large.") from error
            raise DataFileError(explain_error(path, text.last_start, error, exact=exact)) from error


def convert(path: str | os.PathLike[str], values: Any, kind: type[_T]) -> _T:
    """Return JSON values as an object of a declared type; DataFileError names the first value that does not fit."""
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        problem = one_line(error).replace("$.", "").replace("`", "")
        raise DataFileError(f"{path} cannot be used: {problem}.") from error


class JSONObjectReader:
    """Reads the members of the JSON object that a file holds, one by one.

    Parameters
    ----------
    path : str or os.PathLike
        The file, for messages.
    events : iterator of tuple
        The basic events of ijson.
    """

    def __init__(self, path: str | os.PathLike[str], events: Iterator[Event]) -> None:
        self._path = path
        self._events = events
        self._n_values = 0
        self._width: int | None = None

    def keys(self) -> Iterator[str]:
        """Yield the keys of the object. The caller must read the value of a key before it asks for the next key."""
        event, _ = next(self._events)
        if event != "start_map":
            raise self._error("is a JSON file, but holds no object { } at its top")
        seen = set()
        for event, key in self._events:
            if event == "end_map":
                break
            if key in seen:
                raise self._error(f"has the key {key[:80]!r} twice")
            seen.add(key)
            yield key
        for _ in self._events:  # raises if more text follows
            pass

    def value(self, key: str) -> Any:
        """Read any value as Python objects."""
        from ijson import ObjectBuilder

        builder, depth = ObjectBuilder(), 0
        for event, value in self._events:
            builder.event(event, float(value) if isinstance(value, Decimal) else value)
            self._n_values += 1
            if self._n_values > MAX_VALUES:
                raise self._error(
                    f"holds over {MAX_VALUES} values outside its records. If {key[:40]!r} holds the records, rename it "
                    "to 'features' or 'mfcc'"
                )
            if event in ("start_map", "start_array"):
                depth += 1
                if depth > MAX_DEPTH:
                    raise self._error(f"nests {key[:80]!r} over {MAX_DEPTH} levels deep")
            elif event in ("end_map", "end_array"):
                depth -= 1
            if depth == 0:
                break
        return builder.value

    def records(self, key: str, reduce: Reduce | None = None) -> list[NDArray[np.float64]]:
        """Read a list of records, each a list of numbers or a list of such lists, all of one width.

        `reduce` turns each record into what is kept of it.
        """
        event, _ = next(self._events)
        if event != "start_array":
            raise self._error(f"must hold a list of records under {key!r}")
        records: list[NDArray[np.float64]] = []
        kind = None
        for event, _ in self._events:
            if event == "end_array":
                return records
            where = f"record {len(records)} of {key!r}"
            if event != "start_array":
                raise self._error(f"must hold lists of numbers; {where} is not a list")
            try:
                record = self._record(where)
            except OverflowError as error:  # an integer beyond the range of floats
                raise self._too_large(where) from error
            kind = kind or record.ndim
            if record.ndim != kind:
                raise self._error(f"mixes vectors and sequences; {where} differs from those before it")
            records.append(record if reduce is None else reduce(record))
        raise self._error("ends too early")

    def _record(self, where: str) -> NDArray[np.float64]:
        """Read one record after its opening bracket. The loop runs once for every number of the file: keep it fast."""
        numbers, n_frames, inside = array("d"), 0, False
        append = numbers.append
        for event, value in self._events:
            if event == "number":
                append(value)
            elif event == "end_array":
                if not inside:
                    break
                inside = False
                n_frames += 1
                self._check_width(len(numbers), n_frames, where)
            elif event == "start_array" and not inside and len(numbers) == n_frames * (self._width or 0):
                inside = True
            else:
                raise self._error(f"must hold numbers only; {where} holds {_NAMES.get(event, f'a {event}')}")
        self._check_width(len(numbers), max(n_frames, 1), where)
        values = np.frombuffer(numbers, dtype=np.float64)
        if not (np.abs(values) <= MAX_NUMBER).all():
            raise self._too_large(where)
        return values.reshape(n_frames, -1) if n_frames else values

    def _check_width(self, n_numbers: int, n_rows: int, where: str) -> None:
        if self._width is None:
            self._width = n_numbers
        if n_numbers != n_rows * self._width or n_numbers == 0:
            found = n_numbers - (n_rows - 1) * self._width
            raise self._error(
                f"must hold the same number of values in each row, at least one; {where} has {found} in its row "
                f"{n_rows - 1} instead of {self._width}"
            )

    def _too_large(self, where: str) -> DataFileError:
        return self._error(f"must hold numbers from -{MAX_NUMBER:g} to {MAX_NUMBER:g}; {where} holds one beyond that")

    def _error(self, what: str) -> DataFileError:
        return DataFileError(f"{self._path} {what}.")
