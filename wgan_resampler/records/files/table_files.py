"""Tables on disk, CSV and Parquet, with a column that holds the classes."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from wgan_resampler.exceptions import DataFileError, MissingDependencyError
from wgan_resampler.records.files.bounded_gzip import one_line, open_data
from wgan_resampler.records.files.json_records import IS_SYNTHETIC
from wgan_resampler.utils.storage import atomic_writer

if TYPE_CHECKING:
    import pandas as pd

MAX_CELLS_PER_BYTE = 100
MIN_CELL_ALLOWANCE = 10_000_000
"""A Parquet file may announce this many cells, or 100 for each of its bytes; repeated values pack without limit."""

MAX_COLUMNS = 100_000
"""A few bytes make a column; a frame of a million of them takes gigabytes."""

HINT = "pip install 'wgan-resampler[files]'"


@dataclass(frozen=True)
class TableFile:
    """What a table file holds.

    Parameters
    ----------
    frame : DataFrame
        All columns.
    target : str
        Name of the column that holds the classes.

    Examples
    --------
    >>> import pandas as pd
    >>> from wgan_resampler.records.files.table_files import TableFile
    >>> table = TableFile(pd.DataFrame({"loudness": [0.5, 0.7], "genre": ["jazz", "rock"]}), target="genre")
    >>> table.names.tolist(), list(table.features.columns)
    (['jazz', 'rock'], ['loudness'])
    """

    frame: pd.DataFrame
    target: str

    @property
    def features(self) -> pd.DataFrame:
        """The columns that describe a row: all but the target and the mark of synthetic rows."""
        return self.frame.drop(columns=[self.target, IS_SYNTHETIC], errors="ignore")

    @property
    def names(self) -> NDArray[np.str_]:
        """Class of each row, as text."""
        return np.asarray(self.frame[self.target].astype(str), dtype=np.str_)

    @property
    def is_synthetic(self) -> NDArray[np.bool_]:
        """Whether each row was generated."""
        if IS_SYNTHETIC not in self.frame.columns:
            return np.zeros(len(self.frame), dtype=np.bool_)
        return np.asarray(self.frame[IS_SYNTHETIC], dtype=np.bool_)


def table_format(path: str | os.PathLike[str]) -> str | None:
    """Return "csv" or "parquet" as the name of a file says, or None; ``.csv.gz`` is CSV.

    Examples
    --------
    >>> from wgan_resampler.records.files.table_files import table_format
    >>> table_format("songs.csv.gz"), table_format("songs.parquet"), table_format("songs.json")
    ('csv', 'parquet', None)
    """
    suffixes = [suffix.lower() for suffix in Path(path).suffixes]
    if suffixes[-1:] == [".parquet"]:
        return "parquet"
    return "csv" if suffixes[-1:] == [".csv"] or suffixes[-2:] == [".csv", ".gz"] else None


def read_table(path: str | os.PathLike[str], target: str) -> TableFile:
    r"""Read a CSV or Parquet file.

    Parameters
    ----------
    path : str or os.PathLike
        The file: ``.csv``, ``.csv.gz`` or ``.parquet``.
    target : str
        Name of the column that holds the classes.

    Returns
    -------
    TableFile

    Raises
    ------
    DataFileError
        If the file is no such table, the column does not exist or a row has no class.
    MissingDependencyError
        If pandas or pyarrow is not installed.
    OSError
        If it cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from wgan_resampler.records.files.table_files import read_table
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "songs.csv")
    ...     n_chars = path.write_text("loudness,genre\n0.5,jazz\n0.7,rock\n")
    ...     read_table(path, target="genre").names.tolist()
    ['jazz', 'rock']
    """
    kind = table_format(path)
    if kind is None:
        raise DataFileError(f"{path} is no table by its name; it must end in .csv, .csv.gz or .parquet.")
    try:
        import pandas  # noqa: F401 - only to say what is missing
    except ImportError as error:
        raise MissingDependencyError(f"Reading tables needs pandas: {HINT}") from error
    frame = _read_csv(path) if kind == "csv" else _read_parquet(path)
    if not len(frame):
        raise DataFileError(f"{path} has no rows.")
    columns = [str(column) for column in frame.columns]
    if target not in columns:
        shown = ", ".join(repr(column[:40]) for column in columns[:12]) + (", ..." if len(columns) > 12 else "")
        raise DataFileError(f"{path} has no column {target!r} to take as target. Its columns: {shown}.")
    if len(set(columns)) != len(columns):
        raise DataFileError(f"{path} has columns of the same name; each needs a name of its own.")
    frame.columns = columns
    n_missing = int(frame[target].isna().sum())
    if n_missing:
        raise DataFileError(f"{path} has {n_missing} rows without a class in {target!r}. Fill or remove them.")
    if IS_SYNTHETIC in columns and not frame[IS_SYNTHETIC].isin([True, False]).all():
        raise DataFileError(f"{path} must say True or False in each row of its column {IS_SYNTHETIC!r}.")
    return TableFile(frame, target)


def write_table(path: str | os.PathLike[str], frame: pd.DataFrame) -> None:
    """Write a frame as CSV or Parquet, as the name says; the file appears in full or not at all.

    Parameters
    ----------
    path : str or os.PathLike
        Where to: ``.csv``, ``.csv.gz`` or ``.parquet``. What is there is replaced.
    frame : DataFrame
        The rows; the index is left out.

    Raises
    ------
    DataFileError
        If the name has another ending.
    OSError
        If it cannot be written.
    """
    kind = table_format(path)
    if kind is None:
        raise DataFileError(f"{path} cannot be written as a table; its name must end in .csv, .csv.gz or .parquet.")
    with atomic_writer(path) as raw:
        if kind == "parquet":
            with _needs_pyarrow():
                frame.to_parquet(raw, index=False)
        elif Path(path).suffix.lower() == ".gz":
            with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=raw, mtime=0) as packed:
                _write_csv(packed, frame)
        else:
            _write_csv(raw, frame)


def _write_csv(out: Any, frame: pd.DataFrame) -> None:
    text = io.TextIOWrapper(out, encoding="utf-8", newline="")
    frame.to_csv(text, index=False, lineterminator="\n")
    text.flush()
    text.detach()


def _read_csv(path: str | os.PathLike[str]) -> pd.DataFrame:
    import pandas as pd

    with open_data(path) as file:
        _check_columns(path, file.readline(2**24).count(b",") + 1)
    with open_data(path) as file:
        try:
            return pd.read_csv(file, low_memory=False, encoding="utf-8", **_exact_floats(pd.__version__))
        except DataFileError:
            raise
        except (ValueError, OverflowError, MemoryError, pd.errors.ParserError) as error:
            raise DataFileError(f"{path} is no valid CSV: {one_line(error)}.") from error


def _exact_floats(version: str) -> dict[str, Any]:
    """Return what makes pandas read floats exactly, so that original rows come back as they were.

    From 3.1 on it does so by itself, and warns of the argument.
    """
    major, minor = (int(part) for part in version.split(".")[:2])
    return {"float_precision": "round_trip"} if (major, minor) < (3, 1) else {}


def _read_parquet(path: str | os.PathLike[str]) -> pd.DataFrame:
    with _needs_pyarrow():
        import pyarrow as pa
        import pyarrow.parquet as pq
    with Path(path).open("rb") as file:
        try:
            parquet = pq.ParquetFile(file)
            _check_claims(path, file, parquet.metadata.num_rows, parquet.metadata.num_columns)
            return parquet.read().to_pandas()
        except DataFileError:
            raise
        except (pa.ArrowException, ValueError, OSError, KeyError, OverflowError, MemoryError) as error:
            raise DataFileError(f"{path} is no valid Parquet file: {one_line(error)}.") from error


def _check_claims(path: str | os.PathLike[str], file: BinaryIO, n_rows: int, n_columns: int) -> None:
    _check_columns(path, n_columns)
    n_bytes = os.fstat(file.fileno()).st_size
    if n_rows * n_columns > max(MIN_CELL_ALLOWANCE, MAX_CELLS_PER_BYTE * n_bytes):
        raise DataFileError(
            f"{path} claims {n_rows} rows of {n_columns} columns in {n_bytes} bytes, which no table of measurements "
            "does. If you trust it, write it anew as CSV."
        )


def _check_columns(path: str | os.PathLike[str], n_columns: int) -> None:
    if n_columns > MAX_COLUMNS:
        raise DataFileError(f"{path} has {n_columns} columns; at most {MAX_COLUMNS} are read.")


@contextlib.contextmanager
def _needs_pyarrow() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise MissingDependencyError(f"Parquet files need the package pyarrow: {HINT}") from error
