"""Warnings about data that can be trained on, but of which no wonders are to be expected."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wgan_resampler.exceptions import IdentifierColumnWarning, ThinClassWarning
from wgan_resampler.tables import CategoricalCells, Table, plain_label

THIN = 5
"""A class of at most this many rows is thin."""

_MANY_CATEGORIES = 50


def warn_of_thin_classes(labels: NDArray[Any], to_generate: Mapping[Any, int]) -> None:
    """Issue one ThinClassWarning for all classes that grow from at most 5 rows."""
    sizes = {label: int(np.count_nonzero(labels == label)) for label, n_new in to_generate.items() if n_new > 0}
    thin = {plain_label(label): n for label, n in sizes.items() if n <= THIN}
    if thin:
        named = ", ".join(f"{label!r} ({n})" for label, n in thin.items())
        warnings.warn(
            f"Classes with at most {THIN} rows are grown: {named}. How their new rows differ is mostly what the other "
            "classes teach about spread. Collect more rows, or leave such a class as it is with "
            "sampling_strategy={class: rows, ...} without it.",
            ThinClassWarning,
            stacklevel=4,
        )


def warn_of_identifiers(table: Table) -> None:
    """Issue an IdentifierColumnWarning for each column of categories that nearly every row has another one of."""
    for j, cells in enumerate(table.cells):
        if not isinstance(cells, CategoricalCells):
            continue
        n, present = cells.n_categories, int(np.count_nonzero(cells.codes >= 0))
        if n > _MANY_CATEGORIES and n > present / 2:
            warnings.warn(
                f"Column {table.format.label(j)} holds {n} categories in {present} cells, like an identifier. It adds "
                f"{n} columns to the encoded rows and {n} inputs or outputs to each network, which makes training "
                "slower by about as much, and synthetic rows can only repeat known values. Leave it out of X; if it "
                "holds numbers or dates, convert it to them.",
                IdentifierColumnWarning,
                stacklevel=4,
            )
