"""Checks that every part of a state from a file has the declared type and lies in the declared range.

Types are declared once, as annotations of a dataclass. msgspec checks a state against them before anything is built
from it. It is one small compiled package without dependencies, which works on ordinary dataclasses.
"""

from __future__ import annotations

import functools
import pickle
import re
import struct
import sys
import zipfile
from collections.abc import Callable
from typing import Annotated, Any, ParamSpec, TypeVar

import msgspec
import numpy as np
from torch import Tensor

from wgan_resampler.exceptions import CheckpointError

_P = ParamSpec("_P")
_T = TypeVar("_T")

Count = Annotated[int, msgspec.Meta(ge=0, lt=2**48)]
"""A number of rows, epochs, updates and the like."""

Share = Annotated[float, msgspec.Meta(ge=0, lt=1)]
NotNegative = Annotated[float, msgspec.Meta(ge=0, le=float(np.finfo(np.float64).max))]
Scalar = str | int | float | bool
Records = list[dict[str, int | float]]
"""The history of a training."""

Weights = dict[str, Tensor]
"""Named parameters and buffers of a network."""


def convert_state(state: Any, kind: type[_T]) -> _T:
    """Return plain values and tensors as an object of a declared type, such as a dataclass.

    CheckpointError names the first entry that is missing, has another type or lies outside its range. `kind` may have a
    ``__post_init__`` that raises ValueError where two fields do not fit each other. It may hold dtypes of numbers.
    """
    try:
        return msgspec.convert(state, kind, strict=True, dec_hook=_read_dtype)
    except (msgspec.ValidationError, AttributeError) as error:  # AttributeError: a tensor where a dict should be
        problem, _, place = str(error).partition(" - at ")
        for json_name, name in (("`object`", "dict"), ("`array`", "list"), ("null", "None"), ("`", "")):
            problem, place = problem.replace(json_name, name), place.replace("`", "")
        entry = place.replace("$", "").strip(". ")
        raise CheckpointError(f"The {f'entry {entry!r}' if entry else 'state'} is wrong: {problem}.") from error


def _read_dtype(kind: type, text: Any) -> Any:
    """Return the dtype of numbers of this name. Values of other types that msgspec does not know stay as they are."""
    if kind is not np.dtype:
        return text
    if type(text) is not str or not re.fullmatch(r"[<>|]?(b1|[iu][1248]|f[248])", text):
        raise ValueError(f"{str(text)[:40]!r} is not the dtype of a number")
    return np.dtype(text)


def check_same_form(state: Any, expected: Any, where: str) -> None:
    """Raise CheckpointError unless a state has the keys, types, shapes and dtypes of one that the program just made.

    Integers must be at least 0. `where` is the name of the entry in the message.
    """
    if type(state) is not type(expected) or (type(state) is int and state < 0):
        kind = "integer of at least 0" if type(expected) is int else type(expected).__name__
        raise CheckpointError(f"The entry {where!r} should be of type {kind}; the file has {str(state)[:40]!r}.")
    if isinstance(state, Tensor) and (state.shape != expected.shape or state.dtype != expected.dtype):
        wanted, found = (f"shape {tuple(each.shape)} and {each.dtype}" for each in (expected, state))
        raise CheckpointError(f"The entry {where!r} should have {wanted}; the file has {found}.")
    if isinstance(state, list):
        state, expected = dict(enumerate(state)), dict(enumerate(expected))
    if isinstance(state, dict):
        if state.keys() != expected.keys():
            found = str(list(state))[:200]
            raise CheckpointError(f"The entry {where!r} should hold {list(expected)}; the file has {found}.")
        for key, value in expected.items():
            check_same_form(state[key], value, f"{where}.{key}")


def refusing(build: Callable[_P, _T]) -> Callable[_P, _T]:
    """Make a function raise CheckpointError if damaged content causes any error, also in a library."""

    @functools.wraps(build)
    def refuse(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return build(*args, **kwargs)
        except CheckpointError:
            raise
        except _damage() as error:
            raise CheckpointError(f"The file is damaged, or not of this program: {error}") from error

    return refuse


def _damage() -> tuple[type[BaseException], ...]:
    """Return the errors, except ImportError, that libraries raise for damaged content. No library is imported here."""
    polars, pyarrow = sys.modules.get("polars"), sys.modules.get("pyarrow")
    return (
        *(ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, MemoryError, OSError, RuntimeError),
        *(TypeError, ValueError, msgspec.ValidationError, pickle.UnpicklingError, struct.error, zipfile.BadZipFile),
        *(() if pyarrow is None else (pyarrow.ArrowException,)),
        *(() if polars is None else (polars.exceptions.PolarsError, polars.exceptions.PanicException)),
    )
