"""Checks that every part of a state from a file has the declared type and lies in the declared range.

Types are declared once, as annotations of a dataclass. msgspec checks a state against them before anything is built
from it. It is one small compiled package without dependencies, which works on ordinary dataclasses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import msgspec
import numpy as np
from torch import Tensor

from wgan_resampler.exceptions import CheckpointError

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


def convert_state(state: Any, kind: type[_T], dec_hook: Callable[[type, Any], Any] | None = None) -> _T:
    """Return a state as an object of a declared type.

    Parameters
    ----------
    state : Any
        Plain values and tensors.
    kind : type
        What the state should be, for example a dataclass. Its ``__post_init__`` may raise ValueError where two fields
        do not fit each other.
    dec_hook : callable, default=None
        Makes values of types that msgspec does not know: ``dec_hook(type, plain value)``.

    Returns
    -------
    An object of type `kind`

    Raises
    ------
    CheckpointError
        If an entry is missing, has another type or lies outside its range. The message names the entry.

    Examples
    --------
    >>> from wgan_resampler.utils.storage.typed_state import Count, convert_state
    >>> convert_state({"epoch": -1}, dict[str, Count])
    Traceback (most recent call last):
        ...
    wgan_resampler.exceptions.CheckpointError: The entry '[...]' is wrong: Expected int >= 0.
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
    """Raise CheckpointError unless a state has the keys, types, shapes and dtypes of another state.

    Parameters
    ----------
    state : Any
        Read from a file. Its integers must be at least 0.
    expected : Any
        A state of the same kind that the program itself has just made.
    where : str
        How the error message names the state.
    """
    if type(state) is not type(expected) or (type(state) is int and state < 0):
        kind = {"int": "integer of at least 0"}.get(type(expected).__name__, type(expected).__name__)
        raise CheckpointError(f"{where} should be of type {kind}; the file has {str(state)[:40]!r}.")
    if isinstance(state, Tensor) and (state.shape != expected.shape or state.dtype != expected.dtype):
        raise CheckpointError(f"{where} should have shape {tuple(expected.shape)}; the file has {tuple(state.shape)}.")
    if isinstance(state, list):
        state, expected = dict(enumerate(state)), dict(enumerate(expected))
    if isinstance(state, dict):
        if state.keys() != expected.keys():
            raise CheckpointError(f"{where} should hold {list(expected)}; the file has {str(list(state))[:200]}.")
        for key, value in expected.items():
            check_same_form(state[key], value, f"{where}.{key}")
