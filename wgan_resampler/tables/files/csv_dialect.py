"""How a CSV file is written: its encoding, separator, header and quotes, found in its first records."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
import string
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Final, Literal

from wgan_resampler.exceptions import DataFileError, InvalidParameterError
from wgan_resampler.tables.files.new_rows import with_mark

SAMPLE_BYTES: Final = 2**22
"""The header and the first row must lie in this many bytes."""

MAX_COLUMNS: Final = 100_000
"""A column takes only a few bytes in a file, but a table with a million columns takes gigabytes."""

_FIRST_BYTES: Final = 2**17

Unnamed = Literal["first", "last", "none"]

MISSING_WORDS: Final = frozenset(
    {
        *("", "?", "-", "--", ".", "..", "*", r"\n", "na", "n/a", "n.a.", "n/d", "<na>", "nan", "-nan", "nat"),
        *("none", "null", "nil", "missing", "unknown", "not available"),
        *("#na", "#n/a", "#n/a n/a", "#null!", "#div/0!", "#value!", "#ref!", "#name?", "#num!"),
        *("#nv", "#wert!", "#bezug!", "#zahl!", "#n/d", "#nd", "#valeur!", "#nombre!", "#nom?", "#¡valor!", "#¡div/0!"),
        *("1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan"),
        *(f".{letter}" for letter in string.ascii_lowercase),
    }
)
"""Words that mean a missing value among numbers, in lower case and without spaces around them.

They are written by people, databases, Excel in several languages, R, SAS, Stata and older C libraries.
"""

_SAMPLE_RECORDS: Final = 300
_FEWEST_LINES: Final = 10
_SEPARATORS: Final = (",", ";", "\t", "|")
_LINE_OF_EXCEL: Final = re.compile(r'"?sep=([\t -~])"?\r?\n')
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Byte order marks. That of UTF-32 begins with that of UTF-16, so it comes first."""


@dataclass(frozen=True)
class CsvOptions:
    """Options for reading CSV files. What is None is detected.

    Parameters
    ----------
    separator : str or None, default=None
        One ASCII character between two cells. None finds ``,``, ``;``, tab or ``|``.
    decimal : {".", ","} or None, default=None
        The decimal mark. None finds it.
    encoding : str or None, default=None
        Name of a codec of Python. None takes that of the byte order mark, or UTF-8.
    missing : tuple of str, default=()
        Words that mean a missing value, in all columns. An empty cell is always a missing value.
    header : bool, default=True
        Whether the first record holds names. Otherwise the columns are named by their positions, from ``"0"`` on.

    Raises
    ------
    InvalidParameterError
        If a value is none of these.

    Examples
    --------
    >>> from wgan_resampler.tables.files.csv_dialect import CsvOptions
    >>> CsvOptions(separator=";", missing=("NA", "?")).separator
    ';'
    """

    separator: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    missing: tuple[str, ...] = ()
    header: bool = True

    def __post_init__(self) -> None:
        if self.separator is not None and not re.fullmatch(r"[\t -~]", self.separator):
            raise InvalidParameterError(f"separator={self.separator!r} must be one ASCII character, such as ';'.")
        if self.separator == '"':
            raise InvalidParameterError("separator='\"' marks quoted cells. Give the character between two cells.")
        if self.decimal not in (None, ".", ","):
            raise InvalidParameterError(f"decimal={self.decimal!r} must be '.' or ','.")
        if self.encoding is not None:
            try:
                "".encode(self.encoding)
            except (LookupError, ValueError) as error:
                raise InvalidParameterError(
                    f"encoding={self.encoding!r} is unknown. Common ones are utf-8, latin-1, cp1252 and utf-16."
                ) from error


