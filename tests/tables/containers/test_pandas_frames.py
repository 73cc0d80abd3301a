"""pandas frames: columns of every dtype come back unchanged."""

import datetime as dt
import decimal
import pickle

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st

from wgan_resampler.exceptions import InvalidDataError
from wgan_resampler.tables.columns import CategoricalCells, NumericCells
from wgan_resampler.tables.validation import check_table

NAN = np.nan
BIG = 2**53 + 1


def arrow(kind):
    return pd.ArrowDtype(kind)


def series(cells, dtype=None):
    return pd.Series(cells, dtype=dtype)


def round_trip(column, categorical_features="auto"):
    frame = pd.DataFrame({"a": column})
    table = check_table(frame, categorical_features)
    new = table.format.build(table.cells)
    pd.testing.assert_frame_equal(new, frame.reset_index(drop=True))
    stacked = table.format.stack(frame, new)
    pd.testing.assert_frame_equal(stacked, frame.iloc[[*range(len(frame))] * 2].reset_index(drop=True))
    return table.cells[0], new["a"]


def interval_column():
    return pd.Series(pd.cut([1, 5, 9, 5], [0, 4, 8, 12]))


MOMENTS = ["2020-02-29 01:02:03", None, "1969-12-31 23:59:59", "2020-10-25 01:30:00"]

NUMBERS = {
    **{
        dtype: series([1, 0, 3], dtype)
        for dtype in ["float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32"]
    },
    "uint64": series([1, 2**64 - 1], "uint64"),
    "float32 missing": series([1.5, NAN], "float32"),
    "all missing": series([NAN, NAN], "float64"),
    **{dtype: series([1, None, 3], dtype) for dtype in ["Int8", "Int64", "UInt16", "Float32", "Float64"]},
    "big Int64": series([BIG, None, 2**63 - 1], "Int64"),
    "UInt64": series([None, 2**64 - 1], "UInt64"),
    "all missing Int64": series([None, None], "Int64"),
    "Sparse[float]": series([0.0, NAN, 1.5]).astype(pd.SparseDtype(float, 0.0)),
    "Sparse[float] of NaN": series([0.0, NAN, 1.5]).astype("Sparse[float]"),
    "Sparse[int]": series([0, 2, 0]).astype("Sparse[int]"),
    **{f"M8[{unit}]": series(pd.to_datetime(MOMENTS)).astype(f"M8[{unit}]") for unit in ["s", "ms", "us", "ns"]},
    "tz": series(pd.to_datetime(MOMENTS, utc=True)).dt.tz_convert("Europe/Berlin"),
    "tz in seconds": series(pd.to_datetime(MOMENTS, utc=True)).astype("datetime64[s, America/New_York]"),
    "timedelta": series(pd.to_timedelta([1, None, -5], unit="s")),
    "timedelta in ms": series(pd.to_timedelta([1, None, -5], unit="s")).astype("m8[ms]"),
    "Period[D]": series(pd.PeriodIndex(["2020-02-29", None, "1969-12-31"], freq="D")),
    "Period[Q]": series(pd.PeriodIndex(["2020Q1", None, "1969Q4"], freq="Q")),
    "arrow null": series([None, None], arrow(pa.null())),  # bug: was refused
    "arrow int": series([BIG, None, 3], arrow(pa.int64())),
    "arrow uint8": series([1, None, 3], arrow(pa.uint8())),
    "arrow float": series([1.5, None, 3], arrow(pa.float32())),
    "arrow double, complete": series([1.5, 3], arrow(pa.float64())),
    "arrow date32": series([dt.date(2020, 2, 29), None, dt.date(1969, 12, 31)], arrow(pa.date32())),
    "arrow date64": series([dt.date(2020, 2, 29), None, dt.date(1969, 12, 31)], arrow(pa.date64())),
    "arrow time32": series([dt.time(1, 2, 3), None], arrow(pa.time32("s"))),
    "arrow time64": series([dt.time(1, 2, 3, 4), None], arrow(pa.time64("us"))),
    "arrow duration": series([dt.timedelta(1), None, -dt.timedelta(2)], arrow(pa.duration("ms"))),
    "arrow timestamp": series([dt.datetime(2020, 2, 29, 1), None], arrow(pa.timestamp("us"))),
    "arrow timestamp tz": series(
        [dt.datetime(2020, 2, 29, 1, tzinfo=dt.UTC), None], arrow(pa.timestamp("ns", "Europe/Berlin"))
    ),
    "arrow decimal": series(
        [decimal.Decimal("0.29"), None, decimal.Decimal("-12345678901234.57")], arrow(pa.decimal128(20, 2))
    ),
}

