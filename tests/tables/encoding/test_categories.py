"""Columns of categories: rare ones share a state, and come back as often as they occurred."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from wgan_resampler.tables.columns import CategoricalCells
from wgan_resampler.tables.encoding.categories import (
    FEWEST_ROWS,
    MANY_CATEGORIES,
    decode_categories,
    encode_categories,
    fit_categories,
    looks_like_identifier,
)


def cells_of(counts, n_missing=0):
    codes = np.concatenate([np.repeat(np.arange(len(counts)), counts), np.full(n_missing, -1)])
    return CategoricalCells(np.random.default_rng(0).permutation(codes), len(counts))


@given(
    st.lists(st.integers(0, 12), min_size=1, max_size=90).filter(any),
    st.integers(0, 3),
)
def test_learned_categories_come_back_and_rare_ones_as_rare_ones(counts, n_missing):
    cells = cells_of(counts, n_missing)
    column = fit_categories(cells)
    states = encode_categories(column, cells)
    assert states.min() >= 0
    assert states.max() < column.n_states
    decoded = decode_categories(column, states, np.random.default_rng(0))
    is_rare = np.array(column.rare_counts or [0] * len(counts)) > 0
    was_rare = np.append(is_rare, False)[cells.codes]
    np.testing.assert_array_equal(decoded.codes[~was_rare], cells.codes[~was_rare])
    assert np.append(is_rare, False)[decoded.codes[was_rare]].all()


def test_few_categories_are_all_learned_however_rare():
    assert fit_categories(cells_of([1] * MANY_CATEGORIES)).rare_counts == ()


def test_of_many_categories_those_of_few_rows_share_a_state():
    column = fit_categories(cells_of([100] * 20 + [FEWEST_ROWS] * 20 + [FEWEST_ROWS - 1] * 20, n_missing=7))
    assert column.n_states == 40 + 1 + 1
    assert column.rare_counts == (0,) * 40 + (FEWEST_ROWS - 1,) * 20


def test_rare_categories_come_back_by_their_frequency():
    counts = [100] * 60 + [1, 3]
    column = fit_categories(cells_of(counts))
    drawn = decode_categories(column, np.full(40_000, column.n_states - 1), np.random.default_rng(0)).codes
    assert set(drawn) == {60, 61}
    assert (drawn == 61).mean() == pytest.approx(0.75, abs=0.02)


def test_an_identifier_is_not_learned():
    cells = CategoricalCells(np.arange(300), 300)
    assert looks_like_identifier(cells)
    assert fit_categories(cells).n_states == 1


def test_the_same_seed_draws_the_same_categories():
    column = fit_categories(CategoricalCells(np.arange(300), 300))
    draws = [decode_categories(column, np.zeros(50, dtype=int), np.random.default_rng(s)).codes for s in (1, 1, 2)]
    assert draws[0].tolist() == draws[1].tolist() != draws[2].tolist()