@dataclass(frozen=True)
class CsvDialect:
    """How a CSV file is written.

    Parameters
    ----------
    encoding : str
        Name of a codec that writes no byte order mark.
    mark : bytes
        What stands before the header: the byte order mark, and the line ``sep=;`` by which Excel knows the separator.
    separator : str
        The character between two cells.
    line_end : str
        What ends the first record.
    names : tuple of str
        The header, one name for each column. The names are unique: a repeated one is followed by a number, as in
        ``"a.1"``. A column without a name in the header has the name ``""``.
    repeated : tuple of str
        Names that stand in the header more than once.
    has_header : bool
        Whether the first record is a header.
    unnamed : {"first", "last", "none"}
        Which column has no entry in the header. R writes none for the row names, the first column. If each row ends in
        a separator, the last column is empty and has no entry.
    n_skipped : int
        Number of lines before the first row, empty ones included.
    sample : tuple of tuple of str
        The cells of the first rows.
    quoted : tuple of bool
        For each column, whether its cells are always quoted. Words that mean a missing value need not be.
    quoted_words : frozenset of str
        The words that mean a missing value, in lower case, that are quoted.
    is_header_quoted : bool
        Whether all names are quoted.
    """

    encoding: str
    mark: bytes
    separator: str
    line_end: str
    names: tuple[str, ...]
    repeated: tuple[str, ...]
    has_header: bool
    unnamed: Unnamed
    n_skipped: int
    sample: tuple[tuple[str, ...], ...]
    quoted: tuple[bool, ...]
    quoted_words: frozenset[str]
    is_header_quoted: bool

    @cached_property
    def _special(self) -> re.Pattern[str]:
        """What can only stand in a quoted cell."""
        return re.compile(rf'["\r\n{re.escape(self.separator)}]')

    def cell(self, text: str, *, quoted: bool = False) -> str:
        """Return a cell as the file writes it; `quoted` says whether cells of its column are always quoted."""
        word = text.strip().lower()
        if (quoted and (word not in MISSING_WORDS or word in self.quoted_words)) or self._special.search(text):
            return '"' + text.replace('"', '""') + '"'
        return text


def find_dialect(path: str, file: BinaryIO, options: CsvOptions) -> CsvDialect:
    r"""Find out how a CSV file is written.

    Parameters
    ----------
    path : str
        The file, for messages.
    file : BinaryIO
        Its content, from the beginning.
    options : CsvOptions
        Options of the caller.

    Returns
    -------
    CsvDialect

    Raises
    ------
    DataFileError
        If the beginning of the file is not text, or has no records.

    Examples
    --------
    >>> import io
    >>> from wgan_resampler.tables.files.csv_dialect import CsvOptions, find_dialect
    >>> dialect = find_dialect("songs.csv", io.BytesIO(b'"mood";"bpm"\n"sad";60,5\n'), CsvOptions())
    >>> dialect.separator, dialect.names, dialect.quoted
    (';', ('mood', 'bpm'), (True, False))
    """
    start = file.read(_FIRST_BYTES)
    is_cut = len(start) == _FIRST_BYTES
    if len(start.splitlines()) < _FEWEST_LINES:  # a wide table
        start += file.read(SAMPLE_BYTES - _FIRST_BYTES)
        is_cut = len(start) == SAMPLE_BYTES
    mark, encoding, text = _decode(path, start, options.encoding, is_cut)
    told = _LINE_OF_EXCEL.match(text)
    if told is not None:
        mark, text = mark + told[0].encode(encoding), text[told.end() :]
    body_text = text.lstrip("\r\n")
    if not body_text:
        raise DataFileError(f"{path} is not a valid CSV file: it is empty.")
    if "\0" in body_text[:1000]:
        raise DataFileError(
            f"{path} is not a valid CSV file: it holds zero bytes. UTF-16 without a byte order mark is read "
            "with encoding=utf-16-le or encoding=utf-16-be. Else, it is a file of another kind."
        )
    separator = options.separator or (told and told[1]) or _separator(path, body_text, is_cut)
    found = _first_records(path, body_text, separator, is_cut)
    if len(found[0][1]) > MAX_COLUMNS:
        raise DataFileError(f"{path} has {len(found[0][1])} columns; at most {MAX_COLUMNS} are read.")
    first = found[0][0]
    (head, header), rows = found[0] if options.header else ("", []), found[options.header :]
    if len(header) == 1 and rows and len(rows[0][1]) > 1:
        raise DataFileError(f"{path} begins with a line that holds no names: {header[0][:60]!r}. Remove this line.")
    names, unnamed = _names(header, [cells for _, cells in rows])
    raw = _raw_columns(rows, separator, len(names))
    n_empty_lines = len((text[: len(text) - len(body_text)] + "x").splitlines()) - 1
    return CsvDialect(
        encoding=encoding,
        mark=mark,
        separator=separator,
        line_end=first[len(first.rstrip("\r\n")) :] or "\n",
        names=with_mark(names),
        repeated=tuple(name for name, count in Counter(header).items() if count > 1),
        has_header=options.header,
        unnamed=unnamed,
        n_skipped=n_empty_lines + options.header,
        sample=tuple(tuple(cells) for _, cells in rows),
        quoted=tuple(map(_is_always_quoted, raw)),
        quoted_words=MISSING_WORDS & {cell[1:-1].lower() for column in raw for cell in column if cell.startswith('"')},
        is_header_quoted=all(map(_is_always_quoted, _raw_columns([(head, header)], separator, len(header)))),
    )