CATEGORIES = {
    "bool": series([True, False, True]),
    "boolean": series([True, None, False], "boolean"),
    "string[python]": series(["u", None, "", "u"], "string[python]"),
    "string[pyarrow]": series(["u", None, "", "u"], "string[pyarrow]"),
    "str": series(["u", "v", ""]).astype("str"),
    "default dtype of strings": series(["u", None, "v"]),
    "object strings": series(["u", "", "u"], object),
    "object and None": series(["u", None, "v"], object),
    "object and NaN": series(["u", NAN, "v"], object),
    "object and NA": series([pd.NA, "v"], object),
    "mixed objects": series(["u", 3, None, 2.5, (1, 2), dt.date(2020, 1, 1)], object),
    "all missing objects": series([None, None], object),
    "category": series(["v", None, "u"]).astype(pd.CategoricalDtype(["w", "v", "u"])),
    "ordered category": series(["v", None, "u"]).astype(pd.CategoricalDtype(["w", "v", "u"], ordered=True)),
    "category of integers": series([3, 1, None]).astype(pd.CategoricalDtype([3, 2, 1])),
    "category of floats": series([0.5, NAN]).astype("category"),
    "category of dates": series(pd.to_datetime(["2020-01-02", None, "2019-01-02"])).astype("category"),
    "category of bools": series([True, False, None]).astype(pd.CategoricalDtype([True, False])),
    "category of intervals": interval_column(),
    "category without rows": series([None, None]).astype(pd.CategoricalDtype(["u"])),
    "Sparse[bool]": series(pd.arrays.SparseArray([True, False, False])),
    "arrow bool": series([True, None, False], arrow(pa.bool_())),
    "arrow string": series(["u", None, "v"], arrow(pa.string())),
    "arrow large string": series(["u", None, "v"], arrow(pa.large_string())),
}

CHOSEN = {
    "float": series([1.5, NAN, 0.5, 1.5]),
    "int": series([3, BIG, 3]),
    "Int64": series([BIG, None, 3], "Int64"),
    "Sparse[float]": series([0.0, NAN, 1.5, 1.5]).astype(pd.SparseDtype(float, 0.0)),
    "datetime": series(pd.to_datetime(MOMENTS)),
    "tz": series(pd.to_datetime(MOMENTS, utc=True)).dt.tz_convert("Europe/Berlin"),
    "timedelta": series(pd.to_timedelta([1, None, -5], unit="s")),
    "Period": series(pd.PeriodIndex(["2020-02", None, "1969-12"], freq="M")),
    "Interval": series(interval_column().array.astype("interval[int64]")),
    "arrow date": series([dt.date(2020, 2, 29), None], arrow(pa.date32())),
    "arrow decimal": series([decimal.Decimal("0.29"), None], arrow(pa.decimal128(5, 2))),
    "object dates": series([dt.date(2020, 2, 29), None], object),
}


@pytest.mark.parametrize("column", NUMBERS.values(), ids=NUMBERS)
def test_columns_of_numbers(column):
    cells, _ = round_trip(column)
    assert isinstance(cells, NumericCells)
    assert (np.zeros(len(column), dtype=bool) if cells.missing is None else cells.missing).tolist() == (
        column.isna().tolist()
    )


