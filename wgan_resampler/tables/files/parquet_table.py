"""Parquet files: their columns as a frame, and copies of them with further rows.

The original values are never converted. New rows are put below them in the same Arrow types.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from wgan_resampler.exceptions import DataFileError
from wgan_resampler.tables.files.csv_dialect import MAX_COLUMNS, unique_names
from wgan_resampler.tables.files.new_rows import IS_SYNTHETIC, NewRows, read_marks, true_like, with_mark
from wgan_resampler.tables.files.packed import one_line
from wgan_resampler.utils import FILES, require

if TYPE_CHECKING:
    import pandas as pd

MAX_CELLS_PER_BYTE: Final = 100
MIN_CELL_ALLOWANCE: Final = 10_000_000
"""A Parquet file may declare this many values, or 100 for each of its bytes: repeated values take almost no bytes."""

_PANDAS: Final = b"pandas"
"""Key of the metadata in which pandas describes index and dtypes."""


@dataclass(frozen=True)
class ParquetTable:
    """A Parquet file that was read.

    Parameters
    ----------
    path : str
        The file.
    arrow : pyarrow.Table
        All its columns.
    names : tuple of str
        Their names, made unique.
    compression : str
        How the file is packed.
    frame : pandas.DataFrame
        The columns, without an index that pandas stored.
    """

    path: str
    arrow: Any
    names: tuple[str, ...]
    compression: str
    frame: pd.DataFrame

    def spelled(self, column: str) -> NDArray[np.object_]:
        """Return the values of a column as strings; None for a missing value."""
        values = self.frame[column]
        texts = np.array(values.astype(object).map(str), dtype=object)
        texts[values.isna().to_numpy()] = None
        return texts

    def write_with(self, file: BinaryIO, new: NewRows) -> None:
        """Write a copy of the file with a mark in each row, and with new rows.

        Parameters
        ----------
        file : BinaryIO
            Where to write.
        new : NewRows
            The rows to add.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        old, n_new = self.arrow, len(new)
        about = _pandas_metadata(old.schema)
        columns, fields = [], []
        for field, name, column in zip(old.schema, self.names, old.columns, strict=True):
            if name == new.target:
                added = _taken(column, new.donors)
            elif name == IS_SYNTHETIC:
                added = _marks(column, n_new)
            elif name in new.features:
                added = _like(new.features[name], column)
            else:
                added = _further_numbers(column, n_new) if name not in self.frame else None
                if added is None:
                    added = pa.nulls(n_new, field.type)
                    _allow_missing(about, field, n_new)
            columns.append(_below(column, added))
            fields.append(field.with_nullable(field.nullable or columns[-1].null_count > 0))
        if IS_SYNTHETIC not in self.names:
            columns.append(pa.array(np.repeat([False, True], [len(self.frame), n_new])))
            fields.append(pa.field(_name_of_mark(about), pa.bool_()))
        _extend_range(about, len(self.frame), n_new)
        metadata = old.schema.metadata
        if about:
            metadata = {**metadata, _PANDAS: json.dumps(about).encode()}
        table = pa.Table.from_arrays(columns, schema=pa.schema(fields, metadata=metadata))
        pq.write_table(table, file, compression=self.compression)


