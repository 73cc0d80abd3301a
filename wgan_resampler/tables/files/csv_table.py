"""CSV files: what their cells mean, and copies of them with further rows.

The values of the cells are kept in addition to their text. The text of the original rows is copied from file to file.
It is never rebuilt from the values.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

import numpy as np
from numpy.typing import NDArray

from wgan_resampler.exceptions import DataFileError, DataFileWarning
from wgan_resampler.tables.files.csv_dialect import CsvDialect, CsvOptions, is_missing_word, not_encoded, records
from wgan_resampler.tables.files.date_text import DateText, find_date_text
from wgan_resampler.tables.files.new_rows import IS_SYNTHETIC, NewRows, read_marks, true_like
from wgan_resampler.tables.files.number_text import NumberText, find_number_text
from wgan_resampler.tables.files.packed import one_line, open_data
from wgan_resampler.utils import FILES, require, warn_caller

if TYPE_CHECKING:
    import pandas as pd

_STYLE_SAMPLE: Final = 1_000
"""Number of cells from which the way of writing numbers is detected."""

_BLOCK_BYTES: Final = 2**22
"""A row must fit into this many bytes."""


@dataclass(frozen=True)
class ColumnText:
    """How a column writes its cells.

    Parameters
    ----------
    values : NumberText, DateText or None, default=None
        How it writes numbers or dates. None means that the cells are strings.
    missing : str, default=""
        How it writes a missing value.
    """

    values: NumberText | DateText | None = None
    missing: str = ""

    def write(self, values: pd.Series) -> list[str | None]:
        """Return values as cells; None for a missing value."""
        present = values[values.notna()]
        if isinstance(self.values, DateText):
            written = self.values.write(present.to_numpy())
        else:
            written = [str(value) if self.values is None else self.values.write(value) for value in present.tolist()]
        cells = np.full(len(values), None, dtype=object)
        cells[values.notna().to_numpy()] = written
        return cells.tolist()


@dataclass(frozen=True)
class CsvTable:
    """A CSV file that was read.

    Parameters
    ----------
    path : str
        The file.
    dialect : CsvDialect
        How the file is written.
    frame : pandas.DataFrame
        The values of the cells. Numbers are int64, uint64, their nullable forms, or float64. Dates are datetime64. All
        other columns are strings, exactly as in the file. Row names are left out.
    columns : mapping of str to ColumnText
        How each column of `frame` writes its cells.
    texts : mapping of str to ndarray
        The cells of the columns that were asked for, exactly as in the file; None for a missing value.
    row_names : ndarray or None
        The first column, if it names or counts the rows.
    """

    path: str
    dialect: CsvDialect
    frame: pd.DataFrame
    columns: Mapping[str, ColumnText]
    texts: Mapping[str, NDArray[np.object_]]
    row_names: NDArray[Any] | None

    def spelled(self, column: str) -> NDArray[np.object_]:
        """Return the cells of a column that was asked for, exactly as in the file; None for a missing value."""
        return self.texts[column]

    def write_with(self, file: BinaryIO, new: NewRows) -> None:
        """Write a copy of the file with a mark in each row, and with new rows.

        Parameters
        ----------
        file : BinaryIO
            Where to write.
        new : NewRows
            The rows to add.

        Raises
        ------
        DataFileError
            If the file has changed since it was read.
        """
        with open_data(self.path) as source:
            file.write(source.read(len(self.dialect.mark)))
            codec = self.dialect.encoding
            # Line ends, quotes and separators are single bytes in UTF-8, so its bytes are copied as they are.
            lines = io.TextIOWrapper(cast(Any, source), "latin-1" if codec == "utf-8" else codec, newline="")
            copy = io.TextIOWrapper(file, lines.encoding, newline="")
            copy.writelines(self._marked(lines, ends_in_rows=len(new) > 0))
            copy.flush()
            copy.detach()  # otherwise the wrapper would close `file`
            lines.detach()
        for row in self._rows(new):
            file.write(f"{row}{self.dialect.line_end}".encode(codec))

    def _marked(self, lines: Iterator[str], *, ends_in_rows: bool) -> Iterator[str]:
        """Yield each record of the file, with the mark at its end."""
        dialect, n_rows = self.dialect, -int(self.dialect.has_header)
        mark = self._mark("False")
        header = dialect.separator + dialect.cell(IS_SYNTHETIC, quoted=dialect.is_header_quoted)
        if dialect.unnamed == "last":
            header = dialect.separator + header
        if IS_SYNTHETIC in self.frame:
            header = mark = ""
        for record in records(self.path, lines, dialect.separator):
            text = record.rstrip("\r\n")
            if not text:  # an empty line
                yield record
                continue
            line_end = record[len(text) :]
            n_rows += 1
            # Only the last row can lack a line end.
            yield text + (mark if n_rows else header) + (line_end or dialect.line_end * ends_in_rows)
        if n_rows != len(self.frame):
            raise DataFileError(f"{self.path} had {len(self.frame)} rows when it was read, and has {n_rows} now.")

    def _mark(self, text: str) -> str:
        """Return the last cell of a row, with the separator before it."""
        return self.dialect.separator + self.dialect.cell(text, quoted=all(self.dialect.quoted))

    def _rows(self, new: NewRows) -> Iterator[str]:
        """Yield new rows, as the file writes rows."""
        dialect, marks = self.dialect, [""] * len(new)
        cells: dict[str, Sequence[str | None]] = {
            name: self.columns[name].write(new.features[name]) for name in new.features
        }
        cells[new.target] = self.texts[new.target][new.donors].tolist()
        if IS_SYNTHETIC in self.frame:
            cells[IS_SYNTHETIC] = [true_like(self.texts[IS_SYNTHETIC][0])] * len(new)
        else:
            marks = [self._mark("True")] * len(new)
        if self.row_names is not None:
            cells[dialect.names[0]] = self._further_names(len(new))
        columns = [
            [
                dialect.cell(self.columns[name].missing if cell is None else cell, quoted=is_quoted)
                for cell in cells.get(name, [None] * len(new))
            ]
            for name, is_quoted in zip(dialect.names, dialect.quoted, strict=True)
        ]
        for row, mark in zip(zip(*columns, strict=True), marks, strict=True):
            yield dialect.separator.join(row) + mark

    def _further_names(self, n: int) -> list[str]:
        """Return the names of new rows: the numbers after those of the original ones."""
        names = cast(Any, self.row_names)
        last = int(names.max()) if names.dtype.kind in "iu" else len(names)
        return [str(number) for number in range(last + 1, last + 1 + n)]


def read_csv(path: str, dialect: CsvDialect, options: CsvOptions, spelled: Sequence[str] = ()) -> CsvTable:
    """Read a CSV file.

    A column holds numbers or dates if all its cells are written in the same way. Words such as ``NA`` among them are
    missing values, and a warning names them. In a column of strings they are strings. An empty cell is a missing value.

    Parameters
    ----------
    path : str
        The file.
    dialect : CsvDialect
        How it is written.
    options : CsvOptions
        Options of the caller.
    spelled : sequence of str, default=()
        The columns whose cells are also kept exactly as in the file.

    Returns
    -------
    CsvTable

    Raises
    ------
    DataFileError
        If the file is not a valid CSV file.

    Warns
    -----
    DataFileWarning
        If words among numbers were read as missing values.
    """
    import pandas as pd

    table = _read_cells(path, dialect)
    row_names = None
    is_asked_for = "" in spelled
    if not is_asked_for and (dialect.unnamed == "first" or (dialect.names[0] == "" and _are_distinct(table.column(0)))):
        # R writes no name for the column of row names.
        row_names = _read_column(table.column(0), (".",), ())[0].to_numpy()
    decimals = _decimal_marks(dialect, options)
    series, columns, texts, words = {}, {}, {}, {}
    arrays = table.columns
    del table  # so that the text of each column is freed when its meaning is known
    names = [*dialect.names[row_names is not None :]]
    for name in reversed(names):
        cells = arrays.pop()
        if name in (*spelled, IS_SYNTHETIC):
            texts[name] = _strings(cells)
        series[name], columns[name], words[name] = _read_column(cells, decimals, options.missing)
        if name in texts:
            texts[name][series[name].isna().to_numpy()] = None
    if IS_SYNTHETIC in texts:
        series[IS_SYNTHETIC] = pd.Series(read_marks(path, texts[IS_SYNTHETIC].tolist()))
    if dialect.unnamed == "first":
        warn_caller(
            f"{path}: each row has one cell more than the header, as in files of R. The first cell is taken as the "
            "name of the row, and is not a feature.",
            DataFileWarning,
        )
    _warn_of_words(path, {name: words[name] for name in names if words[name]})
    # A copy would hold all columns in memory twice.
    frame = pd.DataFrame({name: series[name] for name in names}, copy=False)
    return CsvTable(path, dialect, frame, columns, texts, row_names)


def _read_cells(path: str, dialect: CsvDialect) -> Any:
    """Return the cells as an Arrow table of strings, in which empty cells are null."""
    pa, csv = (require(name, "Reading CSV files", FILES) for name in ("pyarrow", "pyarrow.csv"))
    names = [str(j) for j in range(len(dialect.names))]
    with open_data(path) as file:
        file.read(len(dialect.mark))
        try:
            return csv.read_csv(
                file,
                csv.ReadOptions(
                    use_threads=False,  # several threads hold more blocks at a time
                    block_size=_BLOCK_BYTES,
                    column_names=names,
                    skip_rows_after_names=dialect.n_skipped,
                    encoding={"utf-8": "utf8"}.get(dialect.encoding, dialect.encoding),
                ),
                csv.ParseOptions(delimiter=dialect.separator, newlines_in_values=True),
                csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()), null_values=[""], strings_can_be_null=True
                ),
                memory_pool=_memory_pool(),
            )
        except DataFileError:
            raise
        except UnicodeError as error:
            raise not_encoded(path, dialect.encoding, error) from error
        except (pa.ArrowException, ValueError, OverflowError, MemoryError) as error:
            if "invalid UTF8" in str(error):
                raise not_encoded(path, dialect.encoding, error) from error
            raise DataFileError(f"{path} is not a valid CSV file: {_reason(error, dialect)}.") from error


def _memory_pool() -> Any:
    """Return an allocator that gives memory back at once, so that the text of one column makes room for the next."""
    import pyarrow as pa

    has_jemalloc = "jemalloc" in pa.supported_memory_backends()
    return pa.jemalloc_memory_pool() if has_jemalloc else pa.default_memory_pool()


def _reason(error: Exception, dialect: CsvDialect) -> str:
    """Return what pyarrow found, in words."""
    found = re.search(r"Row #([0-9]+): Expected ([0-9]+) columns, got ([0-9]+)", str(error))
    if found is not None:
        return (
            f"record {found[1]}, where the header is record 1, has {found[3]} cells instead of {found[2]}. If "
            f"{dialect.separator!r} is not the separator of this file, give the right one, as in separator=';'"
        )
    if "block boundaries" in str(error):
        return f"it ends in the header, a quote is not closed, or a row is longer than {_BLOCK_BYTES} bytes"
    return one_line(error)


def _strings(cells: Any) -> NDArray[np.object_]:
    """Return cells as strings, equal ones as one object; None for a missing value."""
    encoded = cells.combine_chunks().dictionary_encode()
    strings = np.array([*encoded.dictionary.to_pylist(), None], dtype=object)
    found: NDArray[np.object_] = strings[encoded.indices.fill_null(-1).to_numpy()]
    return found


def _are_distinct(cells: Any) -> bool:
    import pyarrow.compute as pc

    return bool(pc.count_distinct(cells).as_py() == len(cells) and not cells.null_count)


def _decimal_marks(dialect: CsvDialect, options: CsvOptions) -> tuple[str, ...]:
    """Return the decimal marks that cells may have. ``1,234`` is read with the first one."""
    if options.decimal is not None:
        return (options.decimal,)
    for cells in zip(*(row for row in dialect.sample if len(row) == len(dialect.names)), strict=True):
        numbers = [cell for cell in cells if not is_missing_word(cell)]
        form = find_number_text(numbers) if numbers else None
        if form is not None and form.decimal == ",":
            return (",", ".")
    return (".", ",")


def _read_column(
    cells: Any, decimals: Sequence[str], missing: Sequence[str]
) -> tuple[pd.Series, ColumnText, tuple[str, ...]]:
    """Return what the cells of a column mean, how they are written, and the words that were found to mean missing."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    marker = ""
    if missing:
        is_told = pc.is_in(pc.utf8_trim_whitespace(cells), pa.array([word.strip() for word in missing]))
        marker = next((str(word) for word in cells.filter(is_told).slice(0, 1)), "")
        cells = _without(cells, is_told)
    if cells.null_count == len(cells):
        return pd.Series(np.full(len(cells), np.nan)), ColumnText(missing=marker), ()
    form: NumberText | DateText | None
    values, form = _plain_values(cells, decimals[0])
    if form is not None:
        return _series(values), ColumnText(form, marker), ()
    words = tuple(filter(is_missing_word, cells.unique().drop_null().to_pylist()))
    filled = _without(cells, pc.is_in(cells, pa.array(words, pa.string()))) if words else cells
    if filled.null_count < len(filled):
        values, form = _plain_values(filled, decimals[0]) if words else (None, None)
        if form is None:
            values, form = _written_values(filled, decimals)
    if form is None:
        return pd.Series(cells.to_pandas()), ColumnText(missing=marker), ()
    return _series(values), ColumnText(form, words[0] if words else marker), words


