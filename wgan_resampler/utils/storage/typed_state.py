"""Checks that every part of a state from a file has the declared type and lies in the declared range.

Types are declared once, as annotations of a dataclass. msgspec checks a state against them before anything is built
from it. It is one small compiled package without dependencies, which works on ordinary dataclasses.
"""

from __future__ import annotations

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

_MISFITS = (
    *(ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, RuntimeError, TypeError, ValueError),
    msgspec.ValidationError,
)


def convert_state(state: Any, kind: type[_T], dec_hook: Callable[[type, Any], Any] | None = None) -> _T:
    """Return plain values and tensors as an object of a declared type, such as a dataclass.

    CheckpointError names the first entry that is missing, has another type or lies outside its range. `kind` may have a
    ``__post_init__`` that raises ValueError where two fields do not fit each other. `dec_hook(type, plain value)` makes
    values of types that msgspec does not know.
    """
    try:
        return msgspec.convert(state, kind, strict=True, dec_hook=dec_hook)
    except (msgspec.ValidationError, AttributeError) as error:  # AttributeError: a tensor where a dict should be
        problem, _, place = str(error).partition(" - at ")
        for json_name, name in (("`object`", "dict"), ("`array`", "list"), ("null", "None"), ("`", "")):
            problem, place = problem.replace(json_name, name), place.replace("`", "")
        entry = place.replace("$", "").strip(". ")
        raise CheckpointError(f"The {f'entry {entry!r}' if entry else 'state'} is wrong: {problem}.") from error


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


def checked(build: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Return what `build` makes of a state. If the state does not fit, its error becomes CheckpointError."""
    try:
        return build(*args, **kwargs)
    except CheckpointError:
        raise
    except _MISFITS as error:
        raise CheckpointError(f"The file has a part that makes no sense: {error}") from error
