"""How many rows to generate for each class, from ``sampling_strategy``."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Mapping
from fractions import Fraction
from numbers import Integral, Real
from typing import Any, cast

import numpy as np
from imblearn.utils import check_sampling_strategy
from numpy.typing import NDArray

from wgan_resampler.exceptions import InvalidDataError, InvalidParameterError, UnusedParameterWarning
from wgan_resampler.sampler.row_generator import shown_labels
from wgan_resampler.tables import find_label, plain_label
from wgan_resampler.utils import warn_caller

Strategy = str | float | Mapping[Any, int] | Callable[[NDArray[Any]], Mapping[Any, int]]
Counts = OrderedDict[Any, int]

_SAME = Fraction(1, 10**6)
"""If a ratio times a number of rows is this close to an integer, that integer is meant."""


def rows_to_generate(
    strategy: Strategy, y: NDArray[Any], target_samples: int | Mapping[Any, int] | None = None
) -> Counts:
    """Return how many rows to generate for each class.

    Parameters
    ----------
    strategy : str, float, mapping or callable
        ``"equal"``, ``"upsample"``, ``"custom"`` or any form that imbalanced-learn accepts.
    y : ndarray of shape (n,)
        Class labels.
    target_samples : int, mapping or None, default=None
        Rows per class after resampling, for ``"custom"``. With another strategy, it has no effect.

    Returns
    -------
    OrderedDict
        ``{class: number of rows to generate}``, sorted by class. Numbers can be zero.

    Raises
    ------
    InvalidDataError
        If there is only one class.
    InvalidParameterError
        If `strategy` or `target_samples` do not fit the classes.

    Warns
    -----
    UnusedParameterWarning
        If `target_samples` is given with another strategy than ``"custom"``.

    Examples
    --------
    >>> import numpy as np
    >>> from wgan_resampler.sampler.strategies import rows_to_generate
    >>> y = np.array(["a"] * 5 + ["b"] * 2)
    >>> [int(n) for n in rows_to_generate("equal", y).values()]
    [0, 3]
    >>> [int(n) for n in rows_to_generate("upsample", y).values()]
    [2, 1]
    >>> [int(n) for n in rows_to_generate("custom", y, {"b": 4}).values()]
    [2]
    """
    classes, class_counts = np.unique(y, return_counts=True)
    if len(classes) < 2:
        raise InvalidDataError(
            f"The target 'y' needs to have more than 1 class; got {len(classes)} class. Check that y holds the classes."
        )
    counts: Counts = OrderedDict(zip(classes, class_counts.tolist(), strict=True))
    if target_samples is not None and strategy != "custom":
        warn_caller(
            f"target_samples={target_samples!r} is only used with 'custom'. It has no effect with {strategy!r}. Use "
            "'custom', or leave target_samples out.",
            UnusedParameterWarning,
        )
    if strategy == "equal":
        return OrderedDict((label, max(counts.values()) - n) for label, n in counts.items())
    if strategy == "upsample":
        return OrderedDict((label, n // 2) for label, n in counts.items())
    if strategy == "custom":
        return _custom(counts, target_samples)
    if isinstance(strategy, Mapping):
        return _from_targets(strategy, counts, "sampling_strategy")
    if callable(strategy):
        return _from_targets(strategy(y), counts, "The result of the sampling_strategy function")
    if isinstance(strategy, Real):
        return _from_ratio(cast(float, strategy), counts)
    try:
        generated: Counts = check_sampling_strategy(strategy, y, "over-sampling")
    except ValueError as error:
        sizes = {plain_label(label): n for label, n in counts.items()}
        raise InvalidParameterError(
            f"sampling_strategy={strategy!r} does not fit classes of {sizes} rows: {error}"
        ) from error
    return generated


def _from_ratio(ratio: float, counts: Counts) -> Counts:
    """Return how many rows the smaller of two classes needs to have this share of the rows of the larger one.

    imbalanced-learn computes with floats, in which 0.29 * 100 is 28.999999999999996, and a row would be missing.
    """
    if len(counts) != 2:
        raise InvalidParameterError(
            f"sampling_strategy={ratio} is a ratio of two classes, but y has {len(counts)} classes. Ratios can be used "
            "only when the type of target is binary. Use a dict {class: rows}."
        )
    if not 0 < ratio <= 1:
        raise InvalidParameterError(
            f"sampling_strategy={ratio} must be the number of minority rows divided by the number of majority rows: "
            "above 0, and at most 1."
        )
    majority = max(counts, key=counts.__getitem__)
    exact = Fraction(str(ratio)) * counts[majority]  # the decimals as the caller wrote them
    target = round(exact) if abs(exact - round(exact)) < _SAME else math.floor(exact)
    return OrderedDict((label, max(0, target - n)) for label, n in counts.items() if label != majority)


def _custom(counts: Counts, target_samples: int | Mapping[Any, int] | None) -> Counts:
    if isinstance(target_samples, Mapping):
        return _from_targets(target_samples, counts, "target_samples")
    if target_samples is None:
        raise InvalidParameterError(
            "sampling_strategy='custom' needs target_samples: a number of rows per class such as 200, or "
            "{class: number} for some classes."
        )
    return OrderedDict((label, max(0, target_samples - n)) for label, n in counts.items())


def _from_targets(targets: Mapping[Any, int], counts: Counts, name: str) -> Counts:
    """Return how many rows each class needs. Targets are integers for known classes, not below the present sizes."""
    if not isinstance(targets, Mapping):
        raise InvalidParameterError(f"{name} must map classes to numbers of rows; got {targets!r}.")
    classes, present = list(counts), list(counts.values())
    lacking: dict[int, int] = {}
    for label, target in targets.items():
        index = find_label(label, classes)
        if index is None:
            raise InvalidParameterError(
                f"{name} names the class {label!r}, which is not present in the data. Known classes: "
                f"{shown_labels(classes)}."
            )
        if not isinstance(target, Integral) or isinstance(target, bool):
            raise InvalidParameterError(
                f"{name} must give an integer number of rows for class {label!r}; got {target!r}."
            )
        if target < present[index]:
            raise InvalidParameterError(
                f"{name} asks for {target} rows of class {label!r}, which has {present[index]} already. An "
                "over-sampler removes no rows. Ask for at least that many, or leave the class out."
            )
        lacking[index] = int(target) - present[index]
    return OrderedDict((classes[index], lacking[index]) for index in sorted(lacking))
