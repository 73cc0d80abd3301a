"""Formats of tables and targets as plain values, as files of state hold them, and back.

Each container writes and reads its own part, see :mod:`wgan_resampler.tables.containers`. A state may come from
anywhere: whatever is wrong with it, only CheckpointError is raised.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np

from wgan_resampler.exceptions import CheckpointError
from wgan_resampler.tables.columns import Cells
from wgan_resampler.tables.containers.base import TableFormat
from wgan_resampler.tables.containers.registry import container_of, container_of_kind
from wgan_resampler.tables.containers.targets import TargetFormat
from wgan_resampler.tables.encoding.encoder import EncodedRows, TableEncoder
from wgan_resampler.tables.encoding.schema import CategoricalColumn
from wgan_resampler.tables.plain_values import array_from_state, array_to_state
from wgan_resampler.utils.storage import checked

_T = TypeVar("_T")


def format_to_state(form: TableFormat) -> dict[str, Any]:
    """Return the format of a table as plain values.

    Parameters
    ----------
    form : TableFormat
        The container of a table.

    Returns
    -------
    dict

    Raises
    ------
    CheckpointError
        If a file cannot hold the dtype or the categories of a column; the message names the column.

    Examples
    --------
    >>> from wgan_resampler.tables.state import format_from_state, format_to_state
    >>> from wgan_resampler.tables.validation import check_table
    >>> form = check_table([["a"], ["b"]], categorical_features=[0]).format
    >>> format_from_state(format_to_state(form)).columns[0].categories.tolist()
    ['a', 'b']
    """
    return {"kind": form.kind, **form.to_state()}


def format_from_state(state: Mapping[str, Any]) -> TableFormat:
    """Undo `format_to_state`.

    Parameters
    ----------
    state : mapping
        May come from anywhere.

    Returns
    -------
    TableFormat

    Raises
    ------
    CheckpointError
        If the state is damaged.
    MissingDependencyError
        If the library of the container is not installed.
    """
    container = _container(state)
    return _refusing(container, container.from_state, state)


def check_format(form: TableFormat, encoder: TableEncoder) -> None:
    """Raise CheckpointError unless rows that the encoder decodes can be built in this format.

    Parameters
    ----------
    form : TableFormat
        As loaded from a file.
    encoder : TableEncoder
        From the same file.
    """
    columns = encoder.schema.columns
    if len(form.columns) != len(columns):
        raise CheckpointError(f"It holds a table of {len(form.columns)} columns, and a model of {len(columns)}.")
    for j, (column, known) in enumerate(zip(columns, form.columns, strict=True)):
        n_categories = column.n_categories if isinstance(column, CategoricalColumn) else None
        found = None if known.categories is None else len(known.categories)
        if found != n_categories:
            raise CheckpointError(f"Column {j} of its table has {found} categories, and of its model {n_categories}.")
    _refusing(type(form), form.build, _first_and_last(encoder))


def _first_and_last(encoder: TableEncoder) -> list[Cells]:
    """Return two rows: one in the first state of each block, one in the last, which stands for a missing cell."""
    sizes = np.array(encoder.layout.block_sizes, dtype=np.int32)
    states = np.stack([np.zeros_like(sizes), sizes - 1])
    return encoder.decode(EncodedRows(np.zeros((2, encoder.layout.n_values), dtype=np.float32), states))


def target_to_state(form: TargetFormat) -> dict[str, Any]:
    """Return the format of a target as plain values.

    Parameters
    ----------
    form : TargetFormat
        The container of a target.

    Returns
    -------
    dict

    Raises
    ------
    CheckpointError
        If a file cannot hold a label or the dtype of the labels.
    """
    container = container_of(form.examples)
    return {
        "kind": container.kind,
        "classes": array_to_state(form.classes, "The target"),
        "examples": container.labels_to_state(form.examples),
    }


def target_from_state(state: Mapping[str, Any]) -> TargetFormat:
    """Undo `target_to_state`.

    Parameters
    ----------
    state : mapping
        May come from anywhere.

    Returns
    -------
    TargetFormat

    Raises
    ------
    CheckpointError
        If the state is damaged.
    MissingDependencyError
        If the library of the container is not installed.
    """
    container = _container(state)
    return _refusing(container, lambda state: _target_from_state(container, state), state)


def _target_from_state(container: type[TableFormat], state: Mapping[str, Any]) -> TargetFormat:
    classes, examples = array_from_state(state["classes"]), container.labels_from_state(state["examples"])
    if classes.ndim != 1 or not all(a < b for a, b in itertools.pairwise(classes)):
        raise ValueError("classes that are not in order")
    if len(examples) != len(classes):
        raise ValueError("other labels than classes")
    return TargetFormat(classes, examples)


def _container(state: Mapping[str, Any]) -> type[TableFormat]:
    return checked(lambda state: container_of_kind(state["kind"]), state)


def _refusing(container: type[TableFormat], build: Callable[[Any], _T], state: Any) -> _T:
    """Call `build`, and turn the errors that a damaged state causes into CheckpointError."""
    try:
        return checked(build, state)
    except container.errors() as error:
        raise CheckpointError(f"A part of it cannot be read: {error}") from error
