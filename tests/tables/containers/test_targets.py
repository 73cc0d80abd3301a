"""Containers of labels: kind, dtype and name stay the same."""

import datetime as dt
import pickle
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from polars.testing import assert_frame_equal, assert_series_equal

from wgan_resampler.exceptions import InvalidDataError
from wgan_resampler.tables.containers.targets import TargetFormat, find_label, plain_label, target_array
from wgan_resampler.tables.validation import check_target


def format_of(target):
    """Return labels and format of a target, as the sampler finds them."""
    labels, one_hot = check_target(target, len(target))
    return labels, TargetFormat.of(target, labels, one_hot=one_hot)


TARGETS = {
    "int array": np.array([3, -1, 3], dtype=np.int8),
    "uint64 array": np.array([2**64 - 1, 0, 2**64 - 1], dtype=np.uint64),
    "big-endian array": np.array([3, 1, 3], dtype=">i4"),
    "str array": np.array(["u", "vv", "u"]),
    "bool array": np.array([True, False, True]),
    "object array": np.array(["u", "v", "u"], dtype=object),
    "objects that are numbers": np.array([3, -1, 3], dtype=object),
    "objects that are long numbers": np.array([2**60, 2**60 + 1, 2**60], dtype=object),
    "float array": np.array([1.0, 0.0, 1.0], dtype=np.float32),
    "list of int": [3, -1, 3],
    "list of str": ["u", "vv", "u"],
    "list of bool": [True, False, True],
    "list of numpy's int": [np.int64(3), np.int64(-1), np.int64(3)],
}


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_arrays_and_lists_keep_kind_and_type(target):
    labels, form = format_of(target)
    built = form.build(labels[[1, 0]])
    stacked = form.stack(target, labels, labels[[1, 0]])
    assert type(built) is type(stacked) is type(target)
    assert list(built) == [target[1], target[0]]
    assert list(stacked) == [*target, target[1], target[0]]
    assert [type(label) for label in stacked] == [type(target[i]) for i in (0, 1, 2, 1, 0)]
    assert getattr(stacked, "dtype", None) == getattr(built, "dtype", None) == getattr(target, "dtype", None)


def test_other_array_likes_become_arrays():
    labels, form = format_of((1, 0, 1))
    assert form.stack((1, 0, 1), labels, labels[:1]).tolist() == [1, 0, 1, 1]


TEXTS = ["object", "category", "string", "string[python]", "str", "string[pyarrow]"]
SERIES = ["int8", "float32", "bool", "Int64", "UInt8", "boolean", "int64[pyarrow]", "bool[pyarrow]", "Float32", *TEXTS]


@pytest.mark.parametrize("dtype", SERIES)
def test_pandas_series_keep_name_and_dtype(dtype):
    target = pd.Series(["u", "v", "u"] if dtype in TEXTS else [1, 0, 1], name="kind", index=[4, 4, 4]).astype(dtype)
    labels, form = format_of(target)
    pd.testing.assert_series_equal(form.build(labels), target.reset_index(drop=True))
    stacked = form.stack(target, labels, labels[1:])
    pd.testing.assert_series_equal(stacked, target.iloc[[0, 1, 2, 1, 2]].reset_index(drop=True))


