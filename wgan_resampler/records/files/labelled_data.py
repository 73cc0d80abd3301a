"""One view of records and tables for what only needs samples, classes and groups."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from wgan_resampler.exceptions import DataFileError
from wgan_resampler.records.files.json_records import IS_SYNTHETIC, mean_over_time, read_records
from wgan_resampler.records.files.table_files import read_table, table_format

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
        The class of each.
    is_synthetic : ndarray of bool of shape (n_samples,)
        Whether it was generated.
    keys : mapping, default={}
        What the file says of each original sample under further names; one value for each.
    """

    path: str
    samples: pd.DataFrame | Sequence[NDArray[np.float64]]
    names: NDArray[np.str_]
    is_synthetic: NDArray[np.bool_]
    keys: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    @property
    def is_table(self) -> bool:
        """Whether the samples are the rows of a frame."""
        return not isinstance(self.samples, Sequence)

    @property
    def originals(self) -> NDArray[np.intp]:
        """Positions of the samples that were not generated."""
        return np.flatnonzero(~self.is_synthetic)

    def groups(self, key: str) -> NDArray[np.intp]:
        """Return the number of each original sample's group, from what the file says under `key`.

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
        if key not in self.keys:
            known = ", ".join(repr(name[:40]) for name in list(self.keys)[:12]) or "none"
            raise DataFileError(
                f"{self.path} has no key {key!r} with one value for each record to group by. Such keys: {known}."
            )
        values = self.keys[key]
        for i, value in enumerate(values):
            if value is None or not isinstance(value, (str, int, float)) or value != value:
                raise DataFileError(
                    f"{self.path} gives original record {i} no text or number under {key!r} to group by."
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
        The file; its name says which kind it is.
    target : str or None, default=None
        The column of the classes, for tables only.
    keep_sequences : bool, default=False
        Whether sequences are kept as they are; else their means over time, in a fraction of the memory.

    Returns
    -------
    LabelledData

    Raises
    ------
    DataFileError
        If the file is not what its name says, or target is missing or superfluous.
    OSError
        If it cannot be read.

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
    if column is None:
        file = read_records(path, reduce=None if keep_sequences else mean_over_time)
        return LabelledData(
            str(path), file.records, file.names, file.is_synthetic, _keys_of_originals(file.extra, file.is_synthetic)
        )
    table = read_table(path, column)
    keys = {name: column[~table.is_synthetic].tolist() for name, column in table.features.items()}
    return LabelledData(str(path), table.features, table.names, table.is_synthetic, keys)


def target_column(path: str | os.PathLike[str], target: str | None) -> str | None:
    """Return the column of a table's classes; None for a JSON file, which names its classes itself.

    Raises
    ------
    DataFileError
        If `target` is missing for a table, or given for JSON.
    """
    if table_format(path) is not None:
        if target is None:
            raise DataFileError(f"{path} is a table; say which column holds the classes with --target COLUMN.")
        return target
    if target is not None:
        raise DataFileError(
            f"{path} is read as JSON, which names its classes itself; --target {target} is for .csv, .csv.gz and "
            ".parquet files."
        )
    return None


def _keys_of_originals(extra: Mapping[str, Any], is_synthetic: NDArray[np.bool_]) -> dict[str, list[Any]]:
    """Return lists with a value for each original record; what made the synthetic ones may not have lengthened them."""
    originals = np.flatnonzero(~is_synthetic)
    lists = {key: value for key, value in extra.items() if isinstance(value, list) and key != IS_SYNTHETIC}
    return {
        key: value if len(value) == len(originals) else [value[i] for i in originals]
        for key, value in lists.items()
        if len(value) in (len(originals), len(is_synthetic))
    }
