"""Warnings about data that will train but give poor results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wgan_resampler.exceptions import IdentifierColumnWarning, ThinClassWarning
from wgan_resampler.tables import CategoricalCells, Table, plain_label
from wgan_resampler.utils import warn_caller

_THIN = 5
"""Largest number of rows of a thin class."""

_MANY_CATEGORIES = 50
"""A categorical feature with at most this many categories is never taken for an identifier."""


def warn_of_thin_classes(labels: NDArray[Any], to_generate: Mapping[Any, int]) -> None:
    """Issue one ThinClassWarning that names all classes of at most 5 rows that have to grow."""
    sizes = zip(*np.unique(labels, return_counts=True), strict=True)
    thin = [f"{plain_label(label)!r} ({n})" for label, n in sizes if n <= _THIN and to_generate.get(label, 0) > 0]
    if thin:
        warn_caller(
            f"Classes of at most {_THIN} rows are to grow: {', '.join(thin)}. The spread of their synthetic rows is "
            "mostly borrowed from other classes. Collect more rows, or leave these classes out of the resampling with "
            "sampling_strategy={class: rows}.",
            ThinClassWarning,
        )


def warn_of_identifiers(table: Table) -> None:
    """Issue an IdentifierColumnWarning for each categorical feature with many categories of one or two rows each."""
    for j, cells in enumerate(table.cells):
        if not isinstance(cells, CategoricalCells):
            continue
        n, present = cells.n_categories, int(np.count_nonzero(cells.codes >= 0))
        if n > _MANY_CATEGORIES and n > present / 2:
            warn_caller(
                f"Column {table.format.label(j)} holds {n} categories in {present} values, like an identifier. It adds "
                f"{n} columns to the encoded table, which makes training slow. Leave it out of X. If it holds numbers "
                "or dates, convert it to a numeric or date column.",
                IdentifierColumnWarning,
            )
