"""polars frames: columns of every dtype come back unchanged."""

import datetime as dt
import pickle
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings, strategies as st
from polars.testing import assert_frame_equal

from wgan_resampler.exceptions import InvalidDataError
from wgan_resampler.tables.columns import CategoricalCells, NumericCells
from wgan_resampler.tables.validation import check_table

NAN = float("nan")
BIG = 2**53 + 1
NOW = dt.datetime(2020, 2, 29, 1, 2, 3, 4000)


def round_trip(column, categorical_features="auto"):
    frame = pl.DataFrame({"a": column})
    table = check_table(frame, categorical_features)
    new = table.format.build(table.cells)
    assert_frame_equal(new, frame)
    assert_frame_equal(table.format.stack(frame, new), frame[[*range(len(frame))] * 2])
    return table.cells[0]


def missing_of(column):
    nan = column.is_nan() if column.dtype.is_float() else pl.Series([False] * len(column))
    return (nan.fill_null(True) | column.is_null()).to_list()


INTEGERS = [pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64]

NUMBERS = {
    **{str(dtype): pl.Series([1, 0, None, 3], dtype=dtype) for dtype in [*INTEGERS, pl.Float32, pl.Float64]},
    **{f"{dtype}, complete": pl.Series([1, 0, 3], dtype=dtype) for dtype in [*INTEGERS, pl.Float32]},
    "big": pl.Series([BIG, None, 2**63 - 1]),
    "big UInt64": pl.Series([2**64 - 1, None], dtype=pl.UInt64),
    "NaN": pl.Series([0.5, NAN, 1.5]),
    "NaN Float32": pl.Series([0.5, NAN, 1.5], dtype=pl.Float32),
    "all null": pl.Series([None, None], dtype=pl.Int16),
    "all NaN": pl.Series([NAN, NAN]),
    "Null": pl.Series([None, None]),  # bug: was refused
    "Date": pl.Series([dt.date(2020, 2, 29), None, dt.date(1969, 12, 31)]),
    **{unit: pl.Series([NOW, None], dtype=pl.Datetime(unit)) for unit in ["ms", "us", "ns"]},
    "tz": pl.Series([NOW, None], dtype=pl.Datetime("us")).dt.replace_time_zone("Europe/Berlin"),
    **{f"Duration {u}": pl.Series([dt.timedelta(-1, 5), None], dtype=pl.Duration(u)) for u in ["ms", "us", "ns"]},
    "Time": pl.Series([dt.time(1, 2, 3, 4), None]),
    "Decimal": pl.Series([Decimal("0.29"), None, Decimal("-12345678901234.57")], dtype=pl.Decimal(20, 2)),
}
if hasattr(pl, "Int128"):  # since polars 1.18
    NUMBERS["Int128"] = pl.Series([BIG, None, -(2**63)], dtype=pl.Int128)

CATEGORIES = {
    "String": pl.Series(["u", None, "", "u"]),
    "Boolean": pl.Series([True, None, False]),
    "Boolean, complete": pl.Series([False, True]),
    "Categorical": pl.Series(["v", None, "u", "v"], dtype=pl.Categorical),
    "Enum": pl.Series(["v", None, "u"], dtype=pl.Enum(["w", "v", "u"])),
    "all null": pl.Series([None, None], dtype=pl.String),
    "all null Categorical": pl.Series([None, None], dtype=pl.Categorical),
    "all null Enum": pl.Series([None, None], dtype=pl.Enum(["u"])),
}


@pytest.mark.parametrize("column", NUMBERS.values(), ids=NUMBERS)
def test_columns_of_numbers(column):
    cells = round_trip(column)
    assert isinstance(cells, NumericCells)
    missing = np.zeros(len(column), dtype=bool) if cells.missing is None else cells.missing
    assert missing.tolist() == missing_of(column)


@pytest.mark.parametrize("column", CATEGORIES.values(), ids=CATEGORIES)
def test_columns_of_categories(column):
    cells = round_trip(column)
    assert isinstance(cells, CategoricalCells)
    assert (cells.codes < 0).tolist() == column.is_null().to_list()
    assert cells.n_categories == column.drop_nulls().n_unique()
    seen = cells.codes[cells.codes >= 0].tolist()
    assert list(dict.fromkeys(seen)) == list(range(cells.n_categories))


