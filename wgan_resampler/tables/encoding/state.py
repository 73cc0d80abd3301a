"""The schema of a table as plain values, as files hold it."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Sized
from typing import Any

import msgspec

from wgan_resampler.exceptions import CheckpointError
from wgan_resampler.tables.encoding.schema import CategoricalColumn, TableSchema


def schema_to_state(schema: TableSchema) -> Any:
    """Return a schema as plain values. `convert_state` makes a schema of them again."""
    return {"columns": [msgspec.to_builtins(column, enc_hook=lambda dtype: dtype.str) for column in schema.columns]}


def check_columns(schema: TableSchema, categories: Sequence[Sized | None], label: Callable[[int], str]) -> None:
    """Raise CheckpointError unless a schema has these columns, of which the categories are given; None for numbers.

    `label(j)` is what messages call column j.
    """
    if len(categories) != len(schema.columns):
        raise CheckpointError(
            f"The file describes {len(categories)} columns, but its model makes {len(schema.columns)}."
        )
    for j, (column, known) in enumerate(zip(schema.columns, categories, strict=True)):
        n_made = column.n_categories if isinstance(column, CategoricalColumn) else None
        n_known = None if known is None else len(known)
        if n_made != n_known:
            raise CheckpointError(
                f"The file describes {n_known} categories of column {label(j)}, but its model makes {n_made}."
            )
