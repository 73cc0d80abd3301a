"""pyarrow's tables: read as pandas frames of pyarrow's dtypes, and built again with the same schema.

pandas and pyarrow are imported inside functions, so they are only imported for callers who pass a table of pyarrow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wgan_resampler.exceptions import InvalidDataError
from wgan_resampler.tables.columns import Cells
from wgan_resampler.tables.containers.base import ChooseCategorical, FrameFormat, Table, is_of
from wgan_resampler.tables.containers.pandas_frames import PandasFormat, SeriesFormat
from wgan_resampler.utils import FILES, require


@dataclass(frozen=True)
class ArrowFormat(FrameFormat):
    """A table of pyarrow; as a target, also a chunked array. Its columns are objects of `SeriesFormat`.

    A record batch becomes a table, and an array becomes a chunked array.
    """

    kind = "arrow"
    column_type = SeriesFormat

    @staticmethod
    def holds(value: Any) -> bool:
        """Whether `value` is a table, a record batch, an array or a chunked array."""
        return is_of("pyarrow", value, "Table", "RecordBatch", "Array", "ChunkedArray")

    @classmethod
    def read(cls, rows: Any, choose: ChooseCategorical) -> Table:
        """Read a table. Columns of strings, dictionaries and booleans are categorical by default."""
        rows = _chunked(rows)
        if not hasattr(rows, "schema"):
            raise InvalidDataError("Expected 2D array, got 1D array instead: a pyarrow array. Pass a pyarrow.Table.")
        table = PandasFormat.read(as_pandas(rows), choose)
        return Table(rows, table.cells, cls(tuple(rows.column_names), table.format.columns))

    def build(self, cells: Sequence[Cells]) -> Any:
        """Return new rows as a table."""
        import pandas as pd

        return as_arrow(PandasFormat(pd.Index(self.names), self.columns).build(cells))

    @staticmethod
    def stack(rows: Any, new: Any) -> Any:
        """Return `rows` with `new` below, with the schema of `rows`."""
        import pyarrow as pa

        rows = _chunked(rows)
        if hasattr(rows, "schema"):
            return pa.concat_tables([rows, new.cast(rows.schema)])
        return pa.chunked_array([*rows.chunks, *new.chunks], type=rows.type)

    @staticmethod
    def take(rows: Any, positions: NDArray[np.integer]) -> Any:
        """Return the rows or labels at these positions."""
        return _chunked(rows).take(positions)

    @staticmethod
    def label_array(target: Any) -> NDArray[Any]:
        """Return a table or an array as an array of labels: of objects if no other array can hold the labels."""
        return PandasFormat.label_array(as_pandas(_chunked(target)))

    @staticmethod
    def as_target(target: Any, *, one_hot: bool) -> Any:
        """Return a target as a table or a chunked array."""
        return _chunked(target)


def as_pandas(rows: Any) -> Any:
    """Return a table as a frame, and a chunked array as a Series, of pyarrow's dtypes."""
    pandas = require("pandas", "A table of pyarrow", FILES)
    # The metadata that pandas stores in a file would turn columns into an index.
    options = {"ignore_metadata": True} if hasattr(rows, "schema") else {}
    return rows.to_pandas(types_mapper=pandas.ArrowDtype, **options)


def as_arrow(rows: Any) -> Any:
    """Undo `as_pandas`."""
    import pyarrow as pa

    if rows.ndim == 1:
        return pa.chunked_array([pa.array(rows.array)])
    return pa.Table.from_pandas(rows, preserve_index=False).replace_schema_metadata(None)


def _chunked(value: Any) -> Any:
    import pyarrow as pa

    if isinstance(value, pa.RecordBatch):
        return pa.Table.from_batches([value])
    return pa.chunked_array([value]) if isinstance(value, pa.Array) else value
