"""The pipeline step that fits a sampler once, for all classifiers of a fold."""

from __future__ import annotations

import copy
from typing import Any

import joblib
import numpy as np
from sklearn.base import BaseEstimator

from wgan_resampler.comparison.running.resources import Meter
from wgan_resampler.exceptions import InvalidDataError


class SharedSampler(BaseEstimator):
    """A pipeline step that fits its sampler once. Every classifier then gets the same rows, or the same error.

    The step raises an error when it is given other rows than the first time. So the rows of one fold cannot get into
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
        self._error: Exception | None = None

    def fit_resample(self, X: Any, y: Any) -> tuple[Any, Any]:
        """Return the resampled rows."""
        given = joblib.hash((X, y))
        if self._given is None:
            self._given, self.before = given, X
            try:
                with self.meter:
                    # Copies, because a sampler may change its input.
                    self._result = self.sampler.fit_resample(X.copy(), y.copy())
                unknown = np.setdiff1d(np.asarray(self._result[1]), y)
                if len(unknown):
                    raise InvalidDataError(
                        f"The sampler returned rows of classes that it was not given: {', '.join(map(str, unknown))}."
                    )
            except Exception as error:
                self._error, self._traceback = error, error.__traceback__
                raise
        if given != self._given:
            raise RuntimeError("A sampler's rows were about to be used for other training rows than its own.")
        if self._error is not None:
            # A sampler that failed would fail again, and take as long.
            raise self._error.with_traceback(self._traceback)
        # Copies, because a classifier may change its input, and the next one must learn from the same rows.
        return copy.copy(self._result[0]), copy.copy(self._result[1])

    def __sklearn_clone__(self) -> SharedSampler:
        """Return itself, because all pipelines of a fold share this object."""
        return self
