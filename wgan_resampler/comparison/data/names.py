"""Checks of the names that a caller gives to samplers, classifiers and metrics."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from wgan_resampler.exceptions import InvalidParameterError


def known_name(name: str, what: str, known: Collection[str]) -> str:
    """Return the name, after checking that it is one of those that are known."""
    if name not in known:
        raise InvalidParameterError(f"There is no {what} '{name}'. Known: {', '.join(known)}.")
    return name


def named_objects(given: Any, what: str, known: Iterable[str]) -> dict[str, Any]:
    """Return objects by name, where the caller gives a name, several names, or a mapping of names to objects.

    Examples
    --------
    >>> from wgan_resampler.comparison.data.names import named_objects
    >>> named_objects(["none", "smote"], "samplers", ["none", "smote"])
    {'none': 'none', 'smote': 'smote'}
    """
    names = [given] if isinstance(given, str) else [*given] if isinstance(given, Iterable) else []
    if not names or not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise InvalidParameterError(
            f"{what} must be names, at least one and none twice, or a mapping of names to objects; got {given!r}. "
            f"Known names: {', '.join(known)}."
        )
    return dict(given) if isinstance(given, Mapping) else dict(zip(names, names, strict=True))
