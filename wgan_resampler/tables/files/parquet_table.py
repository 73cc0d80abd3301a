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
from wgan_resampler.tables.files.new_rows import IS_SYNTHETIC, NewRows, read_marks, with_mark
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
                added = column.take(pa.array(new.donors))
            elif name == IS_SYNTHETIC:
                marks = pa.array([True] * n_new)
                added = marks.cast(field.type) if pa.types.is_boolean(field.type) else _like(["True"] * n_new, column)
            elif name in new.features:
                added = _like(new.features[name], column)
            elif name not in self.frame and pa.types.is_integer(field.type):
                added = _further_numbers(column, n_new)
            else:
                added = pa.nulls(n_new, field.type)
                _allow_missing(about, field, n_new)
            columns.append(_below(column, added))
            fields.append(field.with_nullable(field.nullable or columns[-1].null_count > 0))
        if IS_SYNTHETIC not in self.names:
            columns.append(pa.array(np.repeat([False, True], [len(self.frame), n_new])))
            fields.append(pa.field(IS_SYNTHETIC, pa.bool_()))
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
                column["numpy_type"] = str(field.type).replace("uint", "UInt").replace("int", "Int")
            elif pa.types.is_boolean(field.type):
                column["numpy_type"] = "boolean"


def _as_series(column: Any) -> pd.Series:
    """Return a column in the pandas dtype that keeps its values. Integers keep all digits, with missing values too."""
    import pandas as pd
    import pyarrow as pa

    kind = column.type
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return pd.Series([None if value is None else value.decode("latin-1") for value in column.to_pylist()])
    dtype: Any = None
    if pa.types.is_date(kind) or pa.types.is_time(kind) or pa.types.is_decimal(kind):
        dtype = pd.ArrowDtype(kind)
    elif column.null_count and pa.types.is_integer(kind):
        dtype = pd.array([], dtype=str(kind).replace("uint", "UInt").replace("int", "Int")).dtype
    elif column.null_count and pa.types.is_boolean(kind):
        dtype = pd.BooleanDtype()
    return pd.Series(column.to_pandas(types_mapper={kind: dtype}.get))


def _like(values: Any, column: Any) -> Any:
    """Return values as an Arrow array of a column's type, with the column's own dictionary if it has one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_dictionary(kind):
        dictionary = column.unify_dictionaries().chunk(0).dictionary
        codes = pc.index_in(pa.array(values, dictionary.type, from_pandas=True), dictionary)
        return pa.DictionaryArray.from_arrays(codes.cast(kind.index_type), dictionary, ordered=kind.ordered)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return pa.array([value.encode("latin-1") if isinstance(value, str) else None for value in values], kind)
    return pa.array(values, kind, from_pandas=True)


def _below(column: Any, added: Any) -> Any:
    """Return a column with further values below."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
    return pa.chunked_array([*column.chunks, *getattr(added, "chunks", [added])], type=column.type)


def _further_numbers(column: Any, n: int) -> Any:
    """Return the numbers that continue those of an index."""
    import pyarrow as pa
    import pyarrow.compute as pc

    last = pc.max(column).as_py() or 0
    return pa.array(range(last + 1, last + 1 + n), column.type)
