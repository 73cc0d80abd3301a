"""The original samples of a file: what a generator is trained on."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from wgan_resampler.exceptions import DataFileError
from wgan_resampler.records.audio.sequences import describe
from wgan_resampler.records.files.labelled_data import read_labelled
from wgan_resampler.records.files.splits import read_split
from wgan_resampler.tables import Cells, CsvOptions, check_table, numeric_cells, plain_label

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

    def __str__(self) -> str:
        if self.kind == "table":
            return f"a table of {len(self.columns)} columns"
        return f"{self.kind} of {self.n_coefficients} coefficients"

    @property
    def n_features(self) -> int:
        """Number of columns that the generator makes."""
        if self.n_coefficients is None:
            return len(self.columns)
        return self.n_coefficients * (2 if self.kind == "sequences" else 1)


@dataclass(frozen=True)
class TrainingData:
    """Samples of a file, in the form in which a generator is trained on them.

    Parameters
    ----------
    description : DataDescription
        Their form.
    cells : list of NumericCells or CategoricalCells
        Their values: one for each column that the generator makes.
    names : ndarray of str of shape (n_samples,)
        Their classes.
    """

    description: DataDescription
    cells: list[Cells]
    names: NDArray[np.str_]


def read_training_data(
    path: str | os.PathLike[str],
    target: str | None = None,
    split_file: str | os.PathLike[str] | None = None,
    csv_options: CsvOptions | None = None,
) -> TrainingData:
    """Read the samples that a generator is trained on. Of a sequence, only means and log-spreads are kept in memory.

    Parameters
    ----------
    path : str or os.PathLike
        JSON file of records, or a table.
    target : str or None, default=None
        Name of the column that holds the classes, for tables only.
    split_file : str, os.PathLike or None, default=None
        File of a split. With it, only its training records are taken, and the column by which it groups the rows of a
        table is left out. None takes all original samples.
    csv_options : CsvOptions or None, default=None
        How CSV files are read.

    Returns
    -------
    TrainingData

    Raises
    ------
    DataFileError
        If the content of the file does not match its name, `target` is missing for a table or given for records, the
        split is of another file, or a table holds categories that are neither strings nor numbers.
    InvalidDataError
        If the values cannot be trained on.
    OSError
        If a file cannot be read.
    """
    n_dimensions: set[int] = set()

    def reduce(record: NDArray[np.float64]) -> NDArray[np.float64]:
        n_dimensions.add(record.ndim)
        return describe(record) if record.ndim == 2 else record

    data = read_labelled(path, target, options=csv_options, reduce=reduce)
    positions, group_key = data.originals, None
    if split_file is not None:
        split = read_split(split_file)
        split.check_against(path, data.names[positions])
        positions, group_key = positions[list(split.train)], split.group_key
    names = data.names[positions]
    if not isinstance(data.samples, Sequence):
        frame = data.samples.drop(columns=[group_key], errors="ignore").iloc[positions]
        return TrainingData(*_read_table(data.path, frame), names)
    rows = np.stack([data.samples[i] for i in positions])
    width = rows.shape[1]
    description = DataDescription("sequences", width // 2) if n_dimensions == {2} else DataDescription("vectors", width)
    return TrainingData(description, [numeric_cells(column) for column in np.ascontiguousarray(rows.T)], names)


def _read_table(path: str, frame: Any) -> tuple[DataDescription, list[Cells]]:
    table = check_table(frame)
    categories: list[tuple[Label, ...] | None] = []
    for j, column in enumerate(table.format.columns):
        # Booleans come as numpy's own type, which a file cannot hold.
        labels = None if column.categories is None else [plain_label(label) for label in column.categories]
        if labels is not None and not all(type(label) in (str, int, float, bool) for label in labels):
            raise DataFileError(
                f"{path}: column {table.format.label(j)} has categories that are neither strings nor numbers. "
                "Convert them."
            )
        categories.append(None if labels is None else tuple(labels))
    names = tuple(str(name) for name in frame.columns)
    return DataDescription("table", None, names, tuple(categories)), list(table.cells)