def is_missing_word(cell: str) -> bool:
    """Whether a cell means a missing value among numbers."""
    return cell.strip().lower() in MISSING_WORDS


def records(path: str, lines: Iterator[str], separator: str) -> Iterator[str]:
    """Yield each record of a CSV file as it is written, with its line end. An empty line is a record, too.

    Parameters
    ----------
    path : str
        The file, for messages.
    lines : iterator of str
        Its lines, with their ends.
    separator : str
        The character between two cells.

    Raises
    ------
    DataFileError
        If a cell is longer than `SAMPLE_BYTES` characters.
    """
    for line in lines:
        if '"' not in line:
            yield line
            continue
        # A quoted cell may hold line ends, so the record may go on in the next lines.
        raw = [line]
        _cells(path, itertools.chain([line], _remembered(lines, raw)), separator)
        yield "".join(raw)


def _remembered(lines: Iterator[str], raw: list[str]) -> Iterator[str]:
    for line in lines:
        raw.append(line)
        yield line


def _cells(path: str, lines: Iterator[str], separator: str) -> list[str]:
    """Return the cells of the record that begins with the next line."""
    before = csv.field_size_limit(SAMPLE_BYTES)
    try:
        return next(csv.reader(lines, delimiter=separator))
    except csv.Error as error:
        raise DataFileError(f"{path} is not a valid CSV file: {error}.") from error
    finally:
        csv.field_size_limit(before)


def _decode(path: str, start: bytes, told: str | None, is_cut: bool) -> tuple[bytes, str, str]:
    """Return the byte order mark, the encoding in a form that writes none, and the text after the mark."""
    mark, found = next(((mark, name) for mark, name in _MARKS if start.startswith(mark)), (b"", "utf-8"))
    encoding = codecs.lookup(told or found).name
    if encoding in ("utf-8-sig", "utf-16", "utf-32"):
        encoding = found if mark else {"utf-8-sig": "utf-8"}.get(encoding, f"{encoding}-{sys.byteorder[0]}e")
    try:
        return mark, encoding, codecs.getincrementaldecoder(encoding)().decode(start[len(mark) :], final=not is_cut)
    except ValueError as error:
        raise not_encoded(path, encoding, error) from error


def not_encoded(path: str, encoding: str, error: Exception) -> DataFileError:
    """Return the error for a file that is not encoded as it was read."""
    where = f" (byte {error.start})" if isinstance(error, UnicodeDecodeError) else ""
    return DataFileError(
        f"{path} is not a valid CSV file: it is not encoded in {encoding}{where}. Files of older Windows programs are "
        "often read with encoding=cp1252, and others with encoding=latin-1."
    )


def _first_records(path: str, text: str, separator: str, is_cut: bool) -> list[tuple[str, list[str]]]:
    """Return the first records that are not empty lines, each as it is written and as cells."""
    found = (record for record in records(path, io.StringIO(text, newline=""), separator) if record.strip("\r\n"))
    first = list(itertools.islice(found, _SAMPLE_RECORDS + 1))
    if len(first) > 2 and (is_cut or len(first) > _SAMPLE_RECORDS):
        first.pop()  # it may be incomplete
    return [(record, _cells(path, iter(io.StringIO(record, newline="")), separator)) for record in first]


