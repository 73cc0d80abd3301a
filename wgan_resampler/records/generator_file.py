"""What a generator was trained on, and the file that holds both: ``final_model.pth``."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from wgan_resampler.exceptions import CheckpointError, DataFileError
from wgan_resampler.records.audio.sequences import describe
from wgan_resampler.records.files.bounded_gzip import one_line
from wgan_resampler.records.files.json_records import read_records
from wgan_resampler.records.files.labelled_data import LabelledData, read_labelled
from wgan_resampler.records.files.table_files import table_format
from wgan_resampler.sampler import RowModel, model_from_state, model_to_state
from wgan_resampler.tables import (
    CategoricalColumn,
    Cells,
    NumericColumn,
    TableSchema,
    check_table,
    numeric_cells,
    plain_label,
)
from wgan_resampler.utils.storage import load_state, save_state

Kind = Literal["vectors", "sequences", "table"]
Label = str | int | float | bool

KIND = "generator"
"""What a state file of this kind says of itself."""


@dataclass(frozen=True)
class DataDescription:
    """What the samples of a file look like to a generator.

    Parameters
    ----------
    kind : {"vectors", "sequences", "table"}
        Records that are vectors; records that are sequences, of which the generator makes means and log-spreads over
        time; or rows of a table.
    n_coefficients : int or None, default=None
        Numbers of a vector, or of each frame of a sequence; None for a table.
    columns : tuple of str, default=()
        Names of a table's columns.
    categories : tuple of tuple or None, default=()
        For each column of a table: what the codes of its categories stand for; None for numbers.
    """

    kind: Kind
    n_coefficients: int | None = None
    columns: tuple[str, ...] = ()
    categories: tuple[tuple[Label, ...] | None, ...] = ()

    @property
    def n_features(self) -> int:
        """Columns of the table that the generator makes."""
        if self.n_coefficients is None:
            return len(self.columns)
        return self.n_coefficients * (2 if self.kind == "sequences" else 1)


@dataclass(frozen=True)
class TrainedGenerator:
    """A model, what it was trained on, and how.

    Parameters
    ----------
    model : RowModel
        Draws rows.
    data : DataDescription
        What they are.
    settings : mapping of str to plain value
        How it was trained.
    epochs, n_updates : int
        How long.
    """

    model: RowModel
    data: DataDescription
    settings: Mapping[str, Any] = field(default_factory=dict)
    epochs: int = 0
    n_updates: int = 0


@dataclass(frozen=True)
class TrainingData:
    """The original samples of a file, as a generator is trained on them.

    Parameters
    ----------
    data : LabelledData
        The file; of sequences, only the descriptions are kept.
    is_sequence : bool
        Whether the records of the file are sequences.
    """

    data: LabelledData
    is_sequence: bool

    def without(self, column: str) -> TrainingData:
        """Return the same without a column of a table that only says which rows belong together."""
        samples = self.data.samples
        if isinstance(samples, Sequence) or column not in samples.columns:
            return self
        return replace(self, data=replace(self.data, samples=samples.drop(columns=[column])))

    def cells(self, positions: NDArray[np.intp]) -> tuple[DataDescription, list[Cells]]:
        """Return what some samples look like, and their cells.

        Parameters
        ----------
        positions : ndarray of int of shape (n,)
            The samples.

        Returns
        -------
        description : DataDescription
        cells : list of NumericCells or CategoricalCells
            One for each column that the generator is to make.

        Raises
        ------
        DataFileError
            If a table holds categories that are neither texts nor numbers.
        InvalidDataError
            If cells cannot be trained on.
        """
        samples = self.data.samples
        if not isinstance(samples, Sequence):
            return _read_table(self.data.path, samples.iloc[positions])
        rows = np.stack([samples[i] for i in positions])
        width = rows.shape[1]
        description = (
            DataDescription("sequences", width // 2) if self.is_sequence else DataDescription("vectors", width)
        )
        return description, [numeric_cells(column) for column in np.ascontiguousarray(rows.T)]


def read_training_data(path: str | os.PathLike[str], target: str | None = None) -> TrainingData:
    """Read what a generator is trained on; of sequences, only means and log-spreads are kept in memory.

    Parameters
    ----------
    path : str or os.PathLike
        JSON file of records, or a table.
    target : str or None, default=None
        The column of the classes, for tables only.

    Returns
    -------
    TrainingData

    Raises
    ------
    DataFileError
        If the file is not what its name says, or target is missing or superfluous.
    OSError
        If it cannot be read.
    """
    if table_format(path) is not None or target is not None:
        return TrainingData(read_labelled(path, target), is_sequence=False)
    n_dimensions: set[int] = set()

    def reduce(record: NDArray[np.float64]) -> NDArray[np.float64]:
        n_dimensions.add(record.ndim)
        return describe(record) if record.ndim == 2 else record

    file = read_records(path, reduce=reduce)
    data = LabelledData(str(path), file.records, file.names, file.is_synthetic, {})
    return TrainingData(data, is_sequence=n_dimensions == {2})


def _read_table(path: str, frame: Any) -> tuple[DataDescription, list[Cells]]:
    table = check_table(frame)
    categories: list[tuple[Label, ...] | None] = []
    for j, column in enumerate(table.format.columns):
        # Truth values come as numpy's own.
        labels = None if column.categories is None else [plain_label(label) for label in column.categories]
        if labels is not None and not all(type(label) in (str, int, float, bool) for label in labels):
            raise DataFileError(
                f"{path}: the categories of column {table.format.label(j)} are neither texts nor numbers, which a "
                "model file cannot hold. Convert the column."
            )
        categories.append(None if labels is None else tuple(labels))
    names = tuple(str(name) for name in frame.columns)
    return DataDescription("table", None, names, tuple(categories)), list(table.cells)


def save_generator(path: str | os.PathLike[str], trained: TrainedGenerator) -> None:
    """Write a trained generator.

    Parameters
    ----------
    path : str or os.PathLike
        Where to; the file is there in full or not at all.
    trained : TrainedGenerator
        What.

    Raises
    ------
    CheckpointError
        If it cannot be written.
    """
    save_state(
        path,
        {
            "kind": KIND,
            "model": model_to_state(trained.model, trained.model.classes.tolist()),
            "data": asdict(trained.data),
            "settings": dict(trained.settings),
            "epochs": trained.epochs,
            "n_updates": trained.n_updates,
        },
    )


def load_generator(path: str | os.PathLike[str]) -> TrainedGenerator:
    """Read a trained generator, on the CPU. The file may come from anywhere: nothing in it is run.

    Parameters
    ----------
    path : str or os.PathLike
        What :func:`save_generator` has written.

    Returns
    -------
    TrainedGenerator

    Raises
    ------
    CheckpointError
        If the file is damaged, of another kind or of a newer version.
    OSError
        If it cannot be read.
    """
    state = load_state(path)
    try:
        if state.get("kind") != KIND:
            raise CheckpointError(
                "It holds no trained generator. A checkpoint of a training is continued with `wgan-resampler train "
                "--resume`, which ends with final_model.pth."
            )
        model, data = model_from_state(_dict(state, "model")), _description(_dict(state, "data"))
        _check_schema(data, model.encoder.schema)
        return TrainedGenerator(
            model, data, _dict(state, "settings"), _count(state, "epochs"), _count(state, "n_updates")
        )
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: {one_line(error)}.") from error


def _dict(state: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = state[key]
    if type(value) is not dict or not all(type(name) is str for name in value):
        raise CheckpointError(f"It holds no {key!r}.")
    return value


def _count(state: Mapping[str, Any], key: str) -> int:
    value = state[key]
    if type(value) is not int or value < 0:
        raise CheckpointError(f"It does not say how many {key!r} there were.")
    return value


def _check_schema(data: DataDescription, schema: TableSchema) -> None:
    """Raise unless a model makes what the description says."""
    if data.n_features != len(schema.columns):
        raise CheckpointError(f"It describes {data.n_features} features, but its model makes {len(schema.columns)}.")
    if data.kind != "table":
        for column in schema.columns:
            if not isinstance(column, NumericColumn) or column.dtype.kind != "f" or column.has_missing:
                raise CheckpointError(f"It describes {data.kind}, but its model makes other things than real numbers.")
        return
    for name, labels, column in zip(data.columns, data.categories, schema.columns, strict=True):
        found = column.n_categories if isinstance(column, CategoricalColumn) else None
        described = None if labels is None else len(labels)
        if found != described:
            raise CheckpointError(
                f"It describes {described} categories of column {name[:40]!r}, but its model makes {found}."
            )


def _description(state: Mapping[str, Any]) -> DataDescription:
    kind, n, columns, categories = (state[key] for key in ("kind", "n_coefficients", "columns", "categories"))
    names_are_texts = isinstance(columns, tuple) and all(type(name) is str for name in columns)
    if names_are_texts and len(set(columns)) != len(columns):
        raise CheckpointError("It describes two columns of one name.")
    if not names_are_texts or not isinstance(categories, tuple) or len(categories) != len(columns):
        raise CheckpointError("It describes no columns.")
    if kind == "table":
        if n is not None or not columns:
            raise CheckpointError("It describes a table without columns.")
    elif kind not in ("vectors", "sequences") or type(n) is not int or n < 1 or columns:
        raise CheckpointError(f"It describes data of kind {kind!r} with {n!r} coefficients.")
    for labels in categories:
        if labels is not None and type(labels) is not tuple:
            raise CheckpointError("It describes categories that are none.")
        if labels is not None and not all(type(label) in (str, int, float, bool) for label in labels):
            raise CheckpointError("It holds categories that are neither texts nor numbers.")
    return DataDescription(kind, n, columns, categories)
