"""Table files, CSV and Parquet: the one reader and writer of all commands."""

from __future__ import annotations

import codecs
import difflib
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from wgan_resampler.exceptions import DataFileError
from wgan_resampler.tables.files.csv_dialect import CsvDialect, CsvOptions, find_dialect, is_missing_word
from wgan_resampler.tables.files.csv_table import read_csv
from wgan_resampler.tables.files.new_rows import IS_SYNTHETIC, NewRows, noted_marks
from wgan_resampler.tables.files.number_text import find_number_text
from wgan_resampler.tables.files.packed import open_data
from wgan_resampler.tables.files.parquet_table import read_parquet
from wgan_resampler.utils import FILES, require
from wgan_resampler.utils.storage import PACKED_SUFFIXES, atomic_writer, name_in_zip

if TYPE_CHECKING:
    import pandas as pd

_TEXT_SUFFIXES: Final = (".csv", ".tsv", ".data", ".txt")

TABLE_SUFFIXES: Final = (*(f"{text}{packed}" for text in _TEXT_SUFFIXES for packed in PACKED_SUFFIXES), ".parquet")
"""What the name of a table file ends in."""

TEXT_NAMES: Final = f"{', '.join(_TEXT_SUFFIXES)}, the same packed ({', '.join(filter(None, PACKED_SUFFIXES))})"
TABLE_NAMES: Final = f"{TEXT_NAMES}, or .parquet"
"""The suffixes for messages."""

_CONVERTERS: Final = {
    **dict.fromkeys((".xlsx", ".xls", ".xlsm", ".xlsb", ".ods"), "pandas.read_excel({path!r})"),
    ".arff": "pandas.DataFrame(scipy.io.arff.loadarff({path!r})[0])",
    **dict.fromkeys((".feather", ".arrow", ".ipc"), "pandas.read_feather({path!r})"),
    ".orc": "pandas.read_orc({path!r})",
    **dict.fromkeys((".jsonl", ".ndjson"), "pandas.read_json({path!r}, lines=True, dtype=False)"),
    ".dta": "pandas.read_stata({path!r})",
    **dict.fromkeys((".sav", ".zsav", ".por"), "pandas.read_spss({path!r})"),
    **dict.fromkeys((".sas7bdat", ".xpt"), "pandas.read_sas({path!r})"),
    **dict.fromkeys((".h5", ".hdf5", ".hdf"), "pandas.read_hdf({path!r})"),
    ".xml": "pandas.read_xml({path!r})",
    ".html": "pandas.read_html({path!r})[0]",
}
"""Calls that read tables of other formats."""

