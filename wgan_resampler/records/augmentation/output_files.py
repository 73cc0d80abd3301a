"""Augmented files: first the original records, unchanged, then the synthetic ones.

A synthetic record takes some things from a real one, its *donor*: the time course of a sequence, and the label as it
stands in the file. The donor is a training record of the same class.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from wgan_resampler.exceptions import DataFileError
from wgan_resampler.records.audio.sequences import move, rounded_like
from wgan_resampler.records.augmentation.column_matching import matching_format
from wgan_resampler.records.files.json_records import RecordFile, write_extended_records
from wgan_resampler.records.files.labelled_data import LabelledData
from wgan_resampler.records.generator_file import TrainedGenerator
from wgan_resampler.records.training_data import DataDescription
from wgan_resampler.tables import META_SUFFIX, Cells, NewRows, PandasFormat, TableFile
from wgan_resampler.utils import progress_bar
from wgan_resampler.utils.storage import atomic_writer, writable_file

if TYPE_CHECKING:
    import pandas as pd

DONORS = "time_course_of"
"""Key of an augmented file of sequences. For each synthetic record it holds the position of its donor, else null."""

Positions = NDArray[np.intp]


def check_output(
    output: str | os.PathLike[str],
    endings: Sequence[str],
    inputs: Sequence[str | os.PathLike[str]] = (),
    companions: Sequence[str] = (),
    shown_endings: str | None = None,
) -> None:
    """Raise if a file cannot be written, or would replace a file that is read. Called before the work begins.

    Parameters
    ----------
    output : str or os.PathLike
        The file to write.
    endings : sequence of str
        What its name may end in.
    inputs : sequence of str or os.PathLike, default=()
        Files that are read and must stay.
    companions : sequence of str, default=()
        For each further file that is written: what is added to the name of `output`.
    shown_endings : str or None, default=None
        The endings for the message. None lists all of them.

    Raises
    ------
    DataFileError
        If the name has another ending, or leads to a file that is read, also through another path or a link.
    OSError
        If the folder does not exist, or the name is that of a folder.
    """
    if not str(output).lower().endswith(tuple(endings)):
        shown_endings = shown_endings or " or ".join(endings)
        raise DataFileError(f"{output} cannot be the output: its name must end in {shown_endings}.")
    for path in (f"{output}{companion}" for companion in ("", *companions)):
        writable_file(path)
        for read in inputs:
            if Path(path).exists() and Path(read).exists() and Path(path).samefile(read):
                raise DataFileError(
                    f"{path} cannot be written: it is {read}, which is read here and must stay. Choose another output."
                )


def check_records(data: LabelledData, made: DataDescription, about: Mapping[str, Any]) -> None:
    """Raise DataFileError unless a JSON file can be augmented.

    Parameters
    ----------
    data : LabelledData
        The original file.
    made : DataDescription
        The records that the generator makes.
    about : mapping
        The keys that are added to the file.
    """
    file = cast(RecordFile, data.content)
    found = DataDescription("sequences" if file.is_sequence else "vectors", file.n_features)
    if found != made:
        raise DataFileError(f"{data.path} holds {found}, but the generator was trained on {made}.")
    for key in (*about, *([DONORS] if file.is_sequence else [])):
        if key in file.extra:
            raise DataFileError(
                f"{data.path} has the key {key!r}, which is to be added. Augment the original file, or rename the key."
            )


def write_augmented_records(
    path: str, data: LabelledData, cells: Sequence[Cells], donors: Positions, about: Mapping[str, Any], progress: bool
) -> None:
    """Write a copy of a JSON file with synthetic records. The content of the file is copied byte for byte.

    Parameters
    ----------
    path : str
        The file to write.
    data : LabelledData
        The original file.
    cells : sequence of NumericCells
        Synthetic vectors, or the descriptions of synthetic sequences, column by column.
    donors : ndarray of int of shape (n_synthetic,)
        The position of each synthetic record's donor.
    about : mapping
        The keys that are added to the file.
    progress : bool
        Whether to show a progress bar.
    """
    file = cast(RecordFile, data.content)
    rows = np.column_stack([column.values.astype(np.float64) for column in cast(Any, cells)])
    further = dict(about)
    if file.is_sequence:
        further[DONORS] = [None] * len(file.records) + donors.tolist()
    # A synthetic sequence is made only when it is written, so that no two of them are in memory.
    new = (
        rounded_like(file.records[donor], move(file.records[donor], row)) if file.is_sequence else row
        for donor, row in zip(donors, rows, strict=True)
    )
    records = progress_bar(new, desc="writing", total=len(donors), unit="record", disable=not progress)
    write_extended_records(path, data.path, file, records, file.labels[donors], further)


def format_of_table(data: LabelledData, trained: TrainedGenerator, group_key: str | None) -> PandasFormat:
    """Return the format of new rows of a table.

    Parameters
    ----------
    data : LabelledData
        The original table.
    trained : TrainedGenerator
        The generator of the rows.
    group_key : str or None
        The column that groups rows for a split. It is not a feature, so the generator may lack it.

    Returns
    -------
    PandasFormat

    Raises
    ------
    DataFileError
        If the generator makes other columns than those of the table.
    """
    if trained.data.kind != "table":
        raise DataFileError(f"{data.path} is a table, but the generator was trained on {trained.data}.")
    features = cast("pd.DataFrame", data.samples)
    if group_key not in trained.data.columns:
        features = features.drop(columns=[group_key], errors="ignore")
    return matching_format(data.path, features, trained.data, trained.model.encoder.schema)


def write_augmented_table(path: str, table: TableFile, new: NewRows, about: Mapping[str, Any]) -> None:
    """Write the original and the synthetic rows of a table, and a second file that says how it was augmented.

    Parameters
    ----------
    path : str
        The file to write.
    table : TableFile
        The original table.
    new : NewRows
        The synthetic rows.
    about : mapping
        The content of the second file.
    """
    with atomic_writer(path) as file:
        table.write_with(file, new)
    with atomic_writer(f"{path}{META_SUFFIX}") as file:
        file.write(f"{json.dumps(about, indent=2, ensure_ascii=False, allow_nan=False)}\n".encode())