@pytest.mark.parametrize("column", CATEGORIES.values(), ids=CATEGORIES)
def test_columns_of_categories(column):
    cells, new = round_trip(column)
    assert isinstance(cells, CategoricalCells)
    assert (cells.codes < 0).tolist() == column.isna().tolist()
    assert cells.n_categories == column.nunique()
    assert [type(cell) for cell in new] == [type(cell) for cell in column]


@pytest.mark.parametrize("column", CHOSEN.values(), ids=CHOSEN)
def test_any_column_may_be_named_as_categories(column):
    cells, _ = round_trip(column, ["a"])
    assert isinstance(cells, CategoricalCells)
    assert cells.n_categories == column.nunique()


@pytest.mark.parametrize(
    "column",
    [
        series([BIG, None, 3], object),
        series([1, NAN, 3], object),
        series([0.5, pd.NA, 3.0], object),
        series([True, False], object),
        series([None, None], object),
    ],
)
def test_objects_that_are_numbers(column):
    cells, new = round_trip(column, [])
    assert isinstance(cells, NumericCells)
    assert [(type(cell), str(cell)) for cell in new] == [(type(cell), str(cell)) for cell in column]


@pytest.mark.parametrize("dtype", ["bool", "boolean", "bool[pyarrow]", "Sparse[bool]"])
def test_bools_left_out_of_the_categories_are_numbers(dtype):
    column = series([True, False, True]).astype(dtype)
    cells, _ = round_trip(column, [])
    assert cells.values.dtype == bool
    if dtype in ("boolean", "bool[pyarrow]"):
        round_trip(series([True, None, False], dtype), [])


def test_a_dictionary_of_arrow_holds_categories():
    column = series(["u", None, "v", "u"], arrow(pa.dictionary(pa.int32(), pa.string())))
    cells, _ = round_trip(column)
    assert cells.codes.tolist() == [0, -1, 1, 0]


def test_codes_are_in_order_of_appearance_whatever_the_order_of_categories():
    for column in CATEGORIES.values():
        codes = round_trip(column)[0].codes
        seen = codes[codes >= 0]
        assert list(dict.fromkeys(seen.tolist())) == list(range(column.nunique()))


def test_categories_without_rows_are_never_built_but_stay_in_the_dtype():
    frame = pd.DataFrame({"a": series(["v", "u"]).astype(pd.CategoricalDtype(["w", "v", "u"], ordered=True))})
    table = check_table(frame)
    (cells,) = table.cells
    assert cells.n_categories == 2
    new = table.format.build([CategoricalCells(np.array([0, 1, 1]), 2)])
    assert new["a"].tolist() == ["v", "u", "u"]
    assert new["a"].dtype == frame["a"].dtype


def test_integers_beyond_2_to_the_53_do_not_pass_through_floats():
    for name in ("big Int64", "arrow int"):
        cells, _ = round_trip(NUMBERS[name])
        assert cells.values.dtype == np.int64
        assert cells.values[0] == BIG


def test_dates_are_whole_numbers_of_their_unit():
    assert round_trip(series(pd.to_datetime(["1970-01-02"])).astype("M8[s]"))[0].values.tolist() == [86400]
    assert round_trip(series([dt.date(1970, 1, 3)], arrow(pa.date32())))[0].values.tolist() == [2]
    assert round_trip(series(pd.PeriodIndex(["1970-03"], freq="M")))[0].values.tolist() == [2]
    assert round_trip(series([decimal.Decimal("1.25")], arrow(pa.decimal128(5, 2))))[0].values.tolist() == [125]