ZONE = "Europe/Rome"
PAIRS = {
    "moments of a zone": (pd.Timestamp("2024-01-01", tz=ZONE), pd.Timestamp("2024-01-02", tz=ZONE)),
    "moments": (pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-02")),
    "datetimes of a zone": (dt.datetime(2024, 1, 1, tzinfo=dt.UTC), dt.datetime(2024, 1, 2, tzinfo=dt.UTC)),
    "dates": (dt.date(2024, 1, 1), dt.date(2024, 1, 2)),
    "times": (dt.time(1), dt.time(2)),
    "durations": (dt.timedelta(1), dt.timedelta(2)),
    "periods": (pd.Period("2024-01"), pd.Period("2024-02")),
    "intervals": (pd.Interval(0, 1), pd.Interval(1, 2)),
    "bytes": (b"a", b"b"),
    "bytes that end in null": (b"a", b"a\0"),
    "strings that end in null": ("a", "a\0"),
    "decimals": (Decimal("1.5"), Decimal("2.5")),
    "integers of more than 64 bits": (2**70, 2**70 + 1),
}
CONTAINERS = {
    "list": list,
    "tuple": tuple,
    "objects": lambda labels: pd.Series(labels, dtype=object).to_numpy(),
    "array": lambda labels: pd.Series(labels).array,
    "Series": pd.Series,
    "category": lambda labels: pd.Series(labels, dtype="category"),
    "arrow": lambda labels: pd.Series(pd.arrays.ArrowExtensionArray(pa.array(labels))),
    "polars": pl.Series,
    "frame": lambda labels: pd.DataFrame({"kind": labels}),
}
NO_SUCH_SERIES = {  # libraries that have no such labels
    ("periods", "arrow"),
    ("intervals", "arrow"),
    ("integers of more than 64 bits", "arrow"),
    ("integers of more than 64 bits", "polars"),  # in old versions
}


@pytest.mark.parametrize(
    ("pair", "make"),
    [
        pytest.param(pair, make, id=f"{kind}, {name}")
        for kind, pair in PAIRS.items()
        for name, make in CONTAINERS.items()
        if (kind, name) not in NO_SUCH_SERIES
    ],
)
def test_bug_labels_of_other_types_were_refused_or_merged(pair, make):
    first, second = pair
    target = make([second, first, second])
    labels, form = format_of(target)
    assert find_label(first, form.classes) == 0
    assert find_label(second, form.classes) == 1
    stacked = form.stack(target, labels, labels[[1, 0]])
    cells = stacked["kind"] if isinstance(stacked, pd.DataFrame) else stacked
    assert list(cells) == [second, first, second, first, second]
    assert type(stacked) is type(target) or type(stacked) is np.ndarray
    assert getattr(stacked, "dtype", None) == getattr(target, "dtype", None) or type(stacked) is np.ndarray


@pytest.mark.skipif(not hasattr(np.dtypes, "StringDType"), reason="numpy has no strings of any length before 2.0")
def test_bug_numpys_strings_of_any_length_were_refused():
    for dtype in (np.dtypes.StringDType(), np.dtypes.StringDType(na_object=None)):
        target = np.array(["v", "u", "v"], dtype=dtype)
        labels, form = format_of(target)
        assert form.classes.tolist() == ["u", "v"]
        stacked = form.stack(target, labels, labels[[1, 0]])
        assert stacked.tolist() == ["v", "u", "v", "u", "v"]
        assert stacked.dtype == dtype
    with pytest.raises(InvalidDataError, match="Input y contains NaN"):
        check_target(np.array(["v", None], dtype=np.dtypes.StringDType(na_object=None)), 2)


def test_categories_without_rows_and_their_order_stay():
    dtype = pd.CategoricalDtype(["low", "mid", "high"], ordered=True)
    target = pd.Series(["low", "high", "low"], dtype=dtype)
    labels, form = format_of(target)
    assert form.stack(target, labels, np.array(["high"], dtype=object)).dtype == dtype
    assert form.build(np.array(["low"], dtype=object)).dtype == dtype


@pytest.mark.parametrize("categories", [[3, 1, 2], [True, False], [0.0, 1.0]])
def test_categories_that_are_no_texts(categories):
    dtype = pd.CategoricalDtype(categories)
    target = pd.Series([categories[1], categories[0], categories[1]], dtype=dtype)
    labels, form = format_of(target)
    assert labels.dtype.kind in "bif"
    pd.testing.assert_series_equal(form.build(labels), target)


POLARS = {
    "String": pl.Series("kind", ["u", "v", "u"]),
    "Categorical": pl.Series("kind", ["v", "u", "v"], dtype=pl.Categorical),
    "Enum": pl.Series("kind", ["v", "u", "v"], dtype=pl.Enum(["w", "v", "u"])),
    "Boolean": pl.Series("kind", [True, False, True]),
    "Int8": pl.Series("kind", [1, -1, 1], dtype=pl.Int8),
    "UInt64": pl.Series("kind", [2**64 - 1, 1, 1], dtype=pl.UInt64),
    "Float32": pl.Series("kind", [1, 0, 1], dtype=pl.Float32),
    "no name": pl.Series([1, 0, 1]),
}


@pytest.mark.parametrize("target", POLARS.values(), ids=POLARS)
def test_polars_series_keep_name_and_dtype(target):
    labels, form = format_of(target)
    assert_series_equal(form.build(labels), target)
    assert_series_equal(form.stack(target, labels, labels[1:]), target[[0, 1, 2, 1, 2]])


@pytest.mark.parametrize("make", [np.array, list, lambda rows: np.array(rows, dtype=object)])
@pytest.mark.parametrize("values", [(2, 1), ("u", "v"), (True, False)])
def test_a_column_vector_becomes_one_dimensional(make, values):
    target = make([[values[0]], [values[1]]])
    labels, form = format_of(target)
    stacked = form.stack(target, labels, labels[1:])
    assert list(stacked) == [*values, values[1]]
    assert type(stacked) is type(target)


def test_frames_of_one_column_stay_frames():
    target = pd.DataFrame({"kind": pd.Categorical(["u", "v"])}, index=[8, 9])
    labels, form = format_of(target)
    stacked = form.stack(target, labels, labels[1:])
    assert stacked.index.tolist() == [0, 1, 2]
    assert stacked["kind"].tolist() == ["u", "v", "v"]
    assert stacked.dtypes.tolist() == target.dtypes.tolist()

    target = pl.DataFrame({"kind": ["u", "v"]})
    labels, form = format_of(target)
    assert_frame_equal(form.stack(target, labels, labels[1:]), target[[0, 1, 1]])


ONE_HOT = [[0, 0, 1], [1, 0, 0], [0, 0, 1]]  # the middle class has no row, but keeps its column


@pytest.mark.parametrize(
    "target",
    [
        ONE_HOT,
        *(np.array(ONE_HOT, dtype=dtype) for dtype in (np.int8, np.float32, np.bool_, object)),
        pd.DataFrame(ONE_HOT, columns=["u", "v", "w"], dtype="uint8"),
        pd.DataFrame(ONE_HOT, columns=["u", "v", "w"], dtype="Int64"),
        pd.DataFrame(ONE_HOT, columns=["u", "v", "w"]).astype({"v": "float32"}),
        pl.DataFrame(ONE_HOT, schema=["u", "v", "w"], orient="row"),
    ],
    ids=lambda target: type(target).__name__,
)
def test_one_hot_targets_keep_width_and_dtype(target):
    labels, form = format_of(target)
    assert labels.tolist() == [2, 0, 2]
    stacked = form.stack(target, labels, np.array([2, 0]))
    assert type(stacked) is type(target)
    assert np.asarray(stacked).tolist() == [*ONE_HOT, [0, 0, 1], [1, 0, 0]]
    for attribute in ("dtype", "dtypes", "columns"):
        assert np.all(getattr(stacked, attribute, None) == getattr(target, attribute, None))


@pytest.mark.parametrize("target", [np.array([1, 0]), [[0, 1], [1, 0]], pd.Series([1, 0])])
def test_stacked_targets_have_memory_of_their_own(target):
    labels, form = format_of(target)
    before = np.array(target).tolist()
    stacked = form.stack(target, labels, labels)
    if isinstance(stacked, list):
        stacked[0][0] = stacked[2][0] = 9
    else:
        stacked[:] = 9
    assert np.array(target).tolist() == before
    assert np.array(form.build(labels)).tolist() == before


@pytest.mark.parametrize("target", [*TARGETS.values(), *POLARS.values()])
def test_no_new_labels(target):
    labels, form = format_of(target)
    assert list(form.stack(target, labels, labels[:0])) == list(target)
    assert len(form.build(labels[:0])) == 0


def test_formats_are_pickled_and_hold_one_label_of_each_class():
    for target in (pd.Series(["u", "v"] * 5000), ["u", "v"] * 5000, pl.Series(["u", "v"] * 5000, dtype=pl.Categorical)):
        labels, form = format_of(target)
        assert len(form.examples) == 2
        assert list(pickle.loads(pickle.dumps(form)).build(labels[:3])) == ["u", "v", "u"]


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        (["u", "v"], "U"),
        (["u", 1], "O"),
        (["u", None], "O"),
        ([1, 2.5], "f"),
        (np.array([1, 2], dtype=object), "i"),
        (pd.Series([2**60, 7], dtype="Int64"), "i"),
        (pd.Series([1, None], dtype="Int64"), "O"),
        (pd.Series([True, False], dtype="boolean"), "b"),
        (pl.Series([1, None]), "O"),
        (pl.Series([2**60, 7]), "i"),
    ],
)
def test_labels_as_an_array(target, kind):
    assert target_array(target).dtype.kind == kind


@pytest.mark.parametrize(
    ("label", "plain"),
    [
        (np.int64(3), 3),
        (np.str_("u"), "u"),
        (3, 3),
        (np.datetime64("2020-01-02", "ns"), "2020-01-02T00:00:00.000000000"),
    ],
)
def test_labels_in_messages(label, plain):
    assert plain_label(label) == plain
    assert type(plain_label(label)) is type(plain)


def test_labels_are_found_by_equality():
    assert find_label(pd.Timestamp("2020-01-02"), [np.datetime64("2020-01-01"), np.datetime64("2020-01-02")]) == 1
    assert find_label("u", [1, 2]) is None
    assert find_label([1, 2], [np.array([1, 2])]) is None