def _separator(path: str, text: str, is_cut: bool) -> str:
    """Return the character that divides all records into the same number of cells, and into the most."""
    scores = {}
    for separator in _SEPARATORS:
        cells = _divided(path, text, separator, is_cut)
        n_header, *n_cells = [len(each) for each in cells] or [1]
        n_columns = max(n_cells, default=n_header)
        is_regular = all(number == n_columns for number in n_cells)
        # The header of R lacks the column of row names. A first line of one cell may be a comment.
        if is_regular and n_columns > 1 and n_header in (n_columns, n_columns - 1, 1):
            fit = 2 * (n_header == n_columns) + (n_header == n_columns - 1)
            # Decimal commas divide rows, too.
            scores[separator] = (fit, separator != "," and _has_decimal_commas(cells), n_columns)
    if not scores and not any(separator in text.splitlines()[0] for separator in _SEPARATORS):
        return _space(path, text, is_cut)
    return max(scores, key=scores.__getitem__, default=_SEPARATORS[0])


def _has_decimal_commas(cells: Sequence[Sequence[str]]) -> bool:
    """Whether commas stand in numbers only."""
    with_comma = [cell for row in cells for cell in row if "," in cell]
    return bool(with_comma) and all(re.fullmatch(r"[^\w,]*[0-9.\s]*,[0-9]+\D*", cell) for cell in with_comma)


def _space(path: str, text: str, is_cut: bool) -> str:
    """Return a space if it divides all records into the same number of cells, as in files of R; else raise an error."""
    cells = _divided(path, text, " ", is_cut)
    n_header, *n_words = [sum(map(bool, each)) for each in cells] or [1]
    if set(n_words or [1]) not in ({n_header}, {n_header + 1}) or max(n_words, default=1) < 2:
        return _SEPARATORS[0]
    # Each row may end in a space.
    inner = [each[:-1] for each in cells] if not any(each[-1] for each in cells) else cells
    if not all(map(all, inner)):
        name = Path(path).name
        raise DataFileError(
            f"{path} has several spaces between its cells, which cannot be read. Convert it in Python: pandas.read_csv("
            f"{name!r}, sep=r'\\s+').to_csv({f'{Path(name).stem}.csv'!r}, index=False). If it has no header, add "
            "header=None to the first call. The names are then 0, 1, 2, ..."
        )
    return " "


def _divided(path: str, text: str, separator: str, is_cut: bool) -> list[list[str]]:
    """Return the cells of the first records; an empty list if this separator cannot divide them."""
    try:
        return [cells for _, cells in _first_records(path, text, separator, is_cut)]
    except DataFileError:  # without the right separator, a long row may look like one long cell
        return []


def _names(header: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], Unnamed]:
    """Return a name for each column, and which column has no entry in the header."""
    n_columns = len(rows[0]) if rows else len(header)
    if not header:
        return tuple(map(str, range(n_columns))), "none"
    if n_columns != len(header) + 1:
        return unique_names(header), "none"
    if all(not cells[-1] for cells in rows if len(cells) == n_columns):
        return unique_names([*header, ""]), "last"
    return unique_names(["", *header]), "first"


def unique_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names, each repeated one followed by a number.

    Examples
    --------
    >>> from wgan_resampler.tables.files.csv_dialect import unique_names
    >>> unique_names(["a", "a", "a.1"])
    ('a', 'a.2', 'a.1')
    """
    given, found = set(names), dict[str, None]()
    for name in names:
        number, unique = 0, name
        while unique in found or (number and unique in given):
            number += 1
            unique = f"{name}.{number}"
        found[unique] = None
    return tuple(found)


def _raw_columns(rows: Sequence[tuple[str, Sequence[str]]], separator: str, n_columns: int) -> list[tuple[str, ...]]:
    """Return the columns of some records, with the quotes of the cells."""
    between = re.escape(separator)
    cell = re.compile(rf'(?:^|{between})("(?:[^"]|"")*"|[^{between}]*)')
    raw = [cell.findall(record.rstrip("\r\n")) for record, _ in rows]
    return [tuple(cells[j] for cells in raw if j < len(cells)) for j in range(n_columns)]


def _is_always_quoted(cells: Sequence[str]) -> bool:
    """Whether all cells but words that mean a missing value are quoted. R writes NA without quotes."""
    filled = [cell for cell in cells if cell.lower() not in MISSING_WORDS]
    return bool(filled) and all(cell.startswith('"') for cell in filled)
