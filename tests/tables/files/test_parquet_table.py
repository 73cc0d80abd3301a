"""Parquet files: their columns, and copies in which the original rows are unchanged."""

import datetime
import decimal
import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from wgan_resampler.exceptions import DataFileError
from wgan_resampler.tables.files.new_rows import NewRows
from wgan_resampler.tables.files.table_files import open_table

SAFE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def read(folder, table, *columns, **options):
    pq.write_table(table, folder / "x.parquet", **options)
    return open_table(folder / "x.parquet", *columns)


def copied(file, donors=(0,), features=None):
    donors = np.array(donors, dtype=np.intp)
    rows = file.frame.drop(columns=["t", "is_synthetic"], errors="ignore") if features is None else features
    out = io.BytesIO()
    file.write_with(out, NewRows(rows.take(donors).reset_index(drop=True), "t", donors))
    return pq.ParquetFile(out).read()


def integers(bits, sign):
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if sign else (0, 2**bits - 1)
    return st.integers(low, high)


TIMES = {"s": 1, "ms": 1000, "us": 10**6, "ns": 10**9}
TYPES = [
    *[(getattr(pa, f"int{bits}")(), integers(bits, True)) for bits in (8, 16, 32, 64)],
    *[(getattr(pa, f"uint{bits}")(), integers(bits, False)) for bits in (8, 16, 32, 64)],
    (pa.float64(), st.floats()),
    (pa.float32(), st.floats(width=32)),
    (pa.bool_(), st.booleans()),
    (pa.string(), st.text(max_size=5)),
    (pa.large_string(), st.text(max_size=5)),
    (pa.binary(), st.binary(max_size=5)),
    (pa.large_binary(), st.binary(max_size=5)),
    (pa.binary(2), st.binary(min_size=2, max_size=2)),
    (pa.string_view(), st.text(max_size=5)),
    (pa.binary_view(), st.binary(max_size=5)),
    (pa.dictionary(pa.int8(), pa.string()), st.sampled_from(["a", "b", "01"])),
    (pa.dictionary(pa.int32(), pa.string(), ordered=True), st.sampled_from(["low", "high"])),
    (pa.dictionary(pa.int16(), pa.int64()), st.sampled_from([1, 2**60])),
    (pa.decimal128(9, 2), st.decimals(-1000, 1000, places=2)),
    (pa.date32(), st.dates(datetime.date(1900, 1, 1), datetime.date(2200, 1, 1))),
    (pa.date64(), st.dates(datetime.date(1900, 1, 1), datetime.date(2200, 1, 1))),
    *[(pa.time32(unit), st.integers(0, 86_400 * TIMES[unit] - 1)) for unit in ("s", "ms")],
    *[(pa.time64(unit), st.integers(0, 86_400 * TIMES[unit] - 1)) for unit in ("us", "ns")],
    *[(pa.timestamp(unit), st.integers(0, 10**9 * TIMES[unit])) for unit in TIMES],
    (pa.timestamp("us", "Europe/Berlin"), st.integers(0, 10**15)),
    *[(pa.duration(unit), st.integers(0, 10**6)) for unit in TIMES],
    (pa.null(), st.none()),
]


@st.composite
def tables(draw):
    """Draw a table with columns of all types. The target is a column of strings without missing values."""
    n_rows = draw(st.integers(1, 6))
    fields, arrays = [], []
    for number in range(draw(st.integers(1, 4))):
        kind, values = draw(st.sampled_from(TYPES))
        nullable = pa.types.is_null(kind) or draw(st.booleans())
        cells = draw(st.lists(st.none() | values if nullable else values, min_size=n_rows, max_size=n_rows))
        metadata = draw(st.sampled_from([None, {"unit": "cm"}]))
        fields.append(pa.field(draw(st.sampled_from(["a", f"x{number}"])), kind, nullable=nullable, metadata=metadata))
        arrays.append(pa.array(cells, kind))
    schema = pa.schema([*fields, pa.field("t", pa.string())], metadata=draw(st.sampled_from([None, {"made by": "me"}])))
    target = draw(st.lists(st.sampled_from(["x", "01", "NA"]), min_size=n_rows, max_size=n_rows))
    return pa.Table.from_arrays([*arrays, pa.array(target)], schema=schema)


def shown(column):
    return list(map(repr, column.to_pylist()))


