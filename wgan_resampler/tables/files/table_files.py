"""Table files, CSV and Parquet: the one reader and writer of all commands."""

from __future__ import annotations

import io
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from wgan_resampler.exceptions import DataFileError
from wgan_resampler.tables.files.packed import one_line, open_data
from wgan_resampler.utils import FILES, require
from wgan_resampler.utils.storage import PACKED_SUFFIXES, atomic_writer

if TYPE_CHECKING:
    import pandas as pd

TABLE_SUFFIXES = (*(f".csv{packed}" for packed in PACKED_SUFFIXES), ".parquet")
"""What the name of a table file ends in."""

MAX_CELLS_PER_BYTE = 100
MIN_CELL_ALLOWANCE = 10_000_000
"""A Parquet file may announce this many cells, or 100 for each of its bytes. Repeated values pack without a limit."""

MAX_COLUMNS = 100_000
"""A column takes only a few bytes in a file, but a frame with a million columns takes gigabytes."""

_PATH = str | os.PathLike[str]


def table_suffix(path: _PATH) -> str | None:
    """Return the ending of a table file's name, in lower case; None if the name is not that of a table file.

    Examples
    --------
    >>> from wgan_resampler.tables.files.table_files import table_suffix
    >>> table_suffix("songs.CSV.gz"), table_suffix("songs.parquet"), table_suffix("songs.json")
    ('.csv.gz', '.parquet', None)
    """
    name = Path(path).name.lower()
    return next((suffix for suffix in TABLE_SUFFIXES if name.endswith(suffix)), None)


def read_table(path: _PATH, *columns: str) -> pd.DataFrame:
    r"""Read a CSV or Parquet file.

    In a CSV file, an empty field is a missing value. Strings such as "NA" and "NaN" are missing values if all other
    values of the column are numbers, or all are booleans. In a column of strings they are categories. So a category may
    be called "None", and the values of the original rows stay unchanged.

    Parameters
    ----------
    path : str or os.PathLike
        The file: ``.csv``, also packed, or ``.parquet``. A CSV file has a header and is encoded in UTF-8.
    *columns : str
        Names of columns that the file must have.

    Returns
    -------
    DataFrame
        At least one row. The names of the columns are strings, and each is there once.

    Raises
    ------
    DataFileError
        If the file is not a valid table, or lacks one of `columns`.
    MissingDependencyError
        If pandas is not installed, or pyarrow for Parquet.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from wgan_resampler.tables.files.table_files import read_table
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "songs.csv")
    ...     n_chars = path.write_text("loudness,mood\n0.5,NA\nNA,sad\n,\n")
    ...     table = read_table(path, "mood")
    >>> table["loudness"].isna().tolist(), table["mood"].isna().tolist()
    ([False, True, True], [False, False, True])
    """
    suffix = table_suffix(path)
    if suffix is None:
        raise DataFileError(f"{path} is not a table by its name, which must end in {', '.join(TABLE_SUFFIXES)}.")
    require("pandas", "Reading tables", FILES)
    frame = _read_parquet(path) if suffix == ".parquet" else _read_csv(path)
    if not len(frame):
        raise DataFileError(f"{path} has no rows.")
    frame.columns = frame.columns.map(str)
    for column in columns:
        if column not in frame.columns:
            names = ", ".join(repr(name[:40]) for name in frame.columns[:12]) + ", ..." * (frame.shape[1] > 12)
            raise DataFileError(f"{path} has no column {column!r}. Its columns: {names}.")
    if not frame.columns.is_unique:
        raise DataFileError(f"{path} has several columns of the same name. Give each column its own name.")
    return frame