@pytest.mark.parametrize(
    "columns",
    [
        pd.Index(["u", "v"], name="measure"),
        pd.RangeIndex(2),
        pd.Index([7, 5]),
        pd.MultiIndex.from_tuples([("u", 1), ("u", 2)], names=["group", "number"]),
    ],
)
def test_labels_of_columns_stay(columns):
    frame = pd.DataFrame([[0, 1.5], [2, 3.5]], columns=columns)
    table = check_table(frame)
    new = table.format.build(table.cells)
    for each in (new, table.format.stack(frame, new), table.format.take(frame, np.arange(len(frame)))):
        pd.testing.assert_index_equal(each.columns, columns)


def test_a_column_of_several_levels_is_named_by_its_tuple():
    frame = pd.DataFrame([[0, 1.5]], columns=pd.MultiIndex.from_tuples([("u", "x"), ("u", "y")]))
    assert isinstance(check_table(frame, [("u", "y")]).cells[1], CategoricalCells)


@pytest.mark.parametrize("dtype", [np.int64, np.int8, np.float64])
def test_bug_numbers_as_names_were_shown_as_objects_of_numpy(dtype):
    frame = pd.DataFrame([["u", 1.0]], columns=pd.Index([3, 19]).astype(dtype))
    three = repr(dtype(3).item())
    assert check_table(frame).format.label(0) == three
    for wrong in (frame, pd.DataFrame([[np.inf, 1.0]], columns=frame.columns)):
        with pytest.raises(InvalidDataError, match=f"[Cc]olumn {three} "):
            check_table(wrong, [])


@pytest.mark.parametrize("index", [pd.RangeIndex(3), pd.RangeIndex(5, 8, name="id"), pd.RangeIndex(9, 0, -3)])
def test_bug_a_range_as_index_began_again(index):
    frame = pd.DataFrame({"a": [1, 2, 3]}, index=index)
    form = check_table(frame).format
    stacked = form.stack(frame, form.build(check_table(frame).cells))
    expected = pd.RangeIndex(index.start, index.start + 6 * index.step, index.step, name=index.name)
    pd.testing.assert_index_equal(stacked.index, expected, exact=True)
    pd.testing.assert_index_equal(stacked.index[:3], index, exact=True)
    pd.testing.assert_index_equal(form.stack(frame["a"], frame["a"]).index, expected, exact=True)
    pd.testing.assert_index_equal(form.stack(frame, frame[:0]).index, index, exact=True)


def test_bug_the_attributes_were_lost():
    frame = pd.DataFrame({"a": [1, 2, 3]})
    frame.attrs = {"source": ["field book"]}
    form = check_table(frame).format
    stacked = form.stack(frame, form.build(check_table(frame).cells))
    assert stacked.attrs == {"source": ["field book"]}
    stacked.attrs["source"].append("synthetic")
    assert frame.attrs == {"source": ["field book"]}


def test_an_index_that_is_no_range_is_dropped():
    frame = pd.DataFrame({"a": [1, 2, 3]}, index=[5, 5, 9])
    table = check_table(frame)
    for each in (
        table.format.stack(frame, table.format.build(table.cells)),
        table.format.take(frame, np.arange(len(frame))),
    ):
        assert each.index.tolist() == list(range(len(each)))
    assert frame.index.tolist() == [5, 5, 9]


def test_nothing_shares_memory_with_the_frame():
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0], "c": ["u", "v"]})
    table = check_table(frame)
    new = table.format.build(table.cells)
    for own in (new, table.format.take(frame, np.arange(len(frame))), table.format.stack(frame, new)):
        assert not np.shares_memory(own["a"].to_numpy(), frame["a"].to_numpy())
        own.iloc[0, 0], own.iloc[0, 2] = 99, "w"
    assert frame["a"].tolist() == [1.0, 2.0]
    assert frame["c"].tolist() == ["u", "v"]


def test_no_new_rows():
    frame = pd.DataFrame({"a": [1, 2], "b": ["u", "v"], "c": pd.Categorical(["x", "y"])})
    table = check_table(frame)
    codes = CategoricalCells(np.zeros(0, dtype=np.int64), 2)
    none = table.format.build([NumericCells(np.zeros(0, dtype=np.int64)), codes, codes])
    pd.testing.assert_frame_equal(table.format.stack(frame, none), frame)