@given(tables())
@SAFE
def test_the_original_rows_are_copied_in_value_type_and_metadata(tmp_path, table):
    file = read(tmp_path, table, "t")
    stored = pq.ParquetFile(tmp_path / "x.parquet").read()
    copy = copied(file, [0, table.num_rows - 1])
    n_columns = table.num_columns
    for j in range(n_columns):
        original = copy.column(j).slice(0, table.num_rows)
        assert original.type == stored.column(j).type
        assert shown(original) == shown(stored.column(j))
        assert copy.field(j).metadata == stored.field(j).metadata
        # The new rows are those that they were made from. NaN is a missing value there.
        made, found = shown(stored.column(j)), copy.column(j).slice(table.num_rows)
        assert ["None" if text == "nan" else text for text in (made[0], made[-1])] == shown(found)
    assert (copy.schema.metadata or {}) == (stored.schema.metadata or {})
    assert copy.column(n_columns).to_pylist() == [False] * table.num_rows + [True] * 2


def test_an_index_that_pandas_stored_is_no_feature_and_goes_on(tmp_path):
    frame = pd.DataFrame({"x": [1.5, 2.5], "t": ["a", "b"]}, index=pd.Index([7, 3], name="track"))
    file = read(tmp_path, pa.Table.from_pandas(frame), "t")
    assert list(file.frame.columns) == ["x", "t"]
    assert copied(file).to_pandas().index.tolist() == [7, 3, 8]
    named = frame.set_index(pd.Index(["u", "v"], name="track"))
    copy = copied(read(tmp_path, pa.Table.from_pandas(named), "t")).to_pandas()
    assert copy.index.tolist()[:2] == ["u", "v"]
    assert copy.index.isna().tolist() == [False, False, True]


def test_a_range_that_pandas_stored_goes_on(tmp_path):
    frame = pd.DataFrame({"x": [1.5, 2.5], "t": ["a", "b"]}, index=pd.RangeIndex(10, 14, 2, name="track"))
    copy = copied(read(tmp_path, pa.Table.from_pandas(frame), "t")).to_pandas()
    assert copy.index.equals(pd.RangeIndex(10, 16, 2))
    assert copy.index.name == "track"


def test_identifiers_keep_type_and_digits_beside_missing_values(tmp_path):
    table = pa.table({"x": pa.array([2**53 + 1, None], pa.int64()), "t": ["a", "b"]})
    file = read(tmp_path, table, "t")
    assert file.frame["x"].tolist()[0] == 2**53 + 1
    assert copied(file).column("x").to_pylist() == [2**53 + 1, None, 2**53 + 1]


def test_integers_that_new_rows_lack_stay_integers_for_pandas(tmp_path):
    frame = pd.DataFrame({"group": [2**53 + 1, 2], "seen": [True, False], "x": [0.5, 1.5], "t": ["a", "b"]})
    file = read(tmp_path, pa.Table.from_pandas(frame), "t")
    out = io.BytesIO()
    file.write_with(out, NewRows(frame[["x"]].take([0]), "t", np.array([0])))
    copy = pd.read_parquet(out)
    assert copy["group"].tolist() == [2**53 + 1, 2, pd.NA]
    assert copy["seen"].tolist() == [True, False, pd.NA]


@pytest.mark.parametrize(
    "column",
    [
        pa.array([[1.0], [2.0]]),
        pa.array([{"u": 1}, {"u": 2}]),
        pa.array([[("u", 1)], []], pa.map_(pa.string(), pa.int64())),
        pa.array([[1, 2], [3, 4]], pa.list_(pa.int64(), 2)),
    ],
)
def test_values_of_several_parts_are_refused(tmp_path, column):
    with pytest.raises(DataFileError, match="column 'x' holds nested values"):
        read(tmp_path, pa.table({"x": column, "t": ["a", "b"]}), "t")


def test_columns_of_one_name_stay(tmp_path):
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2]), pa.array(["a"])], names=["x", "x", "t"])
    file = read(tmp_path, table, "t")
    assert list(file.frame.columns) == ["x", "x.1", "t"]
    assert copied(file).column_names == ["x", "x", "t", "is_synthetic"]


def test_the_packing_stays(tmp_path):
    table = pa.table({"x": np.zeros(1000), "t": ["a"] * 1000})
    for packing in ("gzip", "zstd", "none"):
        out = io.BytesIO()
        file = read(tmp_path, table, "t", compression=packing)
        file.write_with(out, NewRows(file.frame[["x"]].take([]), "t", np.empty(0, np.intp)))
        found = pq.ParquetFile(out).metadata.row_group(0).column(0).compression.lower()
        assert found == packing.replace("none", "uncompressed")


def test_decimals_and_dates_are_numbers(tmp_path):
    table = pa.table(
        {
            "price": pa.array([decimal.Decimal("1.10"), decimal.Decimal("2.25")]),
            "day": pa.array([datetime.date(2020, 1, 1), datetime.date(2020, 1, 9)]),
            "t": ["a", "b"],
        }
    )
    file = read(tmp_path, table, "t")
    from wgan_resampler.tables import NumericCells, check_table

    assert all(isinstance(cells, NumericCells) for cells in check_table(file.frame[["price", "day"]]).cells)


