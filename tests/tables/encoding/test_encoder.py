"""Which columns become values and which become blocks of states. Decoding gives the same rows."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp

from wgan_resampler.tables.columns import CategoricalCells, NumericCells
from wgan_resampler.tables.encoding.encoder import FEW_VALUES, EncodedRows, TableEncoder, fit_column
from wgan_resampler.tables.encoding.numeric_scale import ROWS_PER_KNOT
from wgan_resampler.tables.encoding.schema import CategoricalColumn, Grid, NumericColumn

RNG = np.random.default_rng(0)
MILLIONTH = 1e-6


def round_trip(*cells):
    encoder = TableEncoder().fit(cells)
    rows = encoder.encode(cells)
    assert rows.values.dtype == np.float32
    assert rows.states.dtype == np.int32
    assert np.abs(rows.values).max(initial=0.0) <= 1.0
    assert (rows.states >= 0).all()
    assert (rows.states < np.array(encoder.layout.block_sizes)).all()
    return encoder.decode(rows)


def numbers_with_gaps(dtype, elements):
    columns = st.integers(1, 120).flatmap(
        lambda n: st.tuples(hnp.arrays(dtype, n, elements=elements), hnp.arrays(bool, n))
    )
    return columns.map(lambda pair: NumericCells(pair[0], pair[1] if pair[1].any() else None))


def assert_same_gaps(cells, decoded):
    if cells.missing is None:
        assert decoded.missing is None
    else:
        assert decoded.missing.tolist() == cells.missing.tolist()


SMALL_INTEGERS = st.integers(0, 2**23 - 1) | st.integers(0, 3)


@given(numbers_with_gaps(np.int64, SMALL_INTEGERS), st.integers(-(2**62), 2**62))
def test_integers_spanning_less_than_two_to_the_23_and_their_gaps_come_back_exactly(cells, offset):
    cells = NumericCells(cells.values + offset, cells.missing)
    (decoded,) = round_trip(cells)
    assert decoded.values.dtype == np.int64
    assert np.array_equal(decoded.present, cells.present)
    assert_same_gaps(cells, decoded)


@given(numbers_with_gaps(np.bool_, st.booleans()))
def test_booleans_and_their_gaps_come_back_exactly(cells):
    (decoded,) = round_trip(cells)
    assert decoded.values.dtype == np.bool_
    assert np.array_equal(decoded.present, cells.present)
    assert_same_gaps(cells, decoded)


@given(numbers_with_gaps(np.float64, st.floats(-1e9, 1e9) | st.sampled_from([0.0, 1.0, 2.5])))
def test_floats_come_back_within_a_millionth_of_the_range_and_their_gaps_exactly(cells):
    (decoded,) = round_trip(cells)
    present = cells.present
    if len(present):
        assert np.abs(decoded.present - present).max() <= MILLIONTH * np.ptp(present)
        assert present.min() <= decoded.present.min() <= decoded.present.max() <= present.max()
    assert_same_gaps(cells, decoded)


@given(st.integers(1, 40).flatmap(lambda k: st.tuples(st.just(k), st.lists(st.integers(-1, k - 1), min_size=1))))
def test_categories_and_their_gaps_come_back_exactly(column):
    n_categories, codes = column
    (decoded,) = round_trip(CategoricalCells(np.array(codes), n_categories))
    assert decoded.codes.tolist() == codes
    assert decoded.n_categories == n_categories


@given(st.integers(1, 60), st.integers(0, 2**32 - 1))
@settings(max_examples=50)
def test_any_encoded_row_decodes_to_what_was_seen(n, seed):
    rng = np.random.default_rng(seed)
    numbers = NumericCells(rng.choice([0.0, 1.5, 7.25], n) * rng.integers(0, 2, n), rng.random(n) < 0.3)
    labels = CategoricalCells(rng.integers(-1, 4, n), 4)
    encoder = TableEncoder().fit([numbers, labels])
    layout = encoder.layout
    states = np.stack([rng.integers(0, size, 30) for size in layout.block_sizes], axis=1).astype(np.int32)
    rows = EncodedRows(rng.uniform(-3, 3, (30, layout.n_values)).astype(np.float32), states)
    again, codes = encoder.decode(rows)
    known = numbers.present
    if len(known) and len(again.present):
        assert known.min() <= again.present.min() <= again.present.max() <= known.max()
    if numbers.missing is None or not numbers.missing.any():
        assert again.missing is None
    assert codes.codes.min() >= (-1 if labels.missing is not None else 0)


def test_values_come_first_and_blocks_by_size_whatever_the_order_of_columns():
    many = CategoricalCells(np.arange(5) % 5, 5)
    numbers = NumericCells(np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    missing = NumericCells(np.array([1.0, 2.0, 3.0, 4.0, 5.0]), np.array([True, False, False, False, False]))
    few = CategoricalCells(np.arange(5) % 2, 2)
    encoder = TableEncoder().fit([many, numbers, missing, few])
    assert encoder.schema.value_of == (None, 0, 1, None)
    assert encoder.schema.block_of == (2, None, 0, 1)
    assert encoder.layout.block_sizes == (2, 2, 5)
    assert encoder.layout.starts == (2, 4, 6)
    assert encoder.layout.width == 11
    assert [(g.start, g.stop, g.size) for g in encoder.layout.groups] == [(2, 6, 2), (6, 11, 5)]


def test_an_ordinary_column_of_numbers_is_a_value_only():
    column = fit_column(NumericCells(RNG.normal(size=200)))
    assert isinstance(column, NumericColumn)
    assert column.frequent == ()
    assert column.n_states == 0


def test_a_spike_is_a_state_and_does_not_take_room_on_the_scale():
    values = np.where(RNG.random(1000) < 0.8, 0.0, RNG.normal(50.0, 5.0, 1000))
    column = fit_column(NumericCells(values))
    assert column.frequent == (0.0,)
    assert column.n_states == 2
    assert column.scale.minimum > 30.0


def test_a_handful_of_distinct_numbers_are_states_only():
    values = np.repeat([0.25, 0.5, 4.0], [100, 50, 7])
    column = fit_column(NumericCells(values))
    assert column.frequent == (0.25, 0.5, 4.0)
    assert not column.has_value
    (decoded,) = round_trip(NumericCells(values))
    assert decoded.values.tolist() == values.tolist()


def test_the_share_of_rows_decides_what_is_frequent():
    values = np.concatenate([np.arange(1000.0), np.full(60, 3.5), np.full(40, 4.5)])
    assert fit_column(NumericCells(values)).frequent == (3.5,)


@pytest.mark.parametrize("n", [1, 4, 9])
def test_values_of_fewer_than_five_rows_are_no_states(n):
    # The rows must not be stored.
    column = fit_column(NumericCells(np.arange(n).astype(float)))
    assert column.frequent == ()


def test_many_distinct_numbers_are_not_all_states():
    values = np.arange(FEW_VALUES + 1).repeat(ROWS_PER_KNOT)
    assert fit_column(NumericCells(values)).frequent == ()
    assert len(fit_column(NumericCells(values[values < FEW_VALUES])).frequent) == FEW_VALUES


def test_a_column_of_missing_values_only():
    missing = np.ones(7, dtype=bool)
    cells = NumericCells(np.zeros(7), missing)
    (decoded,) = round_trip(cells)
    assert decoded.missing.all()
    assert fit_column(cells) == NumericColumn(np.dtype(float), None, (), has_missing=True)
    (labels,) = round_trip(CategoricalCells(np.full(3, -1), 0))
    assert labels.codes.tolist() == [-1] * 3


def test_a_constant_column():
    assert fit_column(NumericCells(np.full(30, 7))).n_states == 0
    (decoded,) = round_trip(NumericCells(np.full(30, 7)))
    assert decoded.values.tolist() == [7] * 30
    assert fit_column(CategoricalCells(np.zeros(3, dtype=np.int64), 1)) == CategoricalColumn(1)


def test_numbers_that_were_not_seen_are_encoded_as_ordinary_or_as_the_nearest_state():
    values = np.repeat([1.0, 2.0, 3.0], 10)
    encoder = TableEncoder().fit([NumericCells(values)])
    rows = encoder.encode([NumericCells(np.array([1.9, 9.0]))])
    assert encoder.decode(rows)[0].values.tolist() == [2.0, 3.0]


def test_links_hold_the_value_of_each_state():
    values = np.concatenate([np.zeros(50), np.linspace(1.0, 9.0, 50)])
    missing = np.arange(100) == 99
    encoder = TableEncoder().fit([NumericCells(values, missing)])
    (link,) = encoder.links
    assert (link.value, link.block) == (0, 0)
    assert link.filling == (0.0, -1.0, 0.0)  # ordinary (not used), the spike at the lower end, missing
    rows = encoder.encode([NumericCells(values, missing)])
    assert rows.values[0, 0] == -1.0
    assert rows.values[99, 0] == 0.0


def test_what_is_stored_are_aggregates():
    n = 500
    columns = [
        NumericCells(RNG.normal(size=n)),
        NumericCells(RNG.integers(0, 10**9, n)),
        CategoricalCells(np.arange(n), n),
    ]
    schema = TableEncoder().fit(columns).schema
    for column in schema.columns[:2]:
        assert len(column.scale.knots) <= n / ROWS_PER_KNOT
        assert len(column.frequent) == 0
    assert schema.columns[2] == CategoricalColumn(n, rare_counts=(1,) * n)


@given(st.integers(1, 30).flatmap(lambda n: st.tuples(*(hnp.arrays(d, n) for d in (np.int16, np.bool_, np.uint8)))))
@settings(max_examples=30)
def test_table_round_trip_keeps_the_order_of_columns(table):
    for decoded, values in zip(round_trip(*map(NumericCells, table)), table, strict=True):
        assert decoded.values.dtype == values.dtype
        assert np.array_equal(decoded.values, values)


def test_number_of_columns_is_checked():
    encoder = TableEncoder().fit([NumericCells(np.arange(3))] * 2)
    with pytest.raises(ValueError, match="zip"):
        encoder.encode([NumericCells(np.arange(3))])


def grid_of(values):
    return fit_column(NumericCells(values)).scale.grid


def test_a_frequent_number_beside_the_grid_does_not_hide_it():
    values = np.concatenate([np.full(50, -999.5), np.arange(100) * 5.0])
    assert fit_column(NumericCells(values)).frequent == (-999.5,)
    assert grid_of(values) == Grid(5)


def test_frequent_numbers_support_the_grid_of_the_others():
    values = np.concatenate([np.repeat(np.arange(18) * 5, 20), [105, 110, 140, 155]])
    assert len(fit_column(NumericCells(values)).frequent) == 18
    assert grid_of(values) == Grid(5)


def test_whole_floats_beside_missing_values_stay_whole():
    # bug: integers beside a missing value are floats in most containers, and came back as 69.123983
    values = RNG.integers(0, 1000, 200).astype(float)
    encoder = TableEncoder().fit([NumericCells(values, RNG.random(200) < 0.1)])
    rows = EncodedRows(RNG.uniform(-1, 1, (500, 1)).astype(np.float32), np.zeros((500, 1), dtype=np.int32))
    (decoded,) = encoder.decode(rows)
    assert (decoded.values == np.rint(decoded.values)).all()
    assert len(set(decoded.values.tolist())) > 100