def read_parquet(path: str) -> ParquetTable:
    """Read a Parquet file.

    Parameters
    ----------
    path : str
        The file.

    Returns
    -------
    ParquetTable

    Raises
    ------
    DataFileError
        If the file is not valid, has columns of lists or structs, or declares too many values for its size.
    MissingDependencyError
        If pyarrow is not installed.
    """
    import pandas as pd

    pa, pq = (require(name, "Reading Parquet files", FILES) for name in ("pyarrow", "pyarrow.parquet"))
    with Path(path).open("rb") as file:
        try:
            parquet = pq.ParquetFile(file)
            about = parquet.metadata
            _check_claims(path, os.fstat(file.fileno()).st_size, about.num_rows, about.num_columns)
            _check_types(path, parquet.schema_arrow)
            arrow = parquet.read()
            names = with_mark(unique_names([str(name) for name in arrow.column_names]))
            index = set(map(str, _pandas_metadata(arrow.schema).get("index_columns", [])))
            frame = pd.DataFrame(
                {
                    name: _as_series(column)
                    for name, stored, column in zip(names, arrow.column_names, arrow.columns, strict=True)
                    if stored not in index
                }
            )
            packing = about.row_group(0).column(0).compression.lower() if about.num_row_groups else "snappy"
        except DataFileError:
            raise
        except (pa.ArrowException, ValueError, OSError, KeyError, OverflowError, MemoryError) as error:
            raise DataFileError(f"{path} is not a valid Parquet file: {one_line(error)}.") from error
    if IS_SYNTHETIC in frame:
        frame[IS_SYNTHETIC] = read_marks(path, frame[IS_SYNTHETIC].tolist())
    return ParquetTable(path, arrow, names, packing.replace("uncompressed", "none"), frame)


def _check_claims(path: str, n_bytes: int, n_rows: int, n_columns: int) -> None:
    if n_columns > MAX_COLUMNS:
        raise DataFileError(f"{path} has {n_columns} columns; at most {MAX_COLUMNS} are read.")
    if n_rows * n_columns > max(MIN_CELL_ALLOWANCE, MAX_CELLS_PER_BYTE * n_bytes):
        raise DataFileError(
            f"{path} claims {n_rows} rows of {n_columns} columns in {n_bytes} bytes. A table of measurements "
            "needs more bytes for so many values. If you trust the file, convert it to CSV."
        )


def _check_types(path: str, schema: Any) -> None:
    import pyarrow as pa

    for field in schema:
        if pa.types.is_nested(getattr(field.type, "storage_type", field.type)):
            raise DataFileError(
                f"{path}: column {field.name!r} holds nested values ({str(field.type)[:60]}). Divide it into columns "
                "of single values, or remove it."
            )


def _pandas_metadata(schema: Any) -> dict[str, Any]:
    """Return what pandas wrote about index and dtypes; empty if it is missing or damaged."""
    try:
        about = json.loads((schema.metadata or {}).get(_PANDAS, b"{}"))
    except ValueError:
        return {}
    is_sound = isinstance(about, dict) and all(isinstance(about.get(key), list) for key in ("index_columns", "columns"))
    return about if is_sound else {}


def _extend_range(about: dict[str, Any], n_rows: int, n_new: int) -> None:
    """Extend an index that is stored as a range to the new rows. Otherwise, pandas would drop it."""
    for index in about.get("index_columns", []):
        if isinstance(index, dict) and index.get("kind") == "range":
            start, step = index.get("start"), index.get("step")
            if isinstance(start, int) and isinstance(step, int):
                index["stop"] = start + step * (n_rows + n_new)


def _allow_missing(about: dict[str, Any], field: Any, n_new: int) -> None:
    """Note that integers and booleans have missing values. Otherwise pandas would read floats or objects."""
    import pyarrow as pa

    for column in about.get("columns", []) if n_new else []:
        if isinstance(column, dict) and column.get("field_name", column.get("name")) == field.name:
            if pa.types.is_integer(field.type):
                column["numpy_type"] = _nullable_name(field.type)
            elif pa.types.is_boolean(field.type):
                column["numpy_type"] = "boolean"


def _nullable_name(kind: Any) -> str:
    """Return what pandas calls an integer type with missing values: Int8 for int8, UInt64 for uint64."""
    return str(kind).replace("uint", "UInt").replace("int", "Int")