@pytest.mark.parametrize(
    "about", [b"", b"{", b"[]", b'{"index_columns": 3, "columns": []}', b'{"index_columns": [[1]], "columns": [7]}']
)
def test_damaged_notes_of_pandas_are_left_alone(tmp_path, about):
    table = pa.table({"x": [1.5, 2.5], "t": ["a", "b"]}).replace_schema_metadata({"pandas": about})
    assert copied(read(tmp_path, table, "t")).column("x").to_pylist() == [1.5, 2.5, 1.5]


def test_bug_an_index_of_small_integers_that_could_not_go_on_raised(tmp_path):
    frame = pd.DataFrame({"a": [1.5, 2.5], "t": ["x", "y"]}, index=pd.Index([254, 255], dtype="uint8", name="n"))
    frame.to_parquet(tmp_path / "x.parquet")
    copy = copied(open_table(tmp_path / "x.parquet", "t"))
    assert copy.schema.field("n").type == pa.uint8()
    assert copy["n"].to_pylist() == [254, 255, None]


@pytest.mark.parametrize(
    ("false", "true"),
    [(False, True), (0, 1), (0.0, 1.0), ("no", "yes"), ("FALSE", "TRUE"), (pa.scalar("False"), "True")],
)
def test_bug_marks_of_other_types_raised_or_were_lost(tmp_path, false, true):
    marks = (
        pa.array([false, false]) if not isinstance(false, pa.Scalar) else pa.array(["False"] * 2).dictionary_encode()
    )
    file = read(tmp_path, pa.table({"a": [1, 2], "IS_SYNTHETIC": marks, "t": ["x", "y"]}), "t")
    assert file.frame["is_synthetic"].tolist() == [False, False]
    copy = copied(file)
    assert copy.schema.field("IS_SYNTHETIC").type == marks.type
    assert copy["IS_SYNTHETIC"].to_pylist()[2:] == [true]


def test_bug_pandas_could_not_read_the_mark_beside_columns_of_several_levels(tmp_path):
    columns = pd.MultiIndex.from_tuples([("a", "b"), ("t", "")])
    pd.DataFrame([[1.5, "x"], [2.5, "y"]], columns=columns).to_parquet(tmp_path / "x.parquet")
    file, out = open_table(tmp_path / "x.parquet", "('t', '')"), tmp_path / "copy.parquet"
    with out.open("wb") as writer:
        file.write_with(writer, NewRows(file.frame.take([0])[["('a', 'b')"]], "('t', '')", np.array([0])))
    copy = pd.read_parquet(out)
    assert copy.columns.tolist() == [("a", "b"), ("t", ""), ("is_synthetic", "")]
    assert open_table(out).frame["is_synthetic"].tolist() == [False, False, True]


@pytest.mark.parametrize("names", [[0, 1], [0.5, 1.5], [True, False], list(pd.date_range("2021", periods=2))])
def test_bug_pandas_could_not_read_the_mark_beside_names_that_are_no_strings(tmp_path, names):
    pd.DataFrame([[1.5, "x"], [2.5, "y"]], columns=pd.Index(names)).to_parquet(tmp_path / "x.parquet")
    feature, target = map(str, names)
    file, out = open_table(tmp_path / "x.parquet", target), tmp_path / "copy.parquet"
    with out.open("wb") as writer:
        file.write_with(writer, NewRows(file.frame.take([0])[[feature]], target, np.array([0])))
    assert pd.read_parquet(out).columns.tolist() == [feature, target, "is_synthetic"]


def test_bug_classes_of_the_type_string_view_raised(tmp_path):
    table = pa.table({"a": [1, 2], "t": pa.array(["x", "y"], pa.string_view())})
    assert copied(read(tmp_path, table, "t"), [1])["t"].to_pylist() == ["x", "y", "y"]


def test_bug_types_of_extensions_raised_or_could_not_be_trained_on(tmp_path):
    uuids = pa.array([bytes(15) + b"a", bytes(15) + b"b"], pa.uuid())
    table = pa.table({"u": uuids, "j": pa.array(["{}", "[1]"], pa.json_()), "t": ["x", "y"]})
    file = read(tmp_path, table, "t")
    assert [type(value) for value in file.frame.iloc[0]] == [str] * 3
    copy = copied(file, [1])
    assert copy.schema.types[:3] == table.schema.types
    assert copy.slice(2).drop_columns("is_synthetic").to_pylist() == table.slice(1).to_pylist()
