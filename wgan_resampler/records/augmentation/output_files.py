"""Augmented files: the original records first, as they were read, then the synthetic ones.

A synthetic record takes some things from a real one, its *donor*: the time course of a sequence, and the label as the
file spells it. The donor is a training record of the same class.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from wgan_resampler.exceptions import DataFileError
from wgan_resampler.records.audio.sequences import move
from wgan_resampler.records.augmentation.class_counts import Augmentation
from wgan_resampler.records.augmentation.column_matching import matching_format
from wgan_resampler.records.files.json_records import IS_SYNTHETIC, JSON_SUFFIXES, RecordFile, write_records
from wgan_resampler.records.files.labelled_data import LabelledData
from wgan_resampler.records.generator_file import TrainedGenerator
from wgan_resampler.records.training_data import DataDescription
from wgan_resampler.tables import TABLE_SUFFIXES, Cells, table_suffix, write_table
from wgan_resampler.utils.storage import atomic_writer

if TYPE_CHECKING:
    import pandas as pd

META_SUFFIX = ".meta.json"
"""Added to the name of an augmented table, this is the name of the file that says how it was augmented."""

DONORS = "time_course_of"
"""Key of an augmented file that holds, for each synthetic sequence, the position of its donor."""

Floats = NDArray[np.float64]
Positions = NDArray[np.intp]


@dataclass(frozen=True)
class Synthetic:
    """The synthetic records of a file.

    Parameters
    ----------
    cells : sequence of NumericCells or CategoricalCells
        One for each column that the generator makes.
    donors : ndarray of int of shape (n,)
        Position of each synthetic record's donor.
    """

    cells: Sequence[Cells]
    donors: Positions


def check_output(
    output: str | os.PathLike[str],
    endings: Sequence[str],
    inputs: Sequence[str | os.PathLike[str]] = (),
    companions: Sequence[str] = (),
) -> None:
    """Raise before any work if a file could not be written in the end, or would replace one that is read.

    Parameters
    ----------
    output : str or os.PathLike
        The file to write.
    endings : sequence of str
        What its name may end in.
    inputs : sequence of str or os.PathLike, default=()
        Files that are read and must stay.
    companions : sequence of str, default=()
        For each further file that is written: what its name adds to that of `output`.

    Raises
    ------
    DataFileError
        If the name has another ending, or names a file that is read, be it by another path or a link.
    OSError
        If the folder does not exist, or the name is that of a folder.
    """
    if not str(output).lower().endswith(tuple(endings)):
        raise DataFileError(f"{output} cannot be the output: its name must end in {' or '.join(endings)}.")
    for path in (f"{output}{companion}" for companion in ("", *companions)):
        for read in inputs:
            if _is_same_file(path, read):
                raise DataFileError(
                    f"{path} cannot be written: it is {read}, which is read here and must stay. Choose another output."
                )
        if Path(path).is_dir():
            raise IsADirectoryError(errno.EISDIR, "This is a folder; the name of a file is needed", path)
    folder = Path(os.path.realpath(output)).parent
    if not folder.is_dir():
        raise FileNotFoundError(errno.ENOENT, "There is no such folder to write to; make it first", str(folder))


def check_augmented(
    output: str | os.PathLike[str], data: str | os.PathLike[str], others: Sequence[str | os.PathLike[str]] = ()
) -> None:
    """Call `check_output` for the file that augments `data`, where `others` are read too."""
    if table_suffix(data) is None:
        check_output(output, JSON_SUFFIXES, [data, *others])
    else:
        check_output(output, TABLE_SUFFIXES, [data, *others], [META_SUFFIX])


def _is_same_file(a: str | os.PathLike[str], b: str | os.PathLike[str]) -> bool:
    if os.path.realpath(a) == os.path.realpath(b):
        return True
    return Path(a).exists() and Path(b).exists() and Path(a).samefile(b)


class AugmentedRecords:
    """An augmented JSON file of records.

    Parameters
    ----------
    data : LabelledData
        The original file.
    trained : TrainedGenerator
        The generator of the synthetic records.
    about : Augmentation
        What the file will say of itself.

    Raises
    ------
    DataFileError
        If the generator makes other records than those of the file, or the file uses a key that is to be added.
    """

    def __init__(self, data: LabelledData, trained: TrainedGenerator, about: Augmentation) -> None:
        self._file = file = cast(RecordFile, data.content)
        self._about = about.to_plain()
        made = trained.data
        holds = f"{'sequences' if file.is_sequence else 'vectors'} of {file.n_features} coefficients"
        if (made.kind == "sequences", made.n_coefficients) != (file.is_sequence, file.n_features):
            raise DataFileError(f"{data.path} holds {holds}, but the generator was trained on {describe_kind(made)}.")
        for key in (*self._about, *([DONORS] if file.is_sequence else [])):
            if key in file.extra:
                raise DataFileError(
                    f"{data.path} has the key {key!r}, which is to be added. Either it was augmented before, or the "
                    "key means something else. Augment the original file, or rename the key."
                )

    def write(self, path: str, synthetic: Synthetic, *, progress: bool) -> tuple[str, ...]:
        """Write the file and return the names of the files written, which is one."""
        file, n, donors = self._file, len(self._file.records), synthetic.donors
        rows = np.column_stack([column.values.astype(np.float64) for column in cast(Any, synthetic.cells)])
        extra = {**file.extra, **self._about, IS_SYNTHETIC: [False] * n + [True] * len(donors)}
        if file.is_sequence:
            extra[DONORS] = [None] * n + donors.tolist()
        labels = np.concatenate([file.labels, file.labels[donors]])
        records = _Records(file.records, rows, donors, progress)
        write_records(path, RecordFile(records, labels, file.mapping, file.layout, extra))
        return (path,)


class _Records(Sequence[Floats]):
    """The original records, then the synthetic ones. A synthetic sequence is made only when it is asked for.

    Parameters
    ----------
    originals : sequence of ndarray
        Vectors or sequences.
    rows : ndarray of shape (n, n_features)
        Synthetic vectors, or the descriptions of synthetic sequences.
    donors : ndarray of int of shape (n,)
        The record whose time course each synthetic sequence gets.
    progress : bool
        Whether iteration shows a progress bar.
    """

    def __init__(self, originals: Sequence[Floats], rows: Floats, donors: Positions, progress: bool) -> None:
        self._originals = originals
        self._rows = rows
        self._donors = donors
        self._progress = progress

    def __len__(self) -> int:
        return len(self._originals) + len(self._rows)

    def __getitem__(self, index: Any) -> Any:
        if index < len(self._originals):
            return self._originals[index]
        i = index - len(self._originals)
        row, donor = self._rows[i], self._originals[self._donors[i]]
        return row if donor.ndim == 1 else move(donor, row)

    def __iter__(self) -> Iterator[Floats]:
        positions = tqdm(range(len(self)), "writing", unit="record", disable=not self._progress, file=sys.stderr)
        return (self[i] for i in positions)


class AugmentedTable:
    """An augmented table.

    Parameters
    ----------
    data : LabelledData
        The original file.
    trained : TrainedGenerator
        The generator of the synthetic rows.
    about : Augmentation
        What a second file will say of the table.
    target : str
        The column of the classes.
    group_key : str or None
        The column that groups rows for a split. It is not a feature, so the generator may lack it.

    Raises
    ------
    DataFileError
        If the generator makes other columns than those of the table.
    """

    def __init__(
        self, data: LabelledData, trained: TrainedGenerator, about: Augmentation, target: str, group_key: str | None
    ) -> None:
        if trained.data.kind != "table":
            raise DataFileError(
                f"{data.path} is a table, but the generator was trained on {describe_kind(trained.data)}."
            )
        features = cast("pd.DataFrame", data.samples)
        if group_key not in trained.data.columns:
            features = features.drop(columns=[group_key], errors="ignore")
        self._frame, self._about, self._target = cast("pd.DataFrame", data.content), about, target
        self._format = matching_format(data.path, features, trained.data, trained.model.encoder.schema)

    def write(self, path: str, synthetic: Synthetic, *, progress: bool) -> tuple[str, ...]:
        """Write the table and the file that says how it was augmented, and return their names."""
        write_table(path, self._rows(synthetic))
        meta = f"{path}{META_SUFFIX}"
        with atomic_writer(meta) as file:
            content = json.dumps(self._about.to_plain(), indent=2, ensure_ascii=False, allow_nan=False)
            file.write(f"{content}\n".encode())
        return path, meta

    def _rows(self, synthetic: Synthetic) -> pd.DataFrame:
        """Return all rows, with the column that marks the synthetic ones."""
        import pandas as pd

        frame, n_new = self._frame, len(synthetic.donors)
        marks = np.repeat([False, True], [len(frame), n_new])
        if n_new:
            new = self._format.build(synthetic.cells)
            new[self._target] = frame[self._target].take(synthetic.donors).array
            columns = [name for name in frame.columns if name != IS_SYNTHETIC]
            # The generator does not make the column of groups, so it is missing in new rows. Integers and booleans
            # need a dtype with missing values for that, or the original values would change.
            frame = frame[columns].astype({name: _nullable(frame[name]) for name in columns if name not in new})
            for name in columns:
                if name not in new:
                    new[name] = pd.Series([None] * n_new, dtype=frame[name].dtype)
            frame = pd.concat([frame, new[columns]], ignore_index=True)
        return frame.assign(**{IS_SYNTHETIC: marks})


def _nullable(column: pd.Series) -> Any:
    """Return a dtype for the same values that has missing values too."""
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "iu":
        return f"{'UInt' if column.dtype.kind == 'u' else 'Int'}{8 * column.dtype.itemsize}"
    return "boolean" if column.dtype == np.dtype(bool) else column.dtype


def describe_kind(data: DataDescription) -> str:
    """Return what a generator's records are, for messages.

    Examples
    --------
    >>> from wgan_resampler.records.augmentation.output_files import describe_kind
    >>> from wgan_resampler.records.training_data import DataDescription
    >>> describe_kind(DataDescription("sequences", 13))
    'sequences of 13 coefficients'
    """
    if data.kind == "table":
        return f"a table of {len(data.columns)} columns"
    return f"{data.kind} of {data.n_coefficients} coefficients"
