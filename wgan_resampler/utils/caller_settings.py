"""Settings of other libraries that the caller may have changed, and that must not change what this package computes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numpy as np

_P = ParamSpec("_P")
_T = TypeVar("_T")


def own_settings(function: Callable[_P, _T]) -> Callable[_P, _T]:
    """Run a public function under numpy's default reaction to floating-point errors, and restore the caller's.

    With ``numpy.seterr(all="raise")``, a number that is rounded to zero would be an error. Torch's settings are in
    :func:`~wgan_resampler.utils.computing`.

    Examples
    --------
    >>> import numpy as np
    >>> from wgan_resampler.utils.caller_settings import own_settings
    >>> @own_settings
    ... def tiny():
    ...     return float(np.exp(np.float64(-1000.0)))
    >>> with np.errstate(all="raise"):
    ...     tiny()
    0.0
    """

    @functools.wraps(function)
    def wrapped(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        with np.errstate(divide="warn", over="warn", under="ignore", invalid="warn"):
            return function(*args, **kwargs)

    return wrapped
