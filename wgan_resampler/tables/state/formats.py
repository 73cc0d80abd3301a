"""Formats of tables and targets as plain values, as files of state hold them, and back by fixed rules."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import sparse

from wgan_resampler.exceptions import CheckpointError
from wgan_resampler.tables.columns import Cells
from wgan_resampler.tables.containers.arrays import ArrayFormat, ColumnFormat, ListFormat
from wgan_resampler.tables.containers.base import TableFormat, is_pandas, is_polars
from wgan_resampler.tables.containers.pandas_frames import PandasFormat
from wgan_resampler.tables.containers.polars_frames import PolarsFormat
from wgan_resampler.tables.containers.targets import TargetFormat
from wgan_resampler.tables.encoding.encoder import EncodedRows, TableEncoder
from wgan_resampler.tables.encoding.schema import CategoricalColumn
from wgan_resampler.tables.state import pandas_state as pandas_files
from wgan_resampler.tables.state import polars_state as polars_files
from wgan_resampler.utils.storage import (
    Plain,
    array_from_state,
    array_to_state,
    checked,
    dtype_from_text,
    dtype_or_none,
    get,
    require_pandas,
    value_from_state,
    value_to_state,
)

_SPARSE = {kind.__name__: kind for kind in (sparse.csr_array, sparse.csc_array, sparse.csr_matrix, sparse.csc_matrix)}


def format_to_state(form: TableFormat) -> Plain:
    """Return the format of a table as plain values.

    Parameters
    ----------
    form : TableFormat
        Of an array, a list or a frame.

    Returns
    -------
    dict

    Raises
    ------
    CheckpointError
        If a column is of a dtype, or holds categories, that a file cannot hold; it is named.

    Examples
    --------
    >>> import numpy as np
    >>> from wgan_resampler.tables.state.formats import format_from_state, format_to_state
    >>> from wgan_resampler.tables.containers.arrays import array_table
    >>> form = array_table(np.array([["a"], ["b"]]), categorical=frozenset({0})).format
    >>> format_from_state(format_to_state(form)).columns[0].categories.tolist()
    ['a', 'b']
    """
    if isinstance(form, PandasFormat):
        return {"kind": "pandas", **pandas_files.frame_format_to_state(form)}
    if isinstance(form, PolarsFormat):
        return {"kind": "polars", **polars_files.frame_format_to_state(form)}
    if not isinstance(form, (ArrayFormat, ListFormat)):
        raise CheckpointError(f"A table of format {type(form).__name__} cannot be stored.")
    columns = [_column_to_state(column, f"Column {j}") for j, column in enumerate(form.columns)]
    if isinstance(form, ListFormat):
        return {"kind": "list", "columns": columns}
    sparse_type = None if form.sparse_type is None else form.sparse_type.__name__
    return {"kind": "array", "columns": columns, "dtype": form.dtype.str, "sparse": sparse_type}


def format_from_state(state: Mapping[str, Any]) -> TableFormat:
    """Undo `format_to_state`.

    Raises
    ------
    CheckpointError
        If the state makes no sense.
    MissingDependencyError
        If it is of a frame whose library is not installed.
    """
    return checked(_format_from_state, state)


def _format_from_state(state: Mapping[str, Any]) -> TableFormat:
    kind = state["kind"]
    if kind == "pandas":
        return pandas_files.frame_format_from_state(state)
    if kind == "polars":
        return polars_files.frame_format_from_state(state)
    columns = tuple(_column_from_state(column) for column in get(state, "columns", list))
    if kind == "list":
        return ListFormat(columns)
    if kind != "array":
        raise ValueError(f"a table of kind {str(kind)[:40]!r}")
    sparse_type = None if state["sparse"] is None else _SPARSE[state["sparse"]]
    return ArrayFormat(dtype_from_text(state["dtype"]), columns, sparse_type)


def _column_to_state(column: ColumnFormat, where: str) -> Plain:
    if dtype_or_none(column.dtype.str) != column.dtype:
        raise CheckpointError(f"{where} is of dtype {column.dtype}, which a file cannot hold. Convert it first.")
    return {
        "dtype": column.dtype.str,
        "categories": None if column.categories is None else array_to_state(column.categories, where),
        "missing": value_to_state(column.missing, where),
    }


def _column_from_state(state: Mapping[str, Any]) -> ColumnFormat:
    dtype, categories = dtype_from_text(state["dtype"]), state["categories"]
    if categories is not None:
        categories = array_from_state(categories)
        if categories.ndim != 1 or categories.dtype != dtype:
            raise ValueError("categories of another dtype than the column")
    return ColumnFormat(dtype, categories, value_from_state(state["missing"]))


def check_format(form: TableFormat, encoder: TableEncoder) -> None:
    """Raise CheckpointError unless rows that the encoder decodes can be built in this format."""
    columns = encoder.schema.columns
    stored = getattr(form, "columns", ())
    if len(stored) != len(columns):
        raise CheckpointError(f"It holds a table of {len(stored)} columns, and a model of {len(columns)}.")
    for j, (column, known) in enumerate(zip(columns, stored, strict=True)):
        n_categories = column.n_categories if isinstance(column, CategoricalColumn) else None
        found = None if known.categories is None else len(known.categories)
        if found != n_categories:
            raise CheckpointError(f"Column {j} of its table has {found} categories, and of its model {n_categories}.")
    checked(lambda cells: _try_to_build(form, cells), _first_and_last(encoder))


def _first_and_last(encoder: TableEncoder) -> list[Cells]:
    """Return two rows: one in the first state of each block, one in the last, which stands for a missing cell."""
    sizes = np.array(encoder.layout.block_sizes, dtype=np.int32)
    states = np.stack([np.zeros_like(sizes), sizes - 1])
    return encoder.decode(EncodedRows(np.zeros((2, encoder.layout.n_values), dtype=np.float32), states))


def _try_to_build(form: TableFormat, cells: list[Cells]) -> None:
    if isinstance(form, PolarsFormat):
        with polars_files.Refusals():
            form.build(cells)
    else:
        form.build(cells)


def target_to_state(form: TargetFormat) -> Plain:
    """Return the format of a target as plain values.

    Raises
    ------
    CheckpointError
        If its labels, or their container, cannot be stored.
    """
    examples: Any = form.examples
    if isinstance(examples, list):
        rows = [tuple(row) if isinstance(row, list) else row for row in examples]
        plain: Any = ("list", [value_to_state(row, "The target") for row in rows])
    elif isinstance(examples, np.ndarray):
        plain = ("array", array_to_state(examples, "The target"))
    elif is_pandas(examples, "Series"):
        plain = ("pandas", [_pandas_series(examples)])
    elif is_pandas(examples, "DataFrame"):
        names = pandas_files.index_to_state(examples.columns)
        plain = ("pandas frame", [names, *(_pandas_series(examples.iloc[:, j]) for j in range(examples.shape[1]))])
    elif is_polars(examples, "Series"):
        plain = ("polars", [_polars_series(examples)])
    elif is_polars(examples, "DataFrame"):
        plain = ("polars frame", [_polars_series(series) for series in examples.get_columns()])
    else:
        raise CheckpointError(f"A target of type {type(examples).__name__} cannot be stored. Pass an array.")
    return {"classes": array_to_state(form.classes, "The target"), "examples": plain}


def target_from_state(state: Mapping[str, Any]) -> TargetFormat:
    """Undo `target_to_state`.

    Raises
    ------
    CheckpointError
        If the state makes no sense.
    MissingDependencyError
        If it is of a frame whose library is not installed.
    """
    return checked(_target_from_state, state)


def _target_from_state(state: Mapping[str, Any]) -> TargetFormat:
    classes, (tag, content) = array_from_state(state["classes"]), state["examples"]
    if classes.ndim != 1 or not all(a < b for a, b in itertools.pairwise(classes)):
        raise ValueError("classes that are not in order")
    examples: Any
    if tag == "list":
        rows = [value_from_state(row) for row in content]
        examples = [list(row) if isinstance(row, tuple) else row for row in rows]
    elif tag == "array":
        examples = array_from_state(content)
    elif tag in ("pandas", "pandas frame"):
        examples = _pandas_target(content, is_frame=tag != "pandas")
    else:
        examples = _polars_target(content, is_frame={"polars": False, "polars frame": True}[tag])
    if len(examples) != len(classes):
        raise ValueError("other labels than classes")
    return TargetFormat(classes, examples)


def _pandas_series(series: Any) -> Plain:
    return {**pandas_files.series_to_state(series, "The target"), "name": value_to_state(series.name, "The target")}


def _polars_series(series: Any) -> Plain:
    return {**polars_files.series_to_state(series, "The target"), "name": series.name}


def _pandas_target(content: list[Any], *, is_frame: bool) -> Any:
    pd = require_pandas()
    if not is_frame:
        return pandas_files.series_from_state(content[0]).rename(value_from_state(content[0]["name"]))
    frame = pd.concat([pandas_files.series_from_state(each) for each in content[1:]], axis=1)
    frame.columns = pandas_files.index_from_state(content[0], frame.shape[1])
    return frame


def _polars_target(content: list[Any], *, is_frame: bool) -> Any:
    with polars_files.Refusals():
        series = [polars_files.series_from_state(each).rename(get(each, "name", str)) for each in content]
        return polars_files.require_polars().DataFrame(series) if is_frame else series[0]
