"""Checks of the plain values that a file of state holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from wgan_resampler.exceptions import CheckpointError

Plain = dict[str, Any]
_T = TypeVar("_T")


def get(state: Mapping[str, Any], key: str, kind: type[_T]) -> _T:
    """Return an entry of a state, or raise CheckpointError if it is not of this very type."""
    value = state.get(key)
    if type(value) is not kind:
        raise CheckpointError(f"It holds no {key!r} of type {kind.__name__}.")
    return value


def checked(build: Callable[[Any], _T], state: Any) -> _T:
    """Call `build`, and turn what it raises for nonsense into a CheckpointError."""
    try:
        return build(state)
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError(f"A part of it makes no sense: {error}") from error
