"""Formats of tables and targets as plain values, and back: so that new rows can be made in any container."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from wgan_resampler.tables.containers.base import FrameFormat, TableFormat
from wgan_resampler.tables.containers.registry import container_of_kind
from wgan_resampler.tables.containers.targets import TargetFormat
from wgan_resampler.tables.encoding.encoder import EncodedRows, TableEncoder
from wgan_resampler.tables.encoding.state import check_columns
from wgan_resampler.tables.state.plain_values import is_dtype, value_from_state, value_to_state
from wgan_resampler.utils.storage import refusing


def format_to_state(form: TableFormat) -> dict[str, Any]:
    """Return the format of a table as plain values; CheckpointError names a column that a file cannot hold.

    Examples
    --------
    >>> from wgan_resampler.tables.state.formats import format_from_state, format_to_state
    >>> from wgan_resampler.tables.validation import check_table
    >>> form = check_table([["a"], ["b"]], categorical_features=[0]).format
    >>> format_from_state(format_to_state(form)).columns[0].categories.tolist()
    ['a', 'b']
    """
    columns = [_fields_to_state(column, f"Column {form.label(j)}") for j, column in enumerate(form.columns)]
    return {"kind": form.kind, **_fields_to_state(form, "The table", without="columns"), "columns": columns}


@refusing
def format_from_state(state: Mapping[str, Any]) -> TableFormat:
    """Undo `format_to_state`. CheckpointError is raised if the state is damaged.

    MissingDependencyError is raised if the library of the container is not installed.
    """
    parts = dict(state)
    container: Any = container_of_kind(parts.pop("kind"))
    columns = tuple(container.column_type(**_read(column)) for column in parts.pop("columns"))
    form: TableFormat = container(columns=columns, **_read(parts))
    # The lengths are compared first, because a range of names can be long.
    if isinstance(form, FrameFormat) and not len(form.names) == len(columns) == len(set(form.names)):
        raise ValueError("other names than columns")
    if not all(is_dtype(part.dtype) for part in (form, *columns) if hasattr(part, "dtype")):
        raise ValueError("a column without a dtype")
    for column in columns:
        known = column.dtype if column.categories is None else column.categories.dtype
        # pandas wraps the dtypes of numpy in arrays of its own.
        if column.dtype not in (known, getattr(known, "numpy_dtype", known)):
            raise ValueError("categories of another dtype than their column")
        marker: Any = getattr(column, "missing", None)
        if np.ndim(marker):
            raise ValueError("several values in place of a missing one")
    return form


@refusing
def check_format(form: TableFormat, encoder: TableEncoder) -> None:
    """Raise CheckpointError unless rows that the encoder decodes can be built in this format."""
    check_columns(encoder.schema, [column.categories for column in form.columns], form.label)
    # Two rows: one in the first state of each block, one in the last, which stands for a missing value.
    sizes = np.array(encoder.layout.block_sizes, dtype=np.int32)
    states = np.stack([np.zeros_like(sizes), sizes - 1])
    form.build(encoder.decode(EncodedRows(np.zeros((2, encoder.layout.n_values), dtype=np.float32), states)))


def target_to_state(form: TargetFormat) -> dict[str, Any]:
    """Return the format of a target as plain values; CheckpointError names a label that a file cannot hold."""
    return _fields_to_state(form, "The target")


@refusing
def target_from_state(state: Mapping[str, Any]) -> TargetFormat:
    """Undo `target_to_state`, with errors as in `format_from_state`."""
    form = TargetFormat(**_read(state))
    if not isinstance(form.classes, np.ndarray) or form.classes.ndim != 1:
        raise ValueError("classes that are not an array")
    if not all(a < b for a, b in itertools.pairwise(form.classes)):
        raise ValueError("classes that are not in order")
    if len(form.examples) != len(form.classes):
        raise ValueError("other labels than classes")
    form.build(form.classes)
    return form


def _fields_to_state(value: Any, where: str, without: str = "") -> dict[str, Any]:
    names = [field.name for field in fields(value) if field.name != without]
    return {name: value_to_state(getattr(value, name), where) for name in names}


def _read(state: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value_from_state(value) for name, value in state.items()}
