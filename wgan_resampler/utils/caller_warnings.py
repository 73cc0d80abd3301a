"""Warnings that point at the caller's own line of code."""

from __future__ import annotations

import sys
import warnings

_BETWEEN = {"wgan_resampler", "sklearn", "imblearn", "joblib", "contextlib", "functools"}
"""Packages whose functions stand between the caller and the code that warns, for example in a pipeline."""


def warn_caller(message: str, category: type[Warning]) -> None:
    """Issue a warning at the line of the caller, however many functions of this package were called in between.

    A fixed `stacklevel` would be right for one way of calling only. For example, a pipeline may call ``fit_resample``,
    so that the caller's line is the call of the pipeline. A warning that points into another package would be hidden by
    a filter on that package.

    Parameters
    ----------
    message : str
        The text.
    category : type of Warning
        The category.

    Examples
    --------
    >>> import warnings
    >>> from wgan_resampler.exceptions import SplitWarning
    >>> from wgan_resampler.utils.caller_warnings import warn_caller
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     warn_caller("Class 'a' has a single group.", SplitWarning)
    >>> str(caught[0].message)
    "Class 'a' has a single group."
    """
    # Python 3.12 has `skip_file_prefixes` for this, but Python 3.11 does not.
    stacklevel, frame = 2, sys._getframe(1)
    while frame.f_back is not None and _package(frame.f_globals) in _BETWEEN:
        stacklevel, frame = stacklevel + 1, frame.f_back
    warnings.warn(message, category, stacklevel=stacklevel)


def _package(names: dict[str, object]) -> str:
    return str(names.get("__name__", "")).partition(".")[0]
