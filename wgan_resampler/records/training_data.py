"""The original samples of a file: what a generator is trained on."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from wgan_resampler.exceptions import DataFileError
from wgan_resampler.records.audio.sequences import describe
from wgan_resampler.records.files.json_records import read_records
from wgan_resampler.records.files.labelled_data import LabelledData, read_labelled, target_column
from wgan_resampler.tables import Cells, check_table, numeric_cells, plain_label

Kind = Literal["vectors", "sequences", "table"]
Label = str | int | float | bool


@dataclass(frozen=True)
class DataDescription:
    """The form of the samples that a generator makes.

    Parameters
    ----------
    kind : {"vectors", "sequences", "table"}
        Records that are vectors; records that are sequences, for which the generator makes means and log-spreads over
        time; or rows of a table.
    n_coefficients : int or None, default=None
        Length of a vector, or of each frame of a sequence; None for a table.
    columns : tuple of str, default=()
        Names of a table's columns.
    categories : tuple of tuple or None, default=()
        For each column of a table: the category that each code stands for; None for numbers.

    Raises
    ------
    ValueError
        If the parts do not fit each other.
    """

    kind: Kind
    n_coefficients: Annotated[int, Meta(ge=1, lt=2**31)] | None = None
    columns: tuple[str, ...] = ()
    categories: tuple[tuple[Label, ...] | None, ...] = ()

    def __post_init__(self) -> None:
        if (self.kind == "table") != bool(self.columns) or (self.n_coefficients is None) != (self.kind == "table"):
            raise ValueError("a table has columns, and other data have a number of coefficients")
        if len(self.categories) != len(self.columns):
            raise ValueError("it must describe the categories of each column")
        if len(set(self.columns)) != len(self.columns):
            raise ValueError("it describes two columns of one name")

    @property
    def n_features(self) -> int:
        """Number of columns that the generator makes."""
        if self.n_coefficients is None:
            return len(self.columns)
        return self.n_coefficients * (2 if self.kind == "sequences" else 1)


@dataclass(frozen=True)
class TrainingData:
    """The original samples of a file, in the form in which a generator is trained on them.

    Parameters
    ----------
    data : LabelledData
        The content of the file. A sequence is replaced by its means and log-spreads over time.
    is_sequence : bool
        Whether the records of the file are sequences.
    """

    data: LabelledData
    is_sequence: bool

    def without(self, column: str) -> TrainingData:
        """Return the same data without the column of a table that says which rows belong together."""
        samples = self.data.samples
        if isinstance(samples, Sequence) or column not in samples.columns:
            return self
        return replace(self, data=replace(self.data, samples=samples.drop(columns=[column])))

    def cells(self, positions: NDArray[np.intp]) -> tuple[DataDescription, list[Cells]]:
        """Return the form of some samples, and their values.

        Parameters
        ----------
        positions : ndarray of int of shape (n,)
            Positions of the samples in the file.

        Returns
        -------
        description : DataDescription
        cells : list of NumericCells or CategoricalCells
            One for each column that the generator makes.

        Raises
        ------
        DataFileError
            If a table holds categories that are neither strings nor numbers.
        InvalidDataError
            If the values cannot be trained on.
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
    """Read the samples that a generator is trained on. Of a sequence, only means and log-spreads are kept in memory.

    Parameters
    ----------
    path : str or os.PathLike
        JSON file of records, or a table.
    target : str or None, default=None
        Name of the column that holds the classes, for tables only.

    Returns
    -------
    TrainingData

    Raises
    ------
    DataFileError
        If the content of the file does not match its name, or target is missing for a table, or given for records.
    OSError
        If it cannot be read.
    """
    if target_column(path, target) is not None:
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
        # Booleans come as numpy's own type, which a file cannot hold.
        labels = None if column.categories is None else [plain_label(label) for label in column.categories]
        if labels is not None and not all(type(label) in (str, int, float, bool) for label in labels):
            raise DataFileError(
                f"{path}: the categories of column {table.format.label(j)} are neither strings nor numbers, which a "
                "model file cannot hold. Convert the column."
            )
        categories.append(None if labels is None else tuple(labels))
    names = tuple(str(name) for name in frame.columns)
    return DataDescription("table", None, names, tuple(categories)), list(table.cells)
