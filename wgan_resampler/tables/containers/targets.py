"""Targets: the labels of a table as an array, and new labels in the caller's container."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wgan_resampler.tables.containers.registry import container_of


@dataclass(frozen=True)
class TargetFormat:
    """The container of a target.

    One of the caller's own labels is kept for each class. New labels are copies of these, so they have the caller's
    dtype, whatever it is.

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
        target = container_of(original).as_target(original, one_hot=one_hot)
        return cls(classes, container_of(target).take(target, first))

    def build(self, labels: NDArray[Any]) -> Any:
        """Return new labels, all of known classes, in the caller's container."""
        return container_of(self.examples).take(self.examples, np.searchsorted(self.classes, labels))

    def stack(self, original: Any, labels: NDArray[Any], new_labels: NDArray[Any]) -> Any:
        """Return the target `original`, whose labels are `labels`, with the new labels below."""
        new = self.build(new_labels)
        container = container_of(new)
        return container.stack(container.as_target(original, one_hot=np.ndim(new) == 2), new)


def target_array(y: Any) -> NDArray[Any]:
    """Return a target as a numpy array, that of a Series or frame in the dtype of its values.

    Objects that are all numbers become an array of numbers.
    """
    values = container_of(y).label_array(y)
    if values.dtype.kind != "O":
        return values
    numbers = np.asarray(values.tolist())
    return numbers if numbers.dtype.kind in "biuf" and numbers.shape == values.shape else values


def plain_label(label: Any) -> Any:
    """Return a label as messages show it: 3 rather than np.int64(3)."""
    if isinstance(label, (np.datetime64, np.timedelta64)):  # item() makes integers of nanoseconds
        return str(label)
    return label.item() if isinstance(label, np.generic) else label


def find_label(label: Any, known: Iterable[Any]) -> int | None:
    """Return the position of a label among the known ones, or None.

    Labels are compared by equality, because a numpy date and the same pandas date are equal but may have different
    hashes.
    """
    for i, other in enumerate(known):
        equal = other == label
        if isinstance(equal, (bool, np.bool_)) and equal:
            return i
    return None