def test_formats_are_pickled_and_hold_no_rows():
    frame = pd.DataFrame({name: column.iloc[[0, 1]] for name, column in CATEGORIES.items()})
    table = check_table(frame)
    copy = pickle.loads(pickle.dumps(table.format))
    pd.testing.assert_frame_equal(copy.build(table.cells), table.format.build(table.cells))
    many = check_table(pd.DataFrame({"a": np.arange(1e4), "b": ["u", "v"] * 5000}))
    assert len(pickle.dumps(many.format)) < 5000


# Without NUL: pandas 2 ends a string there when it looks for equal ones.
TEXTS = st.text("aß€ ,'", max_size=3)

COLUMNS = {
    "float32": st.floats(width=32, allow_infinity=False),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "Int64": st.none() | st.integers(-(2**63), 2**63 - 1),
    "boolean": st.none() | st.booleans(),
    "string": st.none() | TEXTS,
    "object": st.none() | TEXTS | st.integers(),
    "datetime64[us]": st.none() | st.datetimes(),
    "category": st.none() | st.sampled_from(["u", "v", "w"]),
}


@settings(deadline=None)
@given(st.data(), st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=4), st.integers(1, 6))
def test_frames_of_any_columns_round_trip(data, dtypes, n):
    cells = [data.draw(st.lists(COLUMNS[dtype], min_size=n, max_size=n)) for dtype in dtypes]
    frame = pd.DataFrame({f"c{j}": pd.Series(each, dtype=dtypes[j]) for j, each in enumerate(cells)})
    table = check_table(frame)
    pd.testing.assert_frame_equal(table.format.build(table.cells), frame)


ZONED = ["datetime64[us, {0}]", "timestamp[us, tz={0}][pyarrow]"]
# In Berlin, clocks go from 3 back to 2 in October, and from 2 to 3 in March. In Sao Paulo, the day began at 1 o'clock.
# Samoa skipped a whole day.
SET = [
    ("Europe/Berlin", "2024-10-27 02:30", "2024-10-27 00:30+00:00"),
    ("Europe/Berlin", "2024-03-31 02:30", "2024-03-31 01:30+00:00"),
    ("America/Sao_Paulo", "2017-10-15 00:00", "2017-10-15 03:00+00:00"),
    ("Pacific/Apia", "2011-12-30 12:00", "2011-12-30 22:00+00:00"),
    ("UTC", "2024-10-27 02:30", "2024-10-27 02:30+00:00"),
]


@pytest.mark.parametrize("dtype", ZONED)
@pytest.mark.parametrize(("zone", "time", "moment"), SET)
def test_times_of_a_zone_are_those_of_its_clocks(dtype, zone, time, moment):
    # bug: in UTC, days of a zone with daylight saving time are whole hours, so generated days began at any hour
    days = pd.Series(pd.date_range("2024-01-01", periods=300)).dt.as_unit("us")
    table = check_table(pd.DataFrame({"a": days.dt.tz_localize(zone).astype(dtype.format(zone))}))
    assert table.cells[0].values.tolist() == days.array.asi8.tolist()
    made = NumericCells(pd.DatetimeIndex([time, time]).as_unit("us").asi8, np.array([False, True]))
    (new, missing) = table.format.build([made])["a"]
    assert new == pd.Timestamp(moment)
    assert pd.isna(missing)


@pytest.mark.parametrize("dtype", ZONED)
def test_midnights_that_come_twice_are_kept_apart(dtype):
    # In Havana, clocks go from 1 back to 0 in November.
    second = pd.to_datetime(series(["2024-11-03 05:00", "2024-11-02 04:00"]), utc=True).dt.as_unit("us")
    cells, _ = round_trip(second.astype(dtype.format("America/Havana")))
    assert cells.values.tolist() == second.array.asi8.tolist()
