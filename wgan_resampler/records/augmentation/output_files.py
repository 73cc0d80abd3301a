"""Files with synthetic records below the original ones: what can be augmented, and how it is written.

The original records are written as they were read. What a synthetic record takes from a real one (the time course of a
sequence, the label as the file spells it) comes from its *donor*, a training record of its class.
"""

from __future__ import annotations

import abc
import errno
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from wgan_resampler.exceptions import DataFileError
from wgan_resampler.records.audio.sequences import move
from wgan_resampler.records.augmentation.class_counts import Augmentation
from wgan_resampler.records.augmentation.column_matching import matching_format
from wgan_resampler.records.files.json_records import IS_SYNTHETIC, RecordFile, read_records, write_records
from wgan_resampler.records.files.labelled_data import target_column
from wgan_resampler.records.files.table_files import TableFile, read_table, table_format, write_table
from wgan_resampler.records.generator_file import TrainedGenerator
from wgan_resampler.records.training_data import DataDescription
from wgan_resampler.tables import Cells
from wgan_resampler.utils.storage import atomic_writer

if TYPE_CHECKING:
    import pandas as pd

META_SUFFIX = ".meta.json"
"""What the name of a table gets to become that of the file that says how it was augmented."""

DONORS = "time_course_of"
"""Key that says of each synthetic sequence which record lent it its time course."""

Floats = NDArray[np.float64]
Positions = NDArray[np.intp]


@dataclass(frozen=True)
class Synthetic:
    """What a generator has made for a file.

    Parameters
    ----------
    cells : sequence of NumericCells or CategoricalCells
        One for each column that the generator makes.
    donors : ndarray of int of shape (n,)
        For each synthetic record, the position of a training record of its class.
    """

    cells: Sequence[Cells]
    donors: Positions


class Source(abc.ABC):
    """A file of original records that is to be augmented."""

    path: str

    @property
    @abc.abstractmethod
    def names(self) -> NDArray[np.str_]:
        """Class of each record."""

    @property
    @abc.abstractmethod
    def is_synthetic(self) -> NDArray[np.bool_]:
        """Whether each record was generated."""

    @abc.abstractmethod
    def check(self, trained: TrainedGenerator, about: Augmentation, group_key: str | None) -> None:
        """Raise DataFileError unless the generator makes such records and the file has room for `about`."""

    @abc.abstractmethod
    def write(
        self, path: str, synthetic: Synthetic, trained: TrainedGenerator, about: Augmentation, *, progress: bool
    ) -> tuple[str, ...]:
        """Write the original records, the synthetic ones and `about`; return the names of the files."""


def read_source(path: str | os.PathLike[str], target: str | None = None) -> Source:
    """Read a file that is to be augmented.

    Parameters
    ----------
    path : str or os.PathLike
        JSON file of records, or a table. All numbers are kept, 8 bytes each.
    target : str or None, default=None
        The column of the classes, for tables only.

    Returns
    -------
    Source

    Raises
    ------
    DataFileError
        If the file is not what its name says, `target` is missing or superfluous, or it holds synthetic records.
    OSError
        If it cannot be read.
    """
    column = target_column(path, target)
    source: Source
    if column is None:
        source = RecordSource(str(path), read_records(path))
    else:
        source = TableSource(str(path), read_table(path, column))
    n_synthetic = int(source.is_synthetic.sum())
    if n_synthetic:
        raise DataFileError(
            f"{path} holds {n_synthetic} synthetic records already. Augment the file of the original ones."
        )
    return source


def check_output(
    output: str | os.PathLike[str], data: str | os.PathLike[str], others: Sequence[str | os.PathLike[str]] = ()
) -> None:
    """Raise before any work if a file could not be written in the end, or would replace one that is read.

    Parameters
    ----------
    output : str or os.PathLike
        Where the augmented file will go.
    data : str or os.PathLike
        The file that is augmented.
    others : sequence of str or os.PathLike, default=()
        Further files that are read.

    Raises
    ------
    DataFileError
        If the name ends otherwise than the kind of file needs, or names a file that is read, whatever the path or
        link.
    OSError
        If the folder does not exist, or the name is that of a folder.
    """
    is_table = table_format(data) is not None
    endings = (".csv", ".csv.gz", ".parquet") if is_table else (".json", ".json.gz")
    if not str(output).lower().endswith(endings):
        raise DataFileError(
            f"{output} cannot be the output; {data} is {'a table' if is_table else 'read as JSON'}, so the name must "
            f"end in {' or '.join(endings)}."
        )
    written = [str(output), f"{output}{META_SUFFIX}"] if is_table else [str(output)]
    for path in written:
        for read in (data, *others):
            if _is_same_file(path, read):
                raise DataFileError(
                    f"{path} cannot be written: it is {read}, which is read here and must stay. Name another file as "
                    "output."
                )
        if Path(path).is_dir():
            raise IsADirectoryError(errno.EISDIR, "This is a folder; the name of a file is needed", path)
    folder = Path(os.path.realpath(output)).parent
    if not folder.is_dir():
        raise FileNotFoundError(errno.ENOENT, "There is no such folder to write to; make it first", str(folder))


def _is_same_file(a: str | os.PathLike[str], b: str | os.PathLike[str]) -> bool:
    if os.path.realpath(a) == os.path.realpath(b):
        return True
    return Path(a).exists() and Path(b).exists() and Path(a).samefile(b)