def _without(cells: Any, is_gone: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.if_else(is_gone, pa.scalar(None, pa.string()), cells)


def _plain_values(cells: Any, mark: str) -> tuple[Any, NumberText | None]:
    """Return the numbers of cells that hold digits and decimal marks only, and how they are written."""
    import pyarrow.compute as pc

    numbers = None
    if mark == ".":
        numbers = _plain_numbers(cells)
    elif not pc.any(pc.match_substring(cells, ".")).as_py():
        numbers = _plain_numbers(pc.replace_substring(cells, mark, "."))
    if numbers is None:
        return None, None
    shown = cells.slice(0, _STYLE_SAMPLE).drop_null().unique().to_pylist()
    form = find_number_text(shown, (mark,)) if shown else None
    return numbers, form or NumberText(mark)


def _written_values(cells: Any, decimals: Sequence[str]) -> tuple[Any, NumberText | DateText | None]:
    """Return the numbers or dates of cells in another writing, read one by one, and how they are written."""
    import pyarrow as pa

    encoded = cells.combine_chunks().dictionary_encode()
    categories = encoded.dictionary.to_pylist()
    form = find_number_text(categories, decimals) or find_date_text(categories)
    if form is None:
        return None, None
    if isinstance(form, DateText):
        values = pa.array(form.read(categories))
    else:
        numbers = pa.array([form.read(cell) for cell in categories])
        values = _plain_numbers(pa.chunked_array([numbers]))
    return values.take(encoded.indices), form


def _plain_numbers(cells: Any) -> Any:
    """Return the cells as integers, else as floats, or None if they are not all numbers without leading zeros."""
    import pyarrow as pa
    import pyarrow.compute as pc

    sample = cells.slice(0, _STYLE_SAMPLE)
    for dtype in (pa.int64(), pa.uint64(), pa.float64()):
        try:
            pc.cast(sample, dtype)  # most columns of strings fail here, which is fast
            numbers = pc.cast(cells, dtype)
        except pa.ArrowInvalid:
            continue
        # Codes have no decimals, so a few cells show that a column of floats holds none.
        shown = sample if dtype == pa.float64() else cells
        is_code = pc.any(pc.match_substring_regex(shown, r"^\s*(\+|-?0[0-9xX])")).as_py()
        is_nan = dtype == pa.float64() and pc.any(pc.is_nan(numbers)).as_py()
        return None if is_code or is_nan else numbers
    return None


def _series(numbers: Any) -> pd.Series:
    """Return Arrow's numbers as a Series. Integers keep their digits even if there are missing values."""
    import pandas as pd
    import pyarrow as pa

    if numbers.null_count == 0 or pa.types.is_floating(numbers.type):
        return pd.Series(numbers.to_numpy())
    return pd.Series(numbers.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype(), pa.uint64(): pd.UInt64Dtype()}.get))


def _warn_of_words(path: str, found: Mapping[str, Sequence[str]]) -> None:
    if found:
        where = [f"{', '.join(map(repr, words[:3]))} in column {name!r}" for name, words in list(found.items())[:12]]
        more = ", ..." if len(found) > 12 else ""
        warn_caller(
            f"{path}: these words stand among numbers or dates, and were read as missing values: "
            f"{'; '.join(where)}{more}.",
            DataFileWarning,
        )
