"""Going on with a training on further rows: whether they fit, and their cells in the terms of the first fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from wgan_resampler.exceptions import InvalidDataError, InvalidParameterError
from wgan_resampler.sampler.fitting import FitSettings, Preparation
from wgan_resampler.sampler.row_generator import RowModel
from wgan_resampler.tables import CategoricalCells, CategoricalColumn, Cells, Table, TableFormat, plain_label

_SIZES = ("noise_dim", "hidden_dim", "num_layers", "normalization", "skip_connections", "moment_start")


@dataclass(frozen=True)
class Earlier:
    """What an earlier training has left to go on from.

    Parameters
    ----------
    model : RowModel
        Its encoder is kept.
    table : TableFormat
        What its codes of categories stand for.
    state : mapping
        States of trainer and batches, see `training_state`.
    """

    model: RowModel
    table: TableFormat
    state: Mapping[str, Any]


def training_state(preparation: Preparation) -> dict[str, Any]:
    """Return the states of trainer and batches, on the CPU, between two epochs."""
    state = {"trainer": preparation.trainer.state_dict(), "source": preparation.batches.state_dict()}
    on_cpu: dict[str, Any] = _on_cpu(state)
    return on_cpu


def go_on(preparation: Preparation, earlier: Earlier) -> None:
    """Give trainer and batches the states of the earlier training."""
    preparation.trainer.load_state_dict(earlier.state["trainer"])
    preparation.batches.load_state_dict(earlier.state["source"])


def check_sizes_stay(settings: FitSettings, earlier: Earlier) -> None:
    """Raise InvalidParameterError if networks of other sizes are asked for."""
    for name in _SIZES:
        asked, present = getattr(settings, name), getattr(earlier.model.generator, name)
        if asked != present:
            raise InvalidParameterError(
                f"{name}={asked!r}, but the networks that warm_start=True goes on with have {name}={present!r}. Set it "
                "back, or start afresh with warm_start=False."
            )


def cells_in_terms_of(earlier: Earlier, table: Table, labels: NDArray[Any]) -> list[Cells]:
    """Return the cells of a table with the codes of the first fit.

    Parameters
    ----------
    earlier : Earlier
        The training to go on with.
    table : Table
        Further rows.
    labels : ndarray of shape (n,)
        Their classes.

    Returns
    -------
    list of NumericCells or CategoricalCells

    Raises
    ------
    InvalidDataError
        If columns or classes differ from those of the first fit.
    """
    classes = np.unique(labels)
    if not np.array_equal(classes, earlier.model.classes):
        raise InvalidDataError(
            f"Classes {_list(classes)} differ from those of the first fit, {_list(earlier.model.classes)}. "
            "warm_start=True goes on with the same classes only."
        )
    columns = earlier.model.encoder.schema.columns
    if type(table.format) is not type(earlier.table) or len(table.cells) != len(columns):
        raise InvalidDataError(
            f"The table has {len(table.cells)} columns, in a {type(table.format).__name__}; that of the first fit had "
            f"{len(columns)}, in a {type(earlier.table).__name__}. warm_start=True goes on with the same columns only."
        )
    return [_cells(earlier, table, j) for j in range(len(columns))]


def _cells(earlier: Earlier, table: Table, j: int) -> Cells:
    column, cells = earlier.model.encoder.schema.columns[j], table.cells[j]
    name, before = table.format.label(j), earlier.table.label(j)
    if name != before:
        raise InvalidDataError(f"Column {j} is named {name}; in the first fit it was {before}.")
    if isinstance(column, CategoricalColumn) != isinstance(cells, CategoricalCells):
        raise InvalidDataError(f"Column {name} holds numbers where the first fit saw categories, or the reverse.")
    if cells.missing is not None and not column.has_missing:
        raise InvalidDataError(f"Column {name} has missing cells; in the first fit it had none.")
    if not isinstance(cells, CategoricalCells):
        return cells
    known, new = _categories(earlier.table, j), _categories(table.format, j)
    code_of = {label: code for code, label in enumerate(known)}
    unknown = [label for label in new if label not in code_of]
    if unknown:
        raise InvalidDataError(f"Column {name} holds the category {unknown[0]!r}, which the first fit did not see.")
    codes = np.array([code_of[label] for label in new] + [-1])  # code -1, a missing cell, takes the last
    return CategoricalCells(codes[cells.codes], len(known))


def _categories(form: TableFormat, j: int) -> list[Any]:
    categories = form.columns[j].categories
    labels: list[Any] = categories.to_list() if hasattr(categories, "to_list") else categories.tolist()
    return labels


def _list(classes: Sequence[Any] | NDArray[Any]) -> str:
    return ", ".join(repr(plain_label(label)) for label in classes)


def _on_cpu(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.cpu()
    if isinstance(value, dict):
        return {key: _on_cpu(item) for key, item in value.items()}
    return [_on_cpu(item) for item in value] if isinstance(value, list) else value
