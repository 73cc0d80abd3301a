"""Containers: rows go in and come out in the same kind of table, and so do labels."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from wgan_resampler.tables import TableFormat, TargetFormat, column_arrays, series_array, target_array

ROWS = np.array([[0, 2], [3, 0], [5, 7]])


def frame_of(**dtypes):
    return pd.DataFrame({name: pd.Series([1, 0, 1]).astype(dtype) for name, dtype in dtypes.items()})


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?", "g"])
def test_arrays_keep_their_dtype(dtype):
    table = ROWS.astype(dtype)
    form = TableFormat.of(table, table)
    new = form.build(column_arrays(table))
    stacked = form.finish(form.stack(table, new))
    assert new.dtype == stacked.dtype == table.dtype
    assert stacked.tobytes() == table.tobytes() * 2


def test_a_list_comes_back_as_a_list():
    form = TableFormat.of(ROWS.tolist(), ROWS)
    assert form.finish(form.stack(ROWS, form.build([np.array([9]), np.array([8])]))) == [[0, 2], [3, 0], [5, 7], [9, 8]]


@pytest.mark.parametrize("kind", [sparse.csr_array, sparse.csc_array, sparse.csr_matrix, sparse.csc_matrix])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16, np.bool_])
def test_sparse_tables_keep_class_and_dtype(kind, dtype):
    table = kind(ROWS.astype(dtype))
    form = TableFormat.of(table, table)
    new = form.build([np.array([0, 1], dtype=dtype), np.array([1, 0], dtype=dtype)])
    stacked = form.finish(form.stack(table, new))
    assert type(new) is type(stacked) is kind
    assert new.dtype == stacked.dtype == dtype
    np.testing.assert_array_equal(stacked.toarray(), np.vstack([ROWS.astype(dtype), [[0, 1], [1, 0]]]).astype(dtype))


DTYPES = [
    "float16",
    "float32",
    "float64",
    "int8",
    "uint64",
    "bool",
    "Int64",
    "UInt8",
    "Float32",
    "Float64",
    "boolean",
    "Sparse[float]",
    "Sparse[int]",
    "int64[pyarrow]",
    "double[pyarrow]",
]


@pytest.mark.parametrize("dtype", DTYPES)
def test_frames_keep_the_dtype_of_each_column(dtype):
    table = frame_of(a=dtype, b="float64")
    form = TableFormat.of(table, table)
    new = form.build([values[:2] for values in column_arrays(table)])
    stacked = form.stack(table, new)
    assert new.dtypes.tolist() == stacked.dtypes.tolist() == table.dtypes.tolist()
    pd.testing.assert_frame_equal(stacked, table.iloc[[0, 1, 2, 0, 1]].reset_index(drop=True))


@pytest.mark.parametrize("dtype", DTYPES)
def test_columns_are_read_in_the_dtype_of_their_values(dtype):
    values = series_array(frame_of(a=dtype)["a"])
    assert values.tolist() == [1, 0, 1]
    name = dtype.lower().removeprefix("sparse[").rstrip("]")
    kinds = {"f": "f", "d": "f", "i": "i", "u": "u", "b": "b"}
    assert values.dtype.kind == kinds[name[0]]


@pytest.mark.parametrize(
    "columns",
    [
        pd.Index(["u", "v"], name="measure"),
        pd.RangeIndex(2),
        pd.Index([7, "v"]),
        pd.MultiIndex.from_tuples([("u", 1), ("u", 2)], names=["group", "number"]),
    ],
)
def test_frames_keep_the_labels_of_columns(columns):
    table = pd.DataFrame(ROWS, columns=columns)
    form = TableFormat.of(table, table)
    new = form.build(column_arrays(table))
    for frame in (new, form.stack(table, new)):
        pd.testing.assert_index_equal(frame.columns, columns)


def test_the_index_of_a_frame_is_dropped():
    table = pd.DataFrame(ROWS, index=[5, 5, 9])
    form = TableFormat.of(table, table)
    for frame in (form.stack(table, form.build(column_arrays(table))), form.copy(table)):
        assert frame.index.tolist() == list(range(len(frame)))


@pytest.mark.parametrize("make", [np.array, sparse.csr_array, sparse.csc_matrix, pd.DataFrame])
def test_a_copy_shares_no_memory(make):
    table = make(ROWS)
    duplicate = TableFormat.of(table, table).copy(table)
    assert type(duplicate) is type(table)
    if isinstance(duplicate, pd.DataFrame):
        duplicate.iloc[0, 1] = 99
    else:
        (duplicate.data if sparse.issparse(duplicate) else duplicate)[:] = 99
    assert [values.tolist() for values in column_arrays(table)] == ROWS.T.tolist()


def test_integers_beyond_2_to_the_53_do_not_pass_through_floats():
    big = 2**53 + 1
    table = pd.DataFrame({"id": [big, big + 2], "x": [0.5, 1.5]})
    form = TableFormat.of(table, table)
    ids, x = column_arrays(table)
    assert ids.dtype == np.int64
    assert form.stack(table, form.build([ids, x]))["id"].tolist() == [big, big + 2, big, big + 2]


def test_column_arrays_agree_between_containers():
    expected = [column.tolist() for column in ROWS.T]
    for make in (np.asfortranarray, sparse.csr_array, sparse.csc_array, pd.DataFrame):
        assert [column.tolist() for column in column_arrays(make(ROWS))] == expected


TARGETS = {
    "int array": (np.array([3, -1, 3], dtype=np.int8), np.array([-1, 3], dtype=np.int8)),
    "str array": (np.array(["u", "vv", "u"]), np.array(["vv", "u"])),
    "bool array": (np.array([True, False, True]), np.array([False, True])),
    "object array": (np.array(["u", "v", "u"], dtype=object), np.array(["v", "u"], dtype=object)),
    "objects that are numbers": (np.array([3, -1, 3], dtype=object), np.array([-1, 3], dtype=object)),
    "float array": (np.array([1.0, 0.0, 1.0], dtype=np.float32), np.array([0.0, 1.0], dtype=np.float32)),
    "list of int": ([3, -1, 3], [-1, 3]),
    "list of str": (["u", "vv", "u"], ["vv", "u"]),
    "list of bool": ([True, False, True], [False, True]),
}
SERIES = ["int8", "float32", "bool", "object", "category", "string", "Int64", "boolean", "int64[pyarrow]"]


@pytest.mark.parametrize(("target", "new"), TARGETS.values(), ids=TARGETS)
def test_targets_keep_kind_and_type(target, new):
    labels = target_array(target)
    form = TargetFormat.of(target, labels, one_hot=False)
    built = form.build(np.array(new))
    assert type(built) is type(target)
    assert list(built) == list(new)
    stacked = form.stack(target, labels, np.array(new))
    assert list(stacked) == [*target, *new]
    assert [type(label) for label in stacked] == [type(label) for label in [*target, *new]]
    assert getattr(stacked, "dtype", None) == getattr(target, "dtype", None)


@pytest.mark.parametrize("dtype", SERIES)
def test_series_keep_name_and_dtype(dtype):
    texts = dtype in ("object", "category", "string")
    target = pd.Series(["u", "v", "u"] if texts else [1, 0, 1], name="kind", index=[4, 4, 4]).astype(dtype)
    labels = target_array(target)
    form = TargetFormat.of(target, labels, one_hot=False)
    stacked = form.stack(target, labels, labels[1:])
    pd.testing.assert_series_equal(stacked, target.iloc[[0, 1, 2, 1, 2]].reset_index(drop=True))
    pd.testing.assert_series_equal(form.build(labels), target.reset_index(drop=True))


def test_categories_without_rows_and_their_order_stay():
    dtype = pd.CategoricalDtype(["low", "mid", "high"], ordered=True)
    target = pd.Series(["low", "high", "low"], dtype=dtype)
    form = TargetFormat.of(target, target_array(target), one_hot=False)
    assert form.stack(target, target_array(target), np.array(["high"])).dtype == dtype
    assert form.build(np.array(["low"])).dtype == dtype


@pytest.mark.parametrize("target", [np.array([[2], [1]]), [[2], [1]]], ids=["array", "list"])
def test_a_column_vector_becomes_one_dimensional(target):
    form = TargetFormat.of(target, np.array([2, 1]), one_hot=False)
    stacked = form.stack(target, np.array([2, 1]), np.array([1]))
    assert list(stacked) == [2, 1, 1]
    assert type(stacked) is type(target)


def test_a_frame_of_one_column_stays_a_frame():
    target = pd.DataFrame({"kind": pd.Categorical(["u", "v"])}, index=[8, 9])
    form = TargetFormat.of(target, np.array(["u", "v"]), one_hot=False)
    stacked = form.stack(target, np.array(["u", "v"]), np.array(["v"]))
    assert stacked.index.tolist() == [0, 1, 2]
    assert stacked["kind"].tolist() == ["u", "v", "v"]
    assert stacked.dtypes.tolist() == target.dtypes.tolist()


@pytest.mark.parametrize("dtype", [np.int8, np.float32, np.bool_])
def test_one_hot_targets_keep_width_and_dtype(dtype):
    # The middle class has no row, but keeps its column.
    target = np.array([[0, 0, 1], [1, 0, 0]], dtype=dtype)
    form = TargetFormat.of(target, np.array([2, 0]), one_hot=True)
    stacked = form.stack(target, np.array([2, 0]), np.array([2, 2]))
    assert stacked.dtype == dtype
    assert stacked.tolist() == [[0, 0, 1], [1, 0, 0], [0, 0, 1], [0, 0, 1]]

    as_frame = pd.DataFrame(target, columns=["u", "v", "w"])
    form = TargetFormat.of(as_frame, np.array([2, 0]), one_hot=True)
    pd.testing.assert_frame_equal(
        form.stack(as_frame, np.array([2, 0]), np.array([2, 2])), pd.DataFrame(stacked, columns=["u", "v", "w"])
    )

    as_list = target.tolist()
    form = TargetFormat.of(as_list, np.array([2, 0]), one_hot=True)
    assert form.stack(as_list, np.array([2, 0]), np.array([2, 2])) == stacked.tolist()
