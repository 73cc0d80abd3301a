"""The pipeline step that fits a sampler once for all classifiers of a fold."""

from __future__ import annotations

import copy
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from wgan_resampler.comparison.running.resources import Meter
from wgan_resampler.exceptions import InvalidDataError


class SharedSampler(BaseEstimator):
    """A pipeline step that fits its sampler the first time, and then returns the same rows to every classifier.

    It raises an error when it is given other rows than the first time, so that rows of one fold cannot get into
    another.

    Parameters
    ----------
    sampler : object
        A new copy of the sampler, with its seed set.

    Attributes
    ----------
    meter : Meter
        Seconds and memory of the sampler's fit.
    before : array-like
        The rows that the sampler was given.
    """

    def __init__(self, sampler: Any) -> None:
        self.sampler = sampler
        self.meter = Meter()
        self._given: str | None = None
        self._result: tuple[Any, Any] | None = None

    @property
    def tried(self) -> bool:
        """Whether the sampler has been fitted, successfully or not."""
        return self._given is not None

    @property
    def failed(self) -> bool:
        """Whether the sampler raised an error."""
        return self.tried and self._result is None

    def fit_resample(self, X: Any, y: Any) -> tuple[Any, Any]:
        """Return the resampled rows."""
        given = joblib.hash((X, y))
        if self._given is None:
            self._given, self.before = given, X
            with self.meter:
                # Copies, because a sampler may change its input.
                result = self.sampler.fit_resample(X.copy(), y.copy())
            _check_classes(result[1], y)
            self._result = result
        if given != self._given or self._result is None:
            raise RuntimeError("A sampler's rows were about to be used for other training rows than its own.")
        # Copies, because a classifier may change its input, and the next one must learn from the same rows.
        return copy.copy(self._result[0]), copy.copy(self._result[1])

    def __sklearn_clone__(self) -> SharedSampler:
        """Return itself, because all pipelines of a fold share this object."""
        return self


def _check_classes(y_resampled: Any, y: NDArray[Any]) -> None:
    unknown = np.setdiff1d(np.asarray(y_resampled), y)
    if len(unknown):
        raise InvalidDataError(
            f"The sampler returned rows of classes that it was not given: {', '.join(map(str, unknown))}."
        )
