"""What a sampler knows once it is fitted."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from wgan_resampler.gan import GanDiscriminator, TrainingHistory
from wgan_resampler.sampler.fitting.warm_start import PreviousFit
from wgan_resampler.sampler.row_generator import RowModel
from wgan_resampler.tables import TableFormat, TargetFormat


@dataclass(frozen=True)
class TrainedParts:
    """The result of a training, and what further rows and a warm start need.

    Parameters
    ----------
    model : RowModel
        Generates rows.
    critic : GanDiscriminator
        The trained critic.
    history : TrainingHistory
        One record per epoch.
    n_updates : int
        Number of generator updates.
    seeds : numpy.random.SeedSequence
        Gives the seeds of further rows.
    training : mapping
        State of the training, see `Preparation.state_dict`. A warm start checks it before it continues from it.
    """

    model: RowModel
    critic: GanDiscriminator
    history: TrainingHistory
    n_updates: int
    seeds: np.random.SeedSequence
    training: Mapping[str, Any]


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
    previous : PreviousFit or None, default=None
        The training that the next training continues.
    trained : TrainedParts or None, default=None
        The result of the training; None before it, and if no class had to grow.
    """

    table: TableFormat
    target: TargetFormat
    to_generate: Mapping[Any, int]
    categorical_features: NDArray[np.int64]
    feature_names: Sequence[str] | None
    previous: PreviousFit | None = None
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

    def previous_fit(self) -> PreviousFit | None:
        """Return the training that a warm start continues."""
        if self.trained is None:
            return self.previous
        return PreviousFit(self.trained.model, self.table, self.trained.training)

    def on_cpu(self) -> Fitted:
        """Return a copy whose networks are all on the CPU."""
        cpu = torch.device("cpu")
        trained, previous = self.trained, self.previous
        if trained is not None:
            trained = replace(trained, model=trained.model.to(cpu), critic=copy.deepcopy(trained.critic).to(cpu))
        if previous is not None:
            previous = replace(previous, model=previous.model.to(cpu))
        return replace(self, trained=trained, previous=previous)
