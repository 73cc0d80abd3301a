"""The file of a trained generator: ``final_model.pth``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wgan_resampler.exceptions import CheckpointError
from wgan_resampler.records.training_data import DataDescription
from wgan_resampler.sampler import ModelState, RowModel, model_from_state, model_to_state
from wgan_resampler.tables import NumericColumn, check_columns
from wgan_resampler.utils.storage import Count, Scalar, convert_state, load_state, save_state

KIND = "generator"
"""The kind of this state. A state file names it."""


@dataclass(frozen=True)
class TrainedGenerator:
    """A trained model, the form of the data it was trained on, and how it was trained.

    Parameters
    ----------
    model : RowModel
        Draws rows.
    data : DataDescription
        The form of the samples that the rows stand for.
    settings : mapping of str to plain value, default={}
        All that decided the training.
    epochs : int, default=0
        Number of epochs that the model was trained for.
    n_updates : int, default=0
        Number of generator updates.
    """

    model: RowModel
    data: DataDescription
    settings: Mapping[str, Any] = field(default_factory=dict)
    epochs: int = 0
    n_updates: int = 0


@dataclass(frozen=True)
class GeneratorState:
    """A `TrainedGenerator` as files hold it; `kind` is the kind of this state."""

    model: ModelState
    data: DataDescription
    settings: dict[str, Scalar | None]
    epochs: Count
    n_updates: Count
    kind: str = KIND


def save_generator(path: str | os.PathLike[str], trained: TrainedGenerator) -> None:
    """Write a trained generator to a file, which is there in full or not at all; CheckpointError if that fails."""
    model = model_to_state(trained.model, trained.model.classes.tolist())
    save_state(path, GeneratorState(model, trained.data, dict(trained.settings), trained.epochs, trained.n_updates))


def load_generator(path: str | os.PathLike[str]) -> TrainedGenerator:
    """Return the generator that :func:`save_generator` wrote, on the CPU.

    The file may come from an untrusted source: nothing in it is run. CheckpointError is raised if it is damaged, of
    another kind or of another version; OSError if it cannot be read.
    """
    return load_state(path, _from_state)


def _from_state(state: Mapping[str, Any]) -> TrainedGenerator:
    if state.get("kind") != KIND:
        raise CheckpointError(
            "The file holds no trained generator. If it is a checkpoint, resume its training: the result is "
            "final_model.pth."
        )
    checked = convert_state(state, GeneratorState)
    model, data = model_from_state(checked.model), checked.data
    schema = model.encoder.schema
    if data.kind == "table":
        check_columns(schema, data.categories, lambda j: repr(data.columns[j][:40]))
    elif data.n_features != len(schema.columns):
        raise CheckpointError(
            f"The file describes {data.n_features} features, but its model makes {len(schema.columns)}."
        )
    elif not all(isinstance(c, NumericColumn) and c.dtype.kind == "f" and not c.has_missing for c in schema.columns):
        raise CheckpointError(f"The file describes {data.kind}, but not all columns of its model are floats.")
    return TrainedGenerator(model, data, checked.settings, checked.epochs, checked.n_updates)
