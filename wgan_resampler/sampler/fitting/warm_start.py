"""The result of a training, and the warm start, which continues it with another table of the same columns."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from wgan_resampler.exceptions import InvalidDataError, InvalidParameterError
from wgan_resampler.gan import GanDiscriminator, TrainingHistory
from wgan_resampler.sampler.fitting.settings import FitSettings
from wgan_resampler.sampler.row_generator import RowModel, shown_labels
from wgan_resampler.tables import CategoricalCells, CategoricalColumn, Cells, Table, TableFormat, plain_label

_SIZES = ("noise_dim", "hidden_dim", "num_layers", "normalization", "skip_connections", "moment_start")
"""Hyper-parameters that decide which weights the networks have, and so cannot change."""


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
    table : TableFormat
        Says which category each code stands for.
    training : mapping
        State of the training, see `Preparation.state_dict`. A warm start checks it before it continues from it.
    """

    model: RowModel
    critic: GanDiscriminator
    history: TrainingHistory
    n_updates: int
    seeds: np.random.SeedSequence
    table: TableFormat
    training: Mapping[str, Any]

    def on_cpu(self) -> TrainedParts:
        """Return a copy whose networks are all on the CPU."""
        cpu = torch.device("cpu")
        return replace(self, model=self.model.to(cpu), critic=copy.deepcopy(self.critic).to(cpu))


def check_network_sizes(settings: FitSettings, previous: TrainedParts) -> None:
    """Raise InvalidParameterError if the settings ask for networks of other sizes than the previous ones."""
    for name in _SIZES:
        asked, present = getattr(settings, name), getattr(previous.model.generator, name)
        if asked != present:
            raise InvalidParameterError(
                f"{name}={asked!r}, but warm_start=True continues with networks that have {name}={present!r}. Set it "
                "back, or start afresh with warm_start=False."
            )


def recoded_cells(previous: TrainedParts, table: Table, labels: NDArray[Any]) -> tuple[Cells, ...]:
    """Return the cells of a table with the category codes of the previous fit.

    Parameters
    ----------
    previous : TrainedParts
        The training to continue.
    table : Table
        The rows to continue with.
    labels : ndarray of shape (n,)
        The class of each row.

    Returns
    -------
    tuple of NumericCells or CategoricalCells
        One for each column.

    Raises
    ------
    InvalidDataError
        If columns or classes differ from those of the previous fit.
    """
    classes = np.unique(labels)
    if not np.array_equal(classes, previous.model.classes):
        raise InvalidDataError(
            f"Classes {shown_labels(classes)} differ from those of the first fit, "
            f"{shown_labels(previous.model.classes)}. warm_start=True needs the same classes."
        )
    columns = previous.model.encoder.schema.columns
    if type(table.format) is not type(previous.table) or len(table.cells) != len(columns):
        raise InvalidDataError(
            f"The table has {len(table.cells)} columns ({table.format.kind}); that of the first fit had {len(columns)} "
            f"({previous.table.kind}). warm_start=True needs the same columns in the same container."
        )
    return tuple(_recoded_column(previous, table, j) for j in range(len(columns)))


def _recoded_column(previous: TrainedParts, table: Table, j: int) -> Cells:
    column, cells = previous.model.encoder.schema.columns[j], table.cells[j]
    name, previous_name = table.format.label(j), previous.table.label(j)
    if name != previous_name:
        raise InvalidDataError(f"Column {j} is named {name}; in the first fit it was {previous_name}.")
    if isinstance(column, CategoricalColumn) != isinstance(cells, CategoricalCells):
        raise InvalidDataError(f"Column {name} holds numbers where the first fit saw categories, or the reverse.")
    if cells.missing is not None and not column.has_missing:
        raise InvalidDataError(f"Column {name} has missing values; in the first fit it had none.")
    if not isinstance(cells, CategoricalCells):
        return cells
    known, new = (
        [plain_label(label) for label in form.columns[j].categories] for form in (previous.table, table.format)
    )
    code_of = {label: code for code, label in enumerate(known)}
    unknown = [label for label in new if label not in code_of]
    if unknown:
        raise InvalidDataError(f"Column {name} holds the category {unknown[0]!r}, which the first fit did not see.")
    # A missing value has code -1, which indexes the last element: it stays -1.
    codes = np.array([code_of[label] for label in new] + [-1])
    return CategoricalCells(codes[cells.codes], len(known))
