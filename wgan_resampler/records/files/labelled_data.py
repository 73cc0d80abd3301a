"""Records and tables in one form, for code that needs only samples, classes and groups."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from wgan_resampler.exceptions import DataFileError
from wgan_resampler.records.files.json_hints import is_json_lines, other_layout
from wgan_resampler.records.files.json_records import JSON_SUFFIXES, TRACK, RecordFile, mean_over_time, read_records
from wgan_resampler.records.files.json_stream import Reduce
from wgan_resampler.tables import (
    IS_SYNTHETIC,
    TABLE_NAMES,
    CsvOptions,
    TableFile,
    check_kind,
    open_table,
    synthetic_rows,
    table_suffix,
)

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
    content : TableFile, RecordFile or None, default=None
        The content of the file; None for samples that do not come from a file.
    """

    path: str
    samples: pd.DataFrame | Sequence[NDArray[np.float64]]
    names: NDArray[np.str_]
    is_synthetic: NDArray[np.bool_]
    content: TableFile | RecordFile | None = None

    @property
    def originals(self) -> NDArray[np.intp]:
        """Positions of the samples that were not generated."""
        return np.flatnonzero(~self.is_synthetic)

    @property
    def track_key(self) -> str | None:
        """The key of a JSON file that names the track of each record, if several records come from one track."""
        tracks = self._keys_of_records().get(TRACK) if isinstance(self.content, RecordFile) else None
        if tracks is None or not all(isinstance(track, str) for track in tracks):
            return None
        return TRACK if len(set(tracks)) < len(tracks) else None

    def _keys_of_records(self) -> dict[str, list[Any]]:
        """Return the further keys of a JSON file that have a value for each record, or for each original one."""
        content = cast(RecordFile, self.content)
        lengths = (len(self.originals), len(self.names))  # `augment` leaves the lists of original records as they were
        lists = {name: values for name, values in content.extra.items() if isinstance(values, list)}
        return {name: values for name, values in lists.items() if len(values) in lengths and name != IS_SYNTHETIC}

    def groups(self, key: str) -> NDArray[np.intp]:
        """Return the group of each original sample, as a number. Samples with the same value of `key` are one group.

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
        columns: Any = self._keys_of_records() if isinstance(self.content, RecordFile) else self.samples
        if key not in columns:
            known = ", ".join(repr(name[:40]) for name in list(columns)[:12]) or "none"
            raise DataFileError(
                f"{self.path} has no key {key!r} with one value for each record to group by. Such keys: {known}."
            )
        values = np.asarray(columns[key], dtype=object)
        if len(values) != len(self.originals):
            values = values[self.originals]
        for i, value in enumerate(values):
            if not isinstance(value, (str, int, float)) or value != value:
                raise DataFileError(f"{self.path} has no string or number under {key!r} for original record {i}.")
        numbers: dict[str | float, int] = {}
        return np.array([numbers.setdefault(value, len(numbers)) for value in values], dtype=np.intp)


def read_labelled(
    path: str | os.PathLike[str],
    target: str | None = None,
    *,
    options: CsvOptions | None = None,
    reduce: Reduce | None = mean_over_time,
) -> LabelledData:
    r"""Read a JSON file of records, or a table with its target column.

    Parameters
    ----------
    path : str or os.PathLike
        The file. Its name says which kind it is.
    target : str or None, default=None
        The column of the classes, for tables only.
    options : CsvOptions or None, default=None
        How CSV files are read.
    reduce : callable or None, default=mean_over_time
        What is kept of each record of a JSON file. The default keeps the means over time of a sequence, which takes a
        fraction of the memory. None keeps all frames.

    Returns
    -------
    LabelledData

    Raises
    ------
    DataFileError
        If the file is not what its name says, `target` is missing for a table or given for JSON, a row of a table
        has no class, or all samples are synthetic.
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
    layout = other_layout(path) if is_json_lines(path) else None
    if layout is not None:
        raise DataFileError(layout)
    check_kind(path)
    is_table = table_suffix(path) is not None
    if is_table and target is None:
        raise DataFileError(f"{path} is a table. Name the column of its classes with target=COLUMN.")
    if not is_table and target is not None:
        is_json = str(path).lower().endswith(JSON_SUFFIXES) and Path(path).exists()
        layout = other_layout(path) if is_json else None
        raise DataFileError(
            layout
            or f"{path} is read as JSON, which names its classes itself: target={target} is only used with files whose "
            f"name ends in {TABLE_NAMES}. If it is a table, rename it."
        )
    if target is not None:
        data = _read_labelled_table(str(path), target, options)
    else:
        file = read_records(path, reduce=reduce)
        _check_names(path, file.mapping)
        data = LabelledData(str(path), file.records, file.names, file.is_synthetic, file)
    if data.is_synthetic.all():
        raise DataFileError(f"{path} holds synthetic records only. Give a file that holds original records too.")
    return data


def _check_names(path: str | os.PathLike[str], names: Iterable[str]) -> None:
    """Raise DataFileError if a name ends in a null character, which numpy's strings do not keep."""
    if any(name.endswith("\0") for name in names):
        raise DataFileError(f"{path} has a class whose name ends in a null character. Rename it.")


def _read_labelled_table(path: str, target: str, options: CsvOptions | None) -> LabelledData:
    table = open_table(path, target, options=options)
    names = table.spelled(target)
    n_missing = sum(name is None for name in names)
    if n_missing:
        raise DataFileError(f"{path} has {n_missing} rows without a class in {target!r}. Fill or remove them.")
    _check_names(path, names)
    features = table.frame.drop(columns=[target, IS_SYNTHETIC], errors="ignore")
    if features.shape[1] == 0:
        raise DataFileError(f"{path} has no column but {target!r}, so there is nothing to learn from.")
    return LabelledData(path, features, names.astype(np.str_), synthetic_rows(table), table)
