"""What an object is, asked without importing the library that it would come from."""

from __future__ import annotations

import sys


def is_pandas(value: object, name: str) -> bool:
    """Whether `value` is of the pandas class of this name."""
    return _is_of("pandas", value, name)


def is_polars(value: object, name: str) -> bool:
    """Whether `value` is of the polars class of this name."""
    return _is_of("polars", value, name)


def _is_of(library: str, value: object, name: str) -> bool:
    module = sys.modules.get(library)
    return module is not None and isinstance(value, getattr(module, name))