@pytest.mark.parametrize("column", NUMBERS.values(), ids=NUMBERS)
def test_any_column_may_be_named_as_categories(column):
    cells = round_trip(column, ["a"])
    assert isinstance(cells, CategoricalCells)
    assert (cells.codes < 0).tolist() == missing_of(column)


def test_booleans_left_out_of_the_categories_are_numbers():
    for name in ("Boolean", "Boolean, complete"):
        assert round_trip(CATEGORIES[name], []).values.dtype == bool


def test_a_column_of_both_nulls_and_nans_comes_back_with_nulls():
    table = check_table(pl.DataFrame({"a": [1.0, NAN, None]}))
    assert table.format.build(table.cells)["a"].to_list() == [1.0, None, None]


def test_integers_beyond_2_to_the_53_do_not_pass_through_floats():
    cells = round_trip(NUMBERS["big"])
    assert cells.values.dtype == np.int64
    assert cells.present.tolist() == [BIG, 2**63 - 1]


def test_dates_and_decimals_are_whole_numbers_of_their_unit():
    assert round_trip(pl.Series([dt.date(1970, 1, 3)])).values.tolist() == [2]
    assert round_trip(pl.Series([dt.timedelta(seconds=2)], dtype=pl.Duration("ms"))).values.tolist() == [2000]
    assert round_trip(pl.Series([Decimal("1.25")], dtype=pl.Decimal(5, 2))).values.tolist() == [125]


def test_categories_without_rows_are_never_built_but_stay_in_the_dtype():
    frame = pl.DataFrame({"a": pl.Series(["v", "u"], dtype=pl.Enum(["w", "v", "u"]))})
    table = check_table(frame)
    new = table.format.build([CategoricalCells(np.array([0, 1, 1]), 2)])
    assert new["a"].to_list() == ["v", "u", "u"]
    assert new.schema == frame.schema


def test_names_and_order_of_columns_stay():
    frame = pl.DataFrame({"z": [1], "": ["u"], "a b": [True]})
    table = check_table(frame)
    assert table.format.build(table.cells).columns == ["z", "", "a b"]
    assert [type(cells) for cells in table.cells] == [NumericCells, CategoricalCells, CategoricalCells]


def test_nothing_shares_memory_with_the_frame():
    frame = pl.DataFrame({"a": [1.0, 2.0], "b": [3, 4]})
    table = check_table(frame)
    new = table.format.build(table.cells)
    for own in (new, table.format.take(frame, np.arange(len(frame))), table.format.stack(frame, new)):
        own[0, "a"] = 99.0
        own[0, "b"] = 99
    assert frame.rows() == [(1.0, 3), (2.0, 4)]


def test_slices_and_chunks_are_read_whole():
    frame = pl.concat([pl.DataFrame({"a": [1, None], "b": ["u", None]})] * 2, rechunk=False)[1:]
    table = check_table(frame)
    assert_frame_equal(table.format.build(table.cells), frame)


def test_no_new_rows():
    frame = pl.DataFrame({"a": [1, 2], "b": ["u", "v"], "c": [0.5, NAN]})
    table = check_table(frame)
    none = table.format.build(
        [
            NumericCells(np.zeros(0, dtype=np.int64)),
            CategoricalCells(np.zeros(0, dtype=np.int64), 2),
            NumericCells(np.zeros(0)),
        ]
    )
    assert_frame_equal(table.format.stack(frame, none), frame)


def test_formats_are_pickled():
    frame = pl.DataFrame({name: column.head(2) for name, column in CATEGORIES.items()})
    table = check_table(frame)
    built = pickle.loads(pickle.dumps(table.format)).build(table.cells)
    assert built.rows() == frame.rows()
    assert built.schema == frame.schema


@pytest.mark.parametrize(
    ("column", "fragment"),
    [
        (pl.Series([[1, 2], [3]]), r"Column 'a' is of dtype List\(Int64\), .*: row 0 holds \[1, 2\]. Drop the column"),
        (pl.Series([[1], [3]], dtype=pl.Array(pl.Int64, 1)), "dtype Array"),
        (pl.Series([{"u": 1}]), r"dtype Struct.*row 0 holds \{'u': 1\}"),
        (pl.Series([b"u"]), "dtype Binary.*row 0 holds b'u'"),
        (pl.Series([object()], dtype=pl.Object), "dtype Object"),
    ],
)
@pytest.mark.parametrize("categorical_features", ["auto", ["a"]])
def test_dtypes_that_are_refused(column, fragment, categorical_features):
    with pytest.raises(InvalidDataError, match=fragment):
        check_table(pl.DataFrame({"a": column}), categorical_features)


