"""One view of records and tables, for code that needs only samples, classes and groups."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from wgan_resampler.exceptions import DataFileError
from wgan_resampler.records.files.json_records import IS_SYNTHETIC, RecordFile, mean_over_time, read_records
from wgan_resampler.tables import TABLE_SUFFIXES, read_table, table_suffix

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class LabelledData:
    """Samples of a file and their classes.

    Parameters
    ----------
    path : str
        The file.
    samples : DataFrame, or sequence of ndarray of shape (n_features,) or (n_frames, n_features)
        The features of each sample.
    names : ndarray of str of shape (n_samples,)
        The class of each sample.
    is_synthetic : ndarray of bool of shape (n_samples,)
        Whether each sample was generated.
    keys : mapping, default={}
        Of a JSON file: further lists with one value for each original sample. Of a table, the columns are used.
    content : DataFrame, RecordFile or None, default=None
        All that the file holds; None for samples that come from no file.
    """

    path: str
    samples: pd.DataFrame | Sequence[NDArray[np.float64]]
    names: NDArray[np.str_]
    is_synthetic: NDArray[np.bool_]
    keys: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    content: pd.DataFrame | RecordFile | None = None

    @property
    def is_table(self) -> bool:
        """Whether the samples are the rows of a frame."""
        return not isinstance(self.samples, Sequence)

    @property
    def originals(self) -> NDArray[np.intp]:
        """Positions of the samples that were not generated."""
        return np.flatnonzero(~self.is_synthetic)

    def groups(self, key: str) -> NDArray[np.intp]:
        """Return the number of each original sample's group. Samples with the same value of `key` are one group.

        Parameters
        ----------
        key : str
            A key with one value for each record, or a column of the table.

        Returns
        -------
        ndarray of int of shape (n_originals,)

        Raises
        ------
        DataFileError
            If there is no such key, or a sample has no value there.
        """
        names = list(self.keys if isinstance(self.samples, Sequence) else self.samples.columns)
        if key not in names:
            known = ", ".join(repr(name[:40]) for name in names[:12]) or "none"
            raise DataFileError(
                f"{self.path} has no key {key!r} with one value for each record to group by. Such keys: {known}."
            )
        values = (
            self.keys[key] if isinstance(self.samples, Sequence) else self.samples[key][~self.is_synthetic].tolist()
        )
        for i, value in enumerate(values):
            if value is None or not isinstance(value, (str, int, float)) or value != value:
                raise DataFileError(
                    f"{self.path} gives original record {i} no string or number under {key!r} to group by."
                )
        numbers: dict[str | float, int] = {}
        return np.array([numbers.setdefault(value, len(numbers)) for value in values], dtype=np.intp)


def read_labelled(
    path: str | os.PathLike[str], target: str | None = None, *, keep_sequences: bool = False
) -> LabelledData:
    r"""Read a JSON file of records, or a table with its target column.

    Parameters
    ----------
    path : str or os.PathLike
        The file. Its name says which kind it is.
    target : str or None, default=None
        The column of the classes, for tables only.
    keep_sequences : bool, default=False
        Whether sequences are kept as they are. Otherwise only their means over time are kept, which takes a fraction
        of the memory.

    Returns
    -------
    LabelledData

    Raises
    ------
    DataFileError
        If the file is not what its name says, `target` is missing for a table or given for JSON, or a row of a table
        has no class.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from wgan_resampler.records.files.labelled_data import read_labelled
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "songs.csv")
    ...     n_chars = path.write_text("loudness,artist,genre\n0.5,A,jazz\n0.7,B,rock\n0.6,A,jazz\n")
    ...     data = read_labelled(path, target="genre")
    >>> data.names.tolist(), data.groups("artist").tolist()
    (['jazz', 'rock', 'jazz'], [0, 1, 0])
    """
    column = target_column(path, target)
    if column is not None:
        return _read_labelled_table(str(path), column)
    file = read_records(path, reduce=None if keep_sequences else mean_over_time)
    keys = _keys_of_originals(file.extra, file.is_synthetic)
    return LabelledData(str(path), file.records, file.names, file.is_synthetic, keys, file)


def target_column(path: str | os.PathLike[str], target: str | None) -> str | None:
    """Return the column of a table's classes; None for a JSON file, which names its classes itself.

    Raises
    ------
    DataFileError
        If `target` is missing for a table, or given for JSON.
    """
    if table_suffix(path) is not None:
        if target is None:
            raise DataFileError(f"{path} is a table. Name the column of its classes with target=COLUMN.")
        return target
    if target is not None:
        raise DataFileError(
            f"{path} is read as JSON, which names its classes itself: target={target} is only used with files whose "
            f"name ends in {', '.join(TABLE_SUFFIXES)}."
        )
    return None


def _read_labelled_table(path: str, target: str) -> LabelledData:
    frame = read_table(path, target)
    n_missing = int(frame[target].isna().sum())
    if n_missing:
        raise DataFileError(f"{path} has {n_missing} rows without a class in {target!r}. Fill or remove them.")
    is_synthetic = np.zeros(len(frame), dtype=np.bool_)
    if IS_SYNTHETIC in frame.columns:
        if not frame[IS_SYNTHETIC].isin([True, False]).all():
            raise DataFileError(f"{path} must say True or False in each row of its column {IS_SYNTHETIC!r}.")
        is_synthetic = np.asarray(frame[IS_SYNTHETIC], dtype=np.bool_)
    features = frame.drop(columns=[target, IS_SYNTHETIC], errors="ignore")
    names = np.asarray(frame[target].astype(str), dtype=np.str_)
    return LabelledData(path, features, names, is_synthetic, content=frame)


def _keys_of_originals(extra: Mapping[str, Any], is_synthetic: NDArray[np.bool_]) -> dict[str, list[Any]]:
    """Return the lists with one value for each original record.

    A list may have values for all records, or for the original ones only, as `augment` leaves it.
    """
    originals = np.flatnonzero(~is_synthetic)
    lists = {key: value for key, value in extra.items() if isinstance(value, list) and key != IS_SYNTHETIC}
    return {
        key: value if len(value) == len(originals) else [value[i] for i in originals]
        for key, value in lists.items()
        if len(value) in (len(originals), len(is_synthetic))
    }