@dataclass(frozen=True)
class RecordSource(Source):
    """A JSON file of records."""

    path: str
    file: RecordFile

    @property
    def names(self) -> NDArray[np.str_]:
        """Class of each record."""
        return self.file.names

    @property
    def is_synthetic(self) -> NDArray[np.bool_]:
        """Whether each record was generated."""
        return self.file.is_synthetic

    def check(self, trained: TrainedGenerator, about: Augmentation, group_key: str | None) -> None:
        """Raise DataFileError unless the generator makes such records."""
        made = trained.data
        holds = f"{'sequences' if self.file.is_sequence else 'vectors'} of {self.file.n_features} coefficients"
        if (made.kind == "sequences", made.n_coefficients) != (self.file.is_sequence, self.file.n_features):
            raise DataFileError(f"{self.path} holds {holds}, but the generator was trained on {describe_kind(made)}.")
        for key in (*about.to_plain(), *([DONORS] if self.file.is_sequence else [])):
            if key in self.file.extra:
                raise DataFileError(
                    f"{self.path} has the key {key!r}, which is to be added: it was augmented before, or means "
                    "something else by it. Augment the original file, or rename the key."
                )

    def write(
        self, path: str, synthetic: Synthetic, trained: TrainedGenerator, about: Augmentation, *, progress: bool
    ) -> tuple[str, ...]:
        """Write one JSON file."""
        n, donors = len(self.file.records), synthetic.donors
        rows = np.column_stack([np.asarray(cells.values, dtype=np.float64) for cells in synthetic.cells])  # type: ignore[union-attr]
        extra = {**self.file.extra, **about.to_plain(), IS_SYNTHETIC: [False] * n + [True] * len(donors)}
        if self.file.is_sequence:
            extra[DONORS] = [None] * n + donors.tolist()
        labels = np.concatenate([self.file.labels, self.file.labels[donors]])
        records = _Records(self.file.records, rows, donors, progress)
        write_records(path, RecordFile(records, labels, self.file.mapping, self.file.layout, extra))
        return (path,)


class _Records(Sequence[Floats]):
    """The original records, then the synthetic ones. A sequence is only made when it is asked for.

    Parameters
    ----------
    originals : sequence of ndarray
        Vectors or sequences.
    rows : ndarray of shape (n, n_features)
        Synthetic vectors, or the descriptions of synthetic sequences.
    donors : ndarray of int of shape (n,)
        The record whose time course a synthetic sequence gets.
    progress : bool
        Whether going through them shows a bar.
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
        with tqdm(total=len(self), desc="writing", unit="record", disable=not self._progress, file=sys.stderr) as bar:
            for i in range(len(self)):
                yield self[i]
                bar.update()


@dataclass(frozen=True)
class TableSource(Source):
    """A table with a column of classes."""

    path: str
    table: TableFile

    @property
    def names(self) -> NDArray[np.str_]:
        """Class of each record."""
        return self.table.names

    @property
    def is_synthetic(self) -> NDArray[np.bool_]:
        """Whether each record was generated."""
        return self.table.is_synthetic

    def check(self, trained: TrainedGenerator, about: Augmentation, group_key: str | None) -> None:
        """Raise DataFileError unless the generator makes such rows."""
        if trained.data.kind != "table":
            raise DataFileError(
                f"{self.path} is a table, but the generator was trained on {describe_kind(trained.data)}."
            )
        left_out = {group_key} - {None, *trained.data.columns}
        features = self.table.features
        kept = features.drop(columns=[name for name in left_out if name in features.columns])
        matching_format(self.path, kept, trained.data, trained.model.encoder.schema)

    def write(
        self, path: str, synthetic: Synthetic, trained: TrainedGenerator, about: Augmentation, *, progress: bool
    ) -> tuple[str, ...]:
        """Write the table, and beside it a file that says what was added."""
        frame = self._frame(synthetic, trained)
        write_table(path, frame)
        meta = f"{path}{META_SUFFIX}"
        with atomic_writer(meta) as file:
            file.write((json.dumps(about.to_plain(), indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode())
        return path, meta

    def _frame(self, synthetic: Synthetic, trained: TrainedGenerator) -> pd.DataFrame:
        """Return all rows with the mark of the synthetic ones."""
        import pandas as pd

        frame, target, n_new = self.table.frame, self.table.target, len(synthetic.donors)
        marks = np.repeat([False, True], [len(frame), n_new])
        if n_new:
            features = frame[list(trained.data.columns)]
            form = matching_format(self.path, features, trained.data, trained.model.encoder.schema)
            new = form.build(synthetic.cells)
            new[target] = frame[target].take(synthetic.donors).array
            columns = [name for name in frame.columns if name != IS_SYNTHETIC]
            # What the generator does not make, the column of groups, is missing in new rows; whole numbers and truth
            # values need a dtype for that, or the original ones would change.
            frame = frame[columns].astype({name: _with_gaps(frame[name]) for name in columns if name not in new})
            for name in columns:
                if name not in new:
                    new[name] = pd.Series([None] * n_new, dtype=frame[name].dtype)
            frame = pd.concat([frame, new[columns]], ignore_index=True)
        return frame.assign(**{IS_SYNTHETIC: marks})


def _with_gaps(column: pd.Series) -> Any:
    """Return a dtype for the same values and missing ones."""
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
