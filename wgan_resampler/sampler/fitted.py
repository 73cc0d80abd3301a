"""The content of a fitted sampler."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wgan_resampler.gan import TrainingHistory
from wgan_resampler.sampler.fitting.warm_start import TrainedParts
from wgan_resampler.tables import TableFormat, TargetFormat


@dataclass(frozen=True)
class Fitted:
    """The data that a sampler was fitted to, and the result of the training, if there was one.

    Parameters
    ----------
    table : TableFormat
        Container of the rows.
    target : TargetFormat
        Container of the labels.
    to_generate : mapping of class to int
        Number of rows to generate, sorted by class.
    categorical_features : ndarray of int
        Positions of the columns that hold categories.
    feature_names : sequence of str or None
        Names of the columns, if all are strings.
    previous : TrainedParts or None, default=None
        The training that the next training continues.
    trained : TrainedParts or None, default=None
        The result of the training; None before it, and if no class had to grow.
    """

    table: TableFormat
    target: TargetFormat
    to_generate: Mapping[Any, int]
    categorical_features: NDArray[np.int64]
    feature_names: Sequence[str] | None
    previous: TrainedParts | None = None
    trained: TrainedParts | None = None

    @property
    def grows(self) -> bool:
        """Whether any class is to grow."""
        return any(self.to_generate.values())

    @property
    def history(self) -> TrainingHistory:
        """History of the training; empty if none was needed. AttributeError if there was no training yet."""
        return TrainingHistory() if not self.grows else self.trained.history  # type: ignore[union-attr]

    @property
    def n_updates(self) -> int:
        """Generator updates made; 0 if none was needed. AttributeError if there was no training yet."""
        return 0 if not self.grows else self.trained.n_updates  # type: ignore[union-attr]

    def on_cpu(self) -> Fitted:
        """Return a copy whose networks are all on the CPU."""
        trained, previous = self.trained, self.previous
        return replace(self, trained=trained and trained.on_cpu(), previous=previous and previous.on_cpu())
