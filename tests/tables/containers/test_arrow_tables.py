"""Tables of pyarrow: read column by column, and built again with the same schema."""

import datetime as dt
import pickle
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sampler.over_sampler.quick import X, Y, quick

from wgan_resampler.exceptions import InvalidDataError
from wgan_resampler.tables.columns import CategoricalCells
from wgan_resampler.tables.containers.targets import TargetFormat
from wgan_resampler.tables.validation import check_table, check_target

MOMENT = dt.datetime(2024, 1, 2, 3, 4, 5)
COLUMNS = {
    "float": pa.array([1.5, None, 2.5]),
    "int32": pa.array([1, None, 3], pa.int32()),
    "big": pa.array([2**62 + 1, None, 3], pa.int64()),
    "bool": pa.array([True, None, False]),
    "string": pa.array(["u", None, "v"]),
    "large_string": pa.array(["u", None, "v"], pa.large_string()),
    "dictionary": pa.array(["u", None, "v"]).dictionary_encode(),
    "date": pa.array([dt.date(2024, 1, 2), None, dt.date(2024, 1, 9)]),
    "zone": pa.array([MOMENT, None, MOMENT], pa.timestamp("ms", "Europe/Rome")),
    "time": pa.array([dt.time(1, 2, 3), None, dt.time(4)], pa.time64("us")),
    "duration": pa.array([dt.timedelta(1), None, dt.timedelta(2)], pa.duration("s")),
    "decimal": pa.array([Decimal("1.25"), None, Decimal("2.50")], pa.decimal128(9, 2)),
    "null": pa.nulls(3),
}
TABLE = pa.table(COLUMNS, metadata={"source": "field book"})


def test_all_columns_come_back_with_the_schema():
    table = check_table(TABLE)
    built = table.format.build(table.cells)
    assert built.cast(TABLE.schema).to_pylist() == TABLE.to_pylist()
    stacked = table.format.stack(TABLE, built)
    assert stacked.schema.equals(TABLE.schema, check_metadata=True)
    assert stacked[:3].equals(TABLE)
    assert stacked[3:].to_pylist() == TABLE.to_pylist()


def test_strings_dictionaries_and_booleans_are_categories_by_default():
    cells = check_table(TABLE).cells
    categorical = [name for name, each in zip(COLUMNS, cells, strict=True) if isinstance(each, CategoricalCells)]
    assert categorical == ["bool", "string", "large_string", "dictionary"]
    assert isinstance(check_table(TABLE.select(["int32"]), ["int32"]).cells[0], CategoricalCells)


def test_columns_that_must_not_be_null_stay_so():
    schema = pa.schema([pa.field("a", pa.int8(), nullable=False)])
    table = check_table(pa.table({"a": [1, 2]}, schema=schema))
    assert table.format.stack(table.rows, table.format.build(table.cells)).schema == schema


def test_what_pandas_has_noted_makes_no_column_an_index():
    frame = pd.DataFrame({"a": [1.0, 2.0]}, index=pd.Index([7, 9], name="id"))
    table = check_table(pa.Table.from_pandas(frame))
    assert table.format.names == ("a", "id")


def test_a_record_batch_becomes_a_table():
    batch = pa.record_batch({"a": [1, 2]})
    table = check_table(batch)
    assert table.format.stack(batch, table.format.build(table.cells)).equals(pa.table({"a": [1, 2, 1, 2]}))


def test_formats_are_pickled():
    table = check_table(TABLE)
    again = pickle.loads(pickle.dumps(table.format))
    assert again.build(table.cells).equals(table.format.build(table.cells))


@pytest.mark.parametrize(
    ("rows", "fragment"),
    [
        (COLUMNS["float"], "Expected 2D array, got 1D array .* Pass a pyarrow.Table"),
        (TABLE[:0], "0 sample"),
        (TABLE.select([]), "0 feature"),
        (pa.table({"a": [[1], [2]]}), "Column 'a' does not hold numbers but is of dtype list"),
        (pa.Table.from_arrays([COLUMNS["float"]] * 2, names=["a", "a"]), "unique, but 'a' occurs more than once"),
    ],
)
def test_refused(rows, fragment):
    with pytest.raises(InvalidDataError, match=fragment):
        check_table(rows)


@pytest.mark.parametrize("kind", ["int32", "bool", "string", "dictionary", "date", "zone", "time", "duration"])
@pytest.mark.parametrize(
    "make", [lambda y: y, lambda y: pa.chunked_array([y[:1], y[1:]]), lambda y: pa.table({"y": y})]
)
def test_labels(kind, make):
    target = make(COLUMNS[kind].take([0, 2, 0]))
    labels, one_hot = check_target(target, 3)
    form = TargetFormat.of(target, labels, one_hot=one_hot)
    stacked = form.stack(target, labels, labels[[1, 0]])
    expected = pa.concat_tables([target, target[1:]]) if isinstance(target, pa.Table) else target.take([0, 1, 2, 1, 2])
    assert stacked.to_pylist() == expected.to_pylist()
    assert getattr(stacked, "type", None) == getattr(target, "type", None)


def test_a_missing_label_is_named():
    with pytest.raises(InvalidDataError, match=r"1 label.* are missing, the first in row 1"):
        check_target(COLUMNS["string"], 3)


def test_bug_a_table_of_pyarrow_was_read_as_an_array(tmp_path):
    table = pa.table({"x": X[:, 0], "text": pa.array(["u", "v", None] * 10), "n": pa.array([1, 2, 3] * 10, pa.int8())})
    over = quick()
    X_res, y_res = over.fit_resample(table, pa.array(["u", "v", "w"]).take(pa.array(Y)))
    assert X_res.schema == table.schema
    assert X_res[:30].equals(table)
    assert X_res.num_rows == len(y_res) == 54
    assert over.feature_names_in_.tolist() == ["x", "text", "n"]
    over.save(tmp_path / "sampler.pth")
    X_more, y_more = type(over).load(tmp_path / "sampler.pth").sample(4)
    expected = over.sample(4)
    assert X_more.equals(expected[0])
    assert y_more.equals(expected[1])
    same = pd.DataFrame({"x": X[:, 0], "text": ["u", "v", None] * 10, "n": np.array([1, 2, 3] * 10, dtype=np.int8)})
    assert X_res.to_pylist()[30:] == quick().fit_resample(same, Y)[0].iloc[30:].astype(object).where(
        lambda frame: frame.notna(), None
    ).to_dict("records")
