"""Values of any type that a table or a parameter may hold as plain values, and back.

A value that is not plain becomes a list of a tag and a content. When a value is saved, it is read back and written
again. If the two results differ, saving fails. Otherwise the user would only notice the error when loading.
"""

from __future__ import annotations

import contextlib
import datetime
from decimal import Decimal
from typing import Any, Final

import msgspec

from wgan_resampler.exceptions import CheckpointError
from wgan_resampler.tables.containers.base import is_of
from wgan_resampler.tables.state.forms import NUMPY_FORMS, Form
from wgan_resampler.tables.state.pandas_forms import PANDAS_FORMS
from wgan_resampler.tables.state.polars_forms import POLARS_FORMS
from wgan_resampler.utils.storage import refusing

_PLAIN = (type(None), bool, int, float, str)

_FAMILIES: Final = {
    "numpy dtype": ("numpy", "dtype"),
    "numpy array": ("numpy", "ndarray"),
    "numpy scalar": ("numpy", "generic"),
    "pandas dtype": ("pandas.api.extensions", "ExtensionDtype"),
    "pandas array": ("pandas.api.extensions", "ExtensionArray"),
    "pandas Series": ("pandas", "Series"),
    "pandas Index": ("pandas", "Index"),
    "pandas DataFrame": ("pandas", "DataFrame"),
    "pyarrow Table": ("pyarrow", "Table"),
    "pyarrow ChunkedArray": ("pyarrow", "ChunkedArray"),
    "polars dtype": ("polars.datatypes", "DataType", "DataTypeClass"),
    "polars Series": ("polars", "Series"),
    "polars DataFrame": ("polars", "DataFrame"),
}
"""Tags of the types that have subclasses, with their library and their names there. Other tags are names of types."""


def value_to_state(value: Any, where: str) -> Any:
    """Return a value as a plain value; `where` is what an error message calls it.

    It may be a cell, a label, a dtype, an array, a Series, a frame, or a list, tuple or dict of these. CheckpointError
    is raised if it is something else.

    Examples
    --------
    >>> import datetime
    >>> from wgan_resampler.tables.state.plain_values import value_from_state, value_to_state
    >>> state = value_to_state(datetime.date(2024, 2, 29), "Column 'day'")
    >>> state, value_from_state(state)
    (['date', '2024-02-29'], datetime.date(2024, 2, 29))
    """

    def write(value: Any) -> Any:
        if type(value) in _PLAIN:
            return value
        tags = (tag for tag, (library, *names) in _FAMILIES.items() if is_of(library, value, *names))
        tag = next(tags, type(value).__name__)
        if tag not in _FORMS:
            raise _cannot_hold(where, value)
        return [tag, _FORMS[tag][0](value, write)]

    state = write(value)
    with contextlib.suppress(CheckpointError):
        # Compared as strings, because a NaN does not equal itself.
        if repr(write(value_from_state(state))) == repr(state):
            return state
    raise _cannot_hold(where, value)


def _cannot_hold(where: str, value: Any) -> CheckpointError:
    return CheckpointError(
        f"{where} holds {repr(value)[:60]}, a {type(value).__name__}, which a file cannot hold. Convert it to strings "
        "or numbers first."
    )


def is_dtype(value: Any) -> bool:
    """Whether a value is the dtype of an array or of a column, and not a name that a library would take for one."""
    return any(is_of(library, value, *names) for tag, (library, *names) in _FAMILIES.items() if tag.endswith(" dtype"))


@refusing
def value_from_state(state: Any) -> Any:
    """Undo `value_to_state`; CheckpointError if the state is damaged."""
    return _read(state)


def _read(state: Any) -> Any:
    if type(state) in _PLAIN:
        return state
    tag, content = state
    return _FORMS[tag][1](content, _read)


def _scalar(kind: type) -> Form:
    """Return the form of a type for which msgspec has a string."""
    return lambda value, write: msgspec.to_builtins(value), lambda text, read: msgspec.convert(text, kind)


_FORMS: Final[dict[str, Form]] = {
    "list": (lambda items, write: [write(item) for item in items], lambda state, read: [read(item) for item in state]),
    "tuple": (
        lambda items, write: [write(item) for item in items],
        lambda state, read: tuple(read(item) for item in state),
    ),
    "dict": (
        lambda pairs, write: [[write(key), write(item)] for key, item in pairs.items()],
        lambda state, read: {read(key): read(item) for key, item in state},
    ),
    **{
        kind.__name__: _scalar(kind)
        for kind in (bytes, Decimal, datetime.date, datetime.datetime, datetime.time, datetime.timedelta)
    },
    **NUMPY_FORMS,
    **PANDAS_FORMS,
    **POLARS_FORMS,
}
