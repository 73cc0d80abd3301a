"""Columns of categories: which categories get a state of their own, and how states become categories again.

A network cannot learn a category from a few rows, and each state makes all networks wider. So in a column of many
categories, those of few rows share one state. In new rows, this state becomes one of these categories at random, by
their frequency. A column that looks like an identifier is not learned at all: all its categories share the state.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from wgan_resampler.tables.columns import CategoricalCells
from wgan_resampler.tables.encoding.schema import CategoricalColumn

MANY_CATEGORIES: Final = 50
"""In a column of at most this many categories, each category gets a state."""

FEWEST_ROWS: Final = 5
"""A category of fewer rows than this is rare."""


def looks_like_identifier(cells: CategoricalCells) -> bool:
    """Whether a column has many categories, most of them for one or two rows.

    Examples
    --------
    >>> import numpy as np
    >>> from wgan_resampler.tables.columns import CategoricalCells
    >>> from wgan_resampler.tables.encoding.categories import looks_like_identifier
    >>> looks_like_identifier(CategoricalCells(np.arange(100), 100))
    True
    """
    return cells.n_categories > max(MANY_CATEGORIES, np.count_nonzero(cells.codes >= 0) / 2)


def fit_categories(cells: CategoricalCells) -> CategoricalColumn:
    """Return the description of a column of categories.

    Examples
    --------
    >>> import numpy as np
    >>> from wgan_resampler.tables.columns import CategoricalCells
    >>> from wgan_resampler.tables.encoding.categories import fit_categories
    >>> codes = np.repeat(np.arange(60), [1] * 20 + [9] * 40)
    >>> column = fit_categories(CategoricalCells(codes, 60))
    >>> column.n_states, sum(column.rare_counts)
    (41, 20)
    """
    has_missing = bool((cells.codes < 0).any())
    counts = np.bincount(cells.codes[cells.codes >= 0], minlength=cells.n_categories)
    is_rare = (counts < FEWEST_ROWS) | looks_like_identifier(cells)
    # A single rare category keeps its state: sharing would save nothing.
    if cells.n_categories <= MANY_CATEGORIES or np.count_nonzero(is_rare) < 2:
        return CategoricalColumn(cells.n_categories, has_missing)
    # A category without rows gets the count 1, because 0 stands for a category with its own state.
    rare_counts = np.where(is_rare, np.maximum(counts, 1), 0)
    return CategoricalColumn(cells.n_categories, has_missing, tuple(rare_counts.tolist()))


def encode_categories(column: CategoricalColumn, cells: CategoricalCells) -> NDArray[np.integer]:
    """Return the state of each cell."""
    states = cells.codes
    if column.rare_counts:
        learned = np.array(column.rare_counts) == 0
        state_of = np.where(learned, np.cumsum(learned) - 1, np.count_nonzero(learned))
        states = state_of[cells.codes]
    return np.where(cells.codes < 0, column.n_states - 1, states)


def decode_categories(
    column: CategoricalColumn, states: NDArray[np.integer], rng: np.random.Generator
) -> CategoricalCells:
    """Return the category of each state. `rng` is used for the shared state only."""
    is_missing = states == column.n_states - 1 if column.has_missing else np.zeros(len(states), dtype=np.bool_)
    codes = states
    if column.rare_counts:
        counts = np.array(column.rare_counts)
        learned = np.append(np.flatnonzero(counts == 0), -1)
        is_shared = states == len(learned) - 1
        codes = learned[np.minimum(states, len(learned) - 1)]
        codes[is_shared] = rng.choice(len(counts), size=np.count_nonzero(is_shared), p=counts / counts.sum())
    return CategoricalCells(np.where(is_missing, -1, codes), column.n_categories)