@pytest.mark.parametrize(
    ("column", "fragment"),
    [
        (pl.Series([None, "u"]), "Column 'a' does not hold numbers but is of dtype String: row 1 holds 'u'"),
        (pl.Series(["v"], dtype=pl.Categorical), "dtype Categorical.*: row 0 holds 'v'.*categorical_features"),
        (pl.Series(["v"], dtype=pl.Enum(["v"])), r"dtype Enum\(.*: row 0 holds 'v'"),
        (pl.Series([Decimal(1), Decimal(10**20)], dtype=pl.Decimal(30, 2)), "more than 64 bits: row 1 holds 1000000"),
    ],
)
def test_columns_that_are_no_numbers(column, fragment):
    with pytest.raises(InvalidDataError, match=fragment):
        check_table(pl.DataFrame({"a": column}), [])


@pytest.mark.skipif(not hasattr(pl, "Int128"), reason="polars before 1.18")
def test_integers_of_128_bits_are_refused_where_they_are_longer_than_64():
    with pytest.raises(InvalidDataError, match="more than 64 bits: row 1 holds 1267650600228229401496703205376"):
        check_table(pl.DataFrame({"a": pl.Series([None, 2**100], dtype=pl.Int128)}))


TEXTS = st.text("aß€\0 ,'", max_size=3)

COLUMNS = {
    pl.Float32: st.floats(width=32, allow_infinity=False, allow_nan=False) | st.none(),
    pl.Float64: st.floats(allow_infinity=False),
    pl.Int64: st.none() | st.integers(-(2**63), 2**63 - 1),
    pl.UInt8: st.none() | st.integers(0, 255),
    pl.Boolean: st.none() | st.booleans(),
    pl.String: st.none() | TEXTS,
    pl.Categorical: st.none() | st.sampled_from(["u", "v", "w"]),
    pl.Datetime("us"): st.none() | st.datetimes(),
    pl.Date: st.none() | st.dates(),
}


@settings(deadline=None)
@given(st.data(), st.lists(st.sampled_from(list(COLUMNS)), min_size=1, max_size=4), st.integers(1, 6))
def test_frames_of_any_columns_round_trip(data, dtypes, n):
    cells = [data.draw(st.lists(COLUMNS[dtype], min_size=n, max_size=n)) for dtype in dtypes]
    frame = pl.DataFrame([pl.Series(f"c{j}", each, dtype=dtypes[j]) for j, each in enumerate(cells)])
    table = check_table(frame)
    assert_frame_equal(table.format.build(table.cells), frame)


@pytest.mark.parametrize(
    ("zone", "time", "moment"),
    [
        ("Europe/Berlin", dt.datetime(2024, 10, 27, 2, 30), dt.datetime(2024, 10, 27, 0, 30)),  # there are two
        ("Europe/Berlin", dt.datetime(2024, 3, 31, 2, 30), dt.datetime(2024, 3, 31, 1, 30)),  # there is none
        ("Pacific/Apia", dt.datetime(2011, 12, 30, 12), dt.datetime(2011, 12, 30, 22)),
        ("UTC", dt.datetime(2024, 10, 27, 2, 30), dt.datetime(2024, 10, 27, 2, 30)),
    ],
)
def test_times_of_a_zone_are_those_of_its_clocks(zone, time, moment):
    # bug: in UTC, days of a zone with daylight saving time are whole hours, so generated days began at any hour
    days = pl.Series([dt.datetime(2024, month, 1) for month in range(1, 13)], dtype=pl.Datetime("us"))
    table = check_table(pl.DataFrame({"a": days.dt.replace_time_zone(zone)}))
    assert table.cells[0].values.tolist() == days.to_physical().to_list()
    counts = np.repeat(np.array([time], dtype="M8[us]").astype(np.int64), 2)
    new = table.format.build([NumericCells(counts, np.array([False, True]))])["a"]
    assert new.dtype == pl.Datetime("us", zone)
    assert new.dt.convert_time_zone("UTC").dt.replace_time_zone(None).to_list() == [moment, None]