_STARTS: Final = (
    (b"PAR1", "a Parquet file", ".parquet"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel file", ".xls"),
    (b"ARROW1", "a Feather file", ".feather"),
    (b"\x89HDF", "an HDF5 file", ".h5"),
    (b"@relation", "an ARFF file", ".arff"),
    (b"<!doctypehtml", "an HTML page", ".html"),
    (b"<html", "an HTML page", ".html"),
    (b"<?xml", "an XML file", ".xml"),
    (b"[{", "a JSON file", ".json"),
    (b'{"', "a JSON file", ".json"),
)
"""What files of other kinds begin with, without spaces and in lower case where it is text, and the ending they need."""

_IN_EXCEL: Final = ("[Content_Types].xml", "_rels/", "docProps/", "xl/")
"""What the first name in the archive of an Excel file begins with."""

_PATH = str | os.PathLike[str]


class TableFile(Protocol):
    """A table file that was read."""

    @property
    def path(self) -> str:
        """The file."""

    @property
    def frame(self) -> pd.DataFrame:
        """What the file holds, column by column. Names of rows, and an index that pandas stored, are left out."""

    def spelled(self, column: str) -> NDArray[np.object_]:
        """Return the values of a column exactly as in the file; None for a missing value."""

    def write_with(self, file: BinaryIO, new: NewRows) -> None:
        """Write a copy of the file with a mark in each row, and with new rows below."""


def table_suffix(path: _PATH) -> str | None:
    """Return the ending of a table file's name, in lower case; None if the name is not that of a table file.

    A zip archive such as ``archive.zip`` is known by the name of the file in it.

    Examples
    --------
    >>> from wgan_resampler.tables.files.table_files import table_suffix
    >>> table_suffix("songs.CSV.gz"), table_suffix("songs.parquet"), table_suffix("songs.json")
    ('.csv.gz', '.parquet', None)
    """
    name = Path(path).name.lower()
    suffix = next((suffix for suffix in TABLE_SUFFIXES if name.endswith(suffix)), None)
    if suffix is None and name.endswith(".zip"):
        name = f"{name_in_zip(path)}.zip".lower()
        suffix = next((suffix for suffix in TABLE_SUFFIXES if name.endswith(suffix)), None)
    return suffix


def check_kind(path: _PATH) -> None:
    """Raise DataFileError with the call that converts a file, if it is a table of a format that is not read.

    Examples
    --------
    >>> from wgan_resampler.tables.files.table_files import check_kind
    >>> check_kind("songs.csv")
    """
    file = Path(path)
    call = _CONVERTERS.get(file.suffix.lower())
    if call is not None:
        target = file.with_suffix(".csv").name
        raise DataFileError(
            f"{path} is a {file.suffix} file, which is not read. Convert it in Python: "
            f"{call.format(path=file.name)}.to_csv({target!r}, index=False)"
        )


def _check_start(path: _PATH) -> None:
    """Raise DataFileError if a file that is named like text begins like a file of another kind."""
    with Path(path).open("rb") as file:
        start = file.read(64).removeprefix(codecs.BOM_UTF8)
    if start.startswith(b"version https://git-lfs"):
        raise DataFileError(f"{path} only stands for a file in Git LFS. Get the file itself with: git lfs pull")
    if start.startswith(b"PK") and (name_in_zip(path) or "").startswith(_IN_EXCEL):
        raise DataFileError(f"{path} is an Excel file by its content. Rename it to end in .xlsx, and try again.")
    text = b"".join(start.split()).lower()
    for begin, kind, suffix in _STARTS:
        if start.startswith(begin) or text.startswith(begin):
            raise DataFileError(f"{path} is {kind} by its content. Rename it to end in {suffix}, and try again.")


def open_table(path: _PATH, *columns: str, options: CsvOptions | None = None) -> TableFile:
    r"""Read a CSV or Parquet file, so that rows can be put below its own.

    Parameters
    ----------
    path : str or os.PathLike
        The file. Its name ends in one of `TABLE_SUFFIXES`.
    *columns : str
        Names of columns that the file must have. `spelled` returns their values exactly as in the file.
    options : CsvOptions or None, default=None
        How CSV files are read. None detects it.

    Returns
    -------
    TableFile
        It has at least one row. The names of the columns are unique strings.

    Raises
    ------
    DataFileError
        If the file is not a valid table, or lacks one of `columns`.
    MissingDependencyError
        If pandas or pyarrow is not installed.
    OSError
        If the file cannot be read.

    Warns
    -----
    DataFileWarning
        If words among numbers were read as missing values.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from wgan_resampler.tables.files.table_files import open_table
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "songs.csv")
    ...     n_chars = path.write_text("loudness;genre\n0,50;01\n;02\n")
    ...     table = open_table(path, "genre")
    >>> table.frame["loudness"].tolist(), table.spelled("genre").tolist()
    ([0.5, nan], ['01', '02'])
    """
    options = options or CsvOptions()
    suffix = table_suffix(path)
    check_kind(path)
    if suffix is None:
        raise DataFileError(
            f"{path} does not have the name of a table file, which must end in {TABLE_NAMES}. If it is one, rename it."
        )
    require("pandas", "Reading tables", FILES)
    if suffix == ".parquet":
        table: TableFile = read_parquet(str(path))
        _check_columns(path, list(table.frame.columns), columns)
    else:
        _check_start(path)
        with open_data(path) as file:
            dialect = find_dialect(str(path), file, options)
        _check_header(path, dialect)
        _check_columns(path, dialect.names, columns, dialect.repeated, _hint(dialect))
        table = read_csv(str(path), dialect, options, columns)
    if not len(table.frame):
        raise DataFileError(f"{path} has no rows.")
    return table


def synthetic_rows(table: TableFile) -> NDArray[np.bool_]:
    """Return which rows of a table file were generated: by its own column, or by the file that `augment` put beside it.

    Parameters
    ----------
    table : TableFile
        The file.

    Returns
    -------
    ndarray of bool of shape (n_rows,)
    """
    if IS_SYNTHETIC in table.frame:
        return np.asarray(table.frame[IS_SYNTHETIC], dtype=np.bool_)
    return noted_marks(table.path, len(table.frame))


def read_table(path: _PATH, *columns: str, options: CsvOptions | None = None) -> pd.DataFrame:
    r"""Read the frame of a table file; see :func:`open_table`.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from wgan_resampler.tables.files.table_files import read_table
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "songs.csv")
    ...     n_chars = path.write_text("loudness,mood\n0.5,NA\n,sad\n,\n")
    ...     table = read_table(path, "mood")
    >>> table["loudness"].isna().tolist(), table["mood"].isna().tolist()
    ([False, True, True], [False, False, True])
    """
    return open_table(path, *columns, options=options).frame


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
        raise DataFileError(f"{path} cannot be written: its name must end in {TABLE_NAMES}.")
    with atomic_writer(path) as out:
        if suffix == ".parquet":
            require("pyarrow", "Writing Parquet files", FILES)
            frame.to_parquet(out, index=False)
        else:
            text = io.TextIOWrapper(out, encoding="utf-8", newline="")
            frame.to_csv(text, index=False, lineterminator="\n")
            text.flush()
            text.detach()  # otherwise the wrapper would close `out`


def _hint(dialect: CsvDialect) -> str:
    """Return what the reader of a CSV file may have to be told if a column is not there."""
    if len(dialect.names) == 1:
        return f" If cells are not divided by {dialect.separator!r}, name the right character, as in separator=';'."
    # A name such as ".1" belongs to the second of two columns without a name.
    names = [name for name in dialect.names if name and not name.startswith(".")]
    if dialect.has_header and any(find_number_text([name]) is not None for name in names):
        return " If its first row holds no names, say so with --no-header, or in Python with CsvOptions(header=False)."
    return ""


def _check_columns(
    path: _PATH, names: Sequence[str], wanted: Sequence[str], repeated: Sequence[str] = (), hint: str = ""
) -> None:
    for column in wanted:
        if column in repeated:
            raise DataFileError(f"{path} has several columns of the name {column!r}. Rename all but one.")
        if column in names:
            continue
        close = difflib.get_close_matches(column.strip().lower(), [name.strip().lower() for name in names], 1)
        meant = next((f" Did you mean {name!r}?" for name in names if [name.strip().lower()] == close), "")
        shown = ", ".join(repr(name[:40]) for name in names[:12]) + ", ..." * (len(names) > 12)
        raise DataFileError(f"{path} has no column {column!r}.{meant} Its columns: {shown}.{hint}")


def _check_header(path: _PATH, dialect: CsvDialect) -> None:
    """Raise DataFileError if the names of the columns take up more than one row."""
    columns = list(zip(*(row for row in dialect.sample if len(row) == len(dialect.names)), strict=True))
    # The first row holds names if words stand above numbers. In a row of values, numbers would stand there too, or
    # values that other rows have as well.
    if (
        dialect.has_header
        and any(map(_is_word_above_numbers, columns))
        and not any(_is_number(cells[0]) or (cells[0].strip() and cells[0] in cells[1:]) for cells in columns)
    ):
        raise DataFileError(
            f"{path} has a header of several rows. Keep one row of names, for example with pandas: "
            f"frame = pandas.read_csv({Path(path).name!r}, header=[0, 1]); frame.columns = "
            "frame.columns.map('_'.join)."
        )


def _is_word_above_numbers(cells: Sequence[str]) -> bool:
    # The next two rows may belong to the header, too.
    later = [cell for cell in cells[3:20] if not is_missing_word(cell)]
    is_word = not is_missing_word(cells[0]) and not _is_number(cells[0])
    return is_word and len(later) > 1 and all(map(_is_number, later))


def _is_number(cell: str) -> bool:
    # A single number in brackets may be a reference, but not here.
    bare = cell.replace("(", "").replace(")", "")
    return bool(bare) and find_number_text([bare]) is not None