def write_table(path: _PATH, frame: pd.DataFrame) -> None:
    """Write a frame as CSV or Parquet, as the name says. The file appears in full or not at all.

    Parameters
    ----------
    path : str or os.PathLike
        The file to write: ``.csv``, also packed, or ``.parquet``. An existing file is replaced.
    frame : DataFrame
        The rows. The index is left out.

    Raises
    ------
    DataFileError
        If the name has another ending.
    OSError
        If the file cannot be written.
    """
    suffix = table_suffix(path)
    if suffix is None:
        raise DataFileError(f"{path} cannot be written: its name must end in {', '.join(TABLE_SUFFIXES)}.")
    with atomic_writer(path) as out:
        if suffix == ".parquet":
            require("pyarrow", "Writing Parquet files", FILES)
            frame.to_parquet(out, index=False)
        else:
            text = io.TextIOWrapper(out, encoding="utf-8", newline="")
            frame.to_csv(text, index=False, lineterminator="\n")
            text.flush()
            text.detach()  # or the wrapper would close `out`


def _read_csv(path: _PATH) -> pd.DataFrame:
    from pandas.api.types import infer_dtype

    with open_data(path) as file:
        _check_columns(path, file.readline(2**24).count(b",") + 1)
    frame = _parse_csv(path, keep_default_na=False, na_values=[""])
    # Numbers beside words such as "NA" were read as strings. Reading these columns once more with pandas' own list of
    # such words tells them from real strings.
    strings = [i for i, dtype in enumerate(frame.dtypes) if dtype.kind not in "biuf"]
    if strings:
        again = _parse_csv(path, usecols=strings)
        for i, (_, column) in zip(strings, again.items(), strict=True):
            if (column.dtype.kind in "iuf" and column.notna().any()) or infer_dtype(column) == "boolean":
                frame.isetitem(i, column)
    return frame


def _parse_csv(path: _PATH, **options: Any) -> pd.DataFrame:
    import pandas as pd

    # From pandas 3.1 on, floats are read exactly by default, and the argument gives a warning.
    if tuple(int(part) for part in pd.__version__.split(".")[:2]) < (3, 1):
        options["float_precision"] = "round_trip"
    with open_data(path) as file:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", pd.errors.ParserWarning)
                return pd.read_csv(file, index_col=False, low_memory=False, encoding="utf-8", **options)
        except DataFileError:
            raise
        except pd.errors.ParserWarning as error:
            raise DataFileError(f"{path} is not a valid CSV file: its rows have more cells than its header.") from error
        except (ValueError, OverflowError, MemoryError, pd.errors.ParserError) as error:
            raise DataFileError(f"{path} is not a valid CSV file: {one_line(error)}.") from error


def _read_parquet(path: _PATH) -> pd.DataFrame:
    pa, pq = (require(name, "Reading Parquet files", FILES) for name in ("pyarrow", "pyarrow.parquet"))
    with Path(path).open("rb") as file:
        try:
            parquet = pq.ParquetFile(file)
            _check_claims(path, file, parquet.metadata.num_rows, parquet.metadata.num_columns)
            return parquet.read().to_pandas()
        except DataFileError:
            raise
        except (pa.ArrowException, ValueError, OSError, KeyError, OverflowError, MemoryError) as error:
            raise DataFileError(f"{path} is not a valid Parquet file: {one_line(error)}.") from error


def _check_claims(path: _PATH, file: BinaryIO, n_rows: int, n_columns: int) -> None:
    _check_columns(path, n_columns)
    n_bytes = os.fstat(file.fileno()).st_size
    if n_rows * n_columns > max(MIN_CELL_ALLOWANCE, MAX_CELLS_PER_BYTE * n_bytes):
        raise DataFileError(
            f"{path} claims {n_rows} rows of {n_columns} columns in {n_bytes} bytes, which no table of measurements "
            "needs so little for. If you trust it, convert it to CSV."
        )


def _check_columns(path: _PATH, n_columns: int) -> None:
    if n_columns > MAX_COLUMNS:
        raise DataFileError(f"{path} has {n_columns} columns; at most {MAX_COLUMNS} are read.")
