"""Containers of labels: what kind of target was given, its labels as an array, and more labels of that kind."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wgan_resampler.tables.containers.base import is_pandas, is_polars
from wgan_resampler.tables.containers.pandas_frames import plain_array


@dataclass(frozen=True)
class TargetFormat:
    """The container of a target.

    New labels are copies of the caller's own: one of each class is kept. So they have his dtype, whatever it is.

    Parameters
    ----------
    classes : ndarray of shape (k,)
        The classes, in increasing order; column numbers for a one-hot target.
    examples : list, ndarray, Series or frame of length k
        One label of each class, in the caller's container.
    """

    classes: NDArray[Any]
    examples: Any

    @classmethod
    def of(cls, original: Any, labels: NDArray[Any], *, one_hot: bool) -> TargetFormat:
        """Return the container of `original`, whose labels are `labels`."""
        classes, first = np.unique(labels, return_index=True)
        return cls(classes, _take(_without_width(original, one_hot), first))

    def build(self, labels: NDArray[Any]) -> Any:
        """Return new labels, all of known classes, in the caller's container."""
        return _take(self.examples, np.searchsorted(self.classes, labels))

    def stack(self, original: Any, labels: NDArray[Any], new_labels: NDArray[Any]) -> Any:
        """Return the target of `original`, whose labels are `labels`, and the new labels below."""
        new = self.build(new_labels)
        if is_pandas(new, "Series") or is_pandas(new, "DataFrame"):
            import pandas as pd

            return pd.concat([original, new], ignore_index=True)
        if is_polars(new, "Series") or is_polars(new, "DataFrame"):
            import polars as pl

            return pl.concat([original, new])
        first = _without_width(original, one_hot=np.ndim(new) == 2)
        if isinstance(new, list):
            return [*_take(first, np.arange(len(first))), *new]
        return np.concatenate([first, new], dtype=first.dtype)


def _without_width(original: Any, one_hot: bool) -> Any:
    """Return a column vector as one-dimensional, as imbalanced-learn does, and every array-like as an array."""
    if any(is_a(original, name) for is_a in (is_pandas, is_polars) for name in ("Series", "DataFrame")):
        return original
    is_column = not one_hot and np.ndim(original) == 2
    if isinstance(original, list):
        return [row[0] for row in original] if is_column else original
    array = np.asarray(original)
    return array.ravel() if is_column else array


def _take(target: Any, positions: NDArray[np.integer]) -> Any:
    if is_pandas(target, "Series") or is_pandas(target, "DataFrame"):
        return target.iloc[positions].reset_index(drop=True)
    if is_polars(target, "Series"):
        return target.gather(positions)
    if isinstance(target, list):
        return [list(target[i]) if isinstance(target[i], list) else target[i] for i in positions]
    return target[positions]


def target_array(y: Any) -> NDArray[Any]:
    """Return a target as a numpy array: that of a Series or frame in the dtype of its values.

    Objects that are all numbers become an array of numbers.
    """
    if is_pandas(y, "DataFrame"):
        y = np.column_stack([_pandas_array(y.iloc[:, j]) for j in range(y.shape[1])])
    elif is_pandas(y, "Series"):
        y = _pandas_array(y)
    elif is_polars(y, "DataFrame"):
        y = np.column_stack([_polars_array(series) for series in y.get_columns()])
    elif is_polars(y, "Series"):
        y = _polars_array(y)
    values = np.asarray(y)
    if isinstance(y, (list, tuple)) and values.dtype.kind == "U":  # what else stands beside texts became a text, too
        objects = np.array(y, dtype=object)
        return values if all(isinstance(label, str) for label in objects.flat) else objects
    return _without_objects(values) if values.dtype.kind == "O" else values


def _pandas_array(series: Any) -> NDArray[Any]:
    return np.asarray(series.to_numpy(dtype=object) if series.hasnans else plain_array(series))


def _polars_array(series: Any) -> NDArray[Any]:
    return np.array(series.to_list(), dtype=object) if series.null_count() else np.asarray(series.to_numpy())


def _without_objects(values: NDArray[np.object_]) -> NDArray[Any]:
    numbers = np.asarray(values.tolist())
    return numbers if numbers.dtype.kind in "biuf" and numbers.shape == values.shape else values


def plain_label(label: Any) -> Any:
    """Return a label as messages show it: 3 rather than np.int64(3)."""
    if isinstance(label, (np.datetime64, np.timedelta64)):  # item() makes whole numbers of nanoseconds
        return str(label)
    return label.item() if isinstance(label, np.generic) else label


def find_label(label: Any, known: Iterable[Any]) -> int | None:
    """Return the position of a label among the known ones, or None.

    By equality, because a date of numpy and the same date of pandas are equal but may have different hashes.
    """
    for i, other in enumerate(known):
        equal = other == label
        if isinstance(equal, (bool, np.bool_)) and equal:
            return i
    return None
