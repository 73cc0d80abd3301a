"""The schema of a table as plain values, as files hold it, and back."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Mapping, Sequence, Sized
from typing import Any, Final

import msgspec
import numpy as np

from wgan_resampler.exceptions import CheckpointError
from wgan_resampler.tables.encoding.schema import CategoricalColumn, Column, NumericColumn, Scale, TableSchema
from wgan_resampler.utils.storage import convert_state

_KINDS: Final[Mapping[Any, type[Column]]] = {"numbers": NumericColumn, "categories": CategoricalColumn}


def schema_to_state(schema: TableSchema) -> dict[str, Any]:
    """Return a schema as plain values."""
    names = {column_type: kind for kind, column_type in _KINDS.items()}
    columns = [
        {"kind": names[type(column)], **msgspec.to_builtins(column, enc_hook=lambda dtype: dtype.str)}
        for column in schema.columns
    ]
    return {"columns": columns}


def schema_from_state(state: Mapping[str, Any]) -> TableSchema:
    """Return the schema of a state; CheckpointError if the state describes no table that the package can make."""
    columns = convert_state(state, dict[str, list[dict[str, Any]]]).get("columns")
    if not columns:
        raise CheckpointError("The file describes a table without columns.")
    return TableSchema(tuple(_column_from_state(column) for column in columns))


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


def _column_from_state(state: Mapping[str, Any]) -> Column:
    kind = state.get("kind")
    if type(kind) is not str or kind not in _KINDS:
        raise CheckpointError(f"The file has a column of kind {str(kind)[:40]!r}; the kinds are {', '.join(_KINDS)}.")
    column = convert_state(state, _KINDS[kind], _dtype)
    if isinstance(column, CategoricalColumn):
        is_empty = column.n_categories < 0 or not column.n_states
    else:
        is_empty = column.scale is None and not column.n_states
        _check_increasing(column.frequent)
        _check_held(column.frequent, column.dtype)
        if column.scale is not None:
            _check_scale(column.scale, column.dtype)
    if is_empty:
        raise CheckpointError("The file describes a column without values.")
    return column


def _check_scale(scale: Scale, dtype: np.dtype) -> None:
    _check_increasing(scale.knots)
    _check_increasing(scale.positions)
    _check_held((scale.minimum, scale.maximum), dtype)
    fits = scale.dtype == dtype and scale.minimum <= scale.maximum and 0 < len(scale.knots) == len(scale.positions)
    if not fits or not scale.has_possible_grid:
        raise CheckpointError("The file describes a scale whose parts do not fit each other.")


def _dtype(_: type, text: Any) -> np.dtype:
    if type(text) is not str or not re.fullmatch(r"[<>|]?(b1|[iu][1248]|f[248])", text):
        raise ValueError(f"{str(text)[:40]!r} is not the dtype of a number")
    return np.dtype(text)


def _check_held(numbers: Sequence[Any], dtype: np.dtype) -> None:
    """Raise CheckpointError unless the dtype holds all numbers: otherwise, filling them in would overflow."""
    kind = {"b": bool, "f": float}.get(dtype.kind, int)
    try:
        with np.errstate(over="raise"):
            is_held = all(type(number) is kind and math.isfinite(np.array(number, dtype)) for number in numbers)
    except ArithmeticError:
        is_held = False
    if not is_held:
        raise CheckpointError(f"The file describes a column of dtype {dtype} with values {str(numbers)[:60]}.")


def _check_increasing(numbers: Sequence[float]) -> None:
    if not all(map(math.isfinite, numbers)) or not all(a < b for a, b in itertools.pairwise(numbers)):
        raise CheckpointError("The file describes values that do not increase.")