def _name_of_mark(about: dict[str, Any]) -> str:
    """Return the name of the column that marks synthetic rows, and note its type in what pandas wrote.

    If pandas names columns by tuples, it must be one.
    """
    levels = about.get("column_indexes")
    n_levels = len(levels) if isinstance(levels, list) else 1
    if n_levels == 1 and isinstance(levels, list) and isinstance(levels[0], dict):
        # pandas converts the names to the type that they had. The mark is a string, so all names become strings.
        levels[0].update(pandas_type="unicode", numpy_type="object")
    return IS_SYNTHETIC if n_levels < 2 else str((IS_SYNTHETIC, *[""] * (n_levels - 1)))


def _holds_bytes(kind: Any) -> bool:
    import pyarrow as pa

    types = pa.types
    is_plain = types.is_binary(kind) or types.is_large_binary(kind) or types.is_binary_view(kind)
    return bool(is_plain or types.is_fixed_size_binary(kind))


def _taken(column: Any, rows: NDArray[np.intp]) -> Any:
    """Return the values at some positions."""
    import pyarrow as pa

    if not (pa.types.is_string_view(column.type) or pa.types.is_binary_view(column.type)):
        return column.take(pa.array(rows))
    values = column.to_pylist()  # pyarrow takes no values of these types
    return pa.array([values[row] for row in rows], column.type)


def _stored(column: Any) -> Any:
    """Return a column without the type that an extension gives to it, such as UUID over bytes."""
    import pyarrow as pa

    if not isinstance(column.type, pa.BaseExtensionType):
        return column
    return pa.chunked_array([chunk.storage for chunk in column.chunks], column.type.storage_type)


def _as_series(column: Any) -> pd.Series:
    """Return a column in the pandas dtype that keeps its values. Integers keep all digits, with missing values too."""
    import pandas as pd
    import pyarrow as pa

    column = _stored(column)
    kind = column.type
    if _holds_bytes(kind):
        return pd.Series([None if value is None else value.decode("latin-1") for value in column.to_pylist()])
    dtype: Any = None
    if pa.types.is_date(kind) or pa.types.is_time(kind) or pa.types.is_decimal(kind):
        dtype = pd.ArrowDtype(kind)
    elif column.null_count and pa.types.is_integer(kind):
        dtype = pd.array([], dtype=_nullable_name(kind)).dtype
    elif column.null_count and pa.types.is_boolean(kind):
        dtype = pd.BooleanDtype()
    return pd.Series(column.to_pandas(types_mapper={kind: dtype}.get))


def _like(values: Any, column: Any) -> Any:
    """Return values as an Arrow array of a column's type, with the column's own dictionary if it has one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return kind.wrap_array(_like(values, _stored(column)))
    if pa.types.is_dictionary(kind):
        dictionary = column.unify_dictionaries().chunk(0).dictionary
        codes = pc.index_in(pa.array(values, dictionary.type, from_pandas=True), dictionary)
        return pa.DictionaryArray.from_arrays(codes.cast(kind.index_type), dictionary, ordered=kind.ordered)
    if _holds_bytes(kind):
        return pa.array([value.encode("latin-1") if isinstance(value, str) else None for value in values], kind)
    return pa.array(values, kind, from_pandas=True)


def _below(column: Any, added: Any) -> Any:
    """Return a column with further values below."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
    return pa.chunked_array([*column.chunks, *getattr(added, "chunks", [added])], type=column.type)


def _marks(column: Any, n: int) -> Any:
    """Return marks of synthetic rows, as a column writes them whose marks are all of original rows."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        marks = _marks(column.cast(kind.value_type), n).dictionary_encode()
        return pa.DictionaryArray.from_arrays(
            marks.indices.cast(kind.index_type), marks.dictionary, ordered=kind.ordered
        )
    first = column[0].as_py()
    return pa.array([true_like(first) if isinstance(first, str) else type(first)(1)] * n, kind)


def _further_numbers(column: Any, n: int) -> Any:
    """Return the numbers that continue those of an index; None if its type ends before."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_integer(column.type):
        return None
    last = pc.max(column).as_py() or 0
    try:
        return pa.array(range(last + 1, last + 1 + n), column.type)
    except (pa.ArrowInvalid, OverflowError):
        return None
