"""Arrays, sparse matrices and lists: read column by column, and built again in the same container."""

import datetime as dt
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse

from wgan_resampler.tables.columns import CategoricalCells, NumericCells
from wgan_resampler.tables.validation import check_table

NAN, NAT = np.nan, np.datetime64("NaT")
ROWS = np.array([[0, 2], [3, 0], [5, 7]])
SPARSE = [sparse.csr_array, sparse.csc_array, sparse.csr_matrix, sparse.csc_matrix]


def round_trip(rows, categorical_features="auto"):
    table = check_table(rows, categorical_features)
    return table.format.build(table.cells)


def cells_of(rows, categorical_features="auto"):
    """Return each column as a list: numbers or codes, None where missing."""
    found = []
    for cells in check_table(rows, categorical_features).cells:
        values = cells.codes if isinstance(cells, CategoricalCells) else cells.values
        missing = np.zeros(len(cells), dtype=bool) if cells.missing is None else cells.missing
        found.append([None if is_gone else value for value, is_gone in zip(values.tolist(), missing, strict=True)])
    return found


def same(first, second):
    """Whether two lists of rows hold the same objects: of equal type, with NaN equal to NaN."""
    return [[(type(c), repr(c)) for c in row] for row in first] == [[(type(c), repr(c)) for c in row] for row in second]


NUMBERS = ["f2", "f4", "f8", ">f8", "g", "i1", "i2", "i4", "i8", ">i4", "u1", "u2", "u4", "u8", "?"]
ARRAYS = {
    **{dtype: (ROWS.astype(dtype), "auto") for dtype in NUMBERS},
    **{f"{dtype} of categories": (ROWS.astype(dtype), [1]) for dtype in NUMBERS},
    "missing f2": (np.array([[NAN, 1], [2, NAN], [3, 4]], dtype="f2"), "auto"),
    "missing >f8": (np.array([[NAN, 1], [2, NAN], [3, 4]], dtype=">f8"), [0]),
    "all missing": (np.array([[NAN, 1], [NAN, 2]]), "auto"),
    "all categories missing": (np.array([[NAN, 1], [NAN, 2]]), [0, 1]),
    "strings": (np.array([["u", "vv"], ["", "u"]]), [0, 1]),
    "bytes": (np.array([[b"u", b"vv"], [b"", b"u"]]), [0, 1]),
    "days": (np.array([["2020-02-29", "NaT"], ["1969-12-31", "2262-01-01"]], dtype="M8[D]"), "auto"),
    "microseconds": (np.array([["2020-02-29T01:02:03.000004", "NaT"]], dtype="M8[us]"), "auto"),
    "big-endian seconds": (np.array([["2020-02-29", "NaT"], ["NaT", "1969-12-31"]], dtype=">M8[s]"), "auto"),
    "days as categories": (np.array([["2020-02-29", "NaT"], ["1969-12-31", "2262-01-01"]], dtype="M8[D]"), [1]),
    "durations": (np.array([[3, -4], [5, "NaT"]], dtype="m8[ms]"), "auto"),
}


@pytest.mark.parametrize(("rows", "categorical_features"), ARRAYS.values(), ids=ARRAYS)
def test_arrays_come_back_equal_in_their_dtype(rows, categorical_features):
    table = check_table(rows, categorical_features)
    new = table.format.build(table.cells)
    stacked = table.format.stack(table.rows, new)
    assert new.dtype == stacked.dtype == rows.dtype
    np.testing.assert_array_equal(new, rows)
    np.testing.assert_array_equal(stacked, np.concatenate([rows, rows]))


OBJECTS = {
    "numbers": ([[1, 0.5], [2, 1.5]], "auto"),
    "integers stay integers": ([[2**53 + 1, True], [2**53 + 3, False]], "auto"),
    "unsigned": ([[2**63, 1], [2**64 - 1, 2]], "auto"),
    "None among numbers": ([[None, 0.5], [2, None], [3, 1.0]], "auto"),
    "NaN among integers": ([[NAN, 5], [2, 6], [3, 7]], "auto"),
    "None among bools": ([[None, True], [False, None]], "auto"),
    "strings and numbers": ([["u", 1], ["v", 2], ["u", 3]], [0]),
    "strings and None": ([["u", 1], [None, 2], ["", 3]], [0]),
    "strings and NaN": ([["u", 1], [NAN, 2], ["v", None]], [0]),
    "mixed categories": ([["u", 1], [3, 2], [(1, 2), 3], [None, 4], [b"", 5], [2.5, 6]], [0]),
    "dates as categories": ([[dt.date(2020, 1, 2), 1], [dt.date(2021, 1, 2), 2]], [0]),
    "all None": ([[None, 1], [None, 2]], "auto"),
    "all None, as categories": ([[None, 1], [None, 2]], [0, 1]),
}


@pytest.mark.parametrize(("rows", "categorical_features"), OBJECTS.values(), ids=OBJECTS)
def test_lists_come_back_with_the_same_objects(rows, categorical_features):
    assert same(round_trip(rows, categorical_features), rows)


@pytest.mark.parametrize(("rows", "categorical_features"), OBJECTS.values(), ids=OBJECTS)
def test_arrays_of_objects_come_back_with_the_same_objects(rows, categorical_features):
    array = np.empty((len(rows), len(rows[0])), dtype=object)
    for i, row in enumerate(rows):
        array[i] = row
    new = round_trip(array, categorical_features)
    assert new.dtype == object
    assert same(new.tolist(), rows)


def test_every_kind_of_missing_object_is_known():
    column = [None, NAN, np.float32(NAN), NAT, np.timedelta64("NaT"), pd.NaT, pd.NA, 0]
    assert cells_of([[cell] for cell in column]) == [[None] * 7 + [0]]
    assert cells_of([[cell] for cell in column], [0]) == [[None] * 7 + [0]]


def test_columns_of_a_list_are_typed_one_by_one():
    cells = check_table([[1, 0.5, True], [2, 1, False]]).cells
    assert [column.values.dtype for column in cells] == [np.int64, np.float64, np.bool_]


def test_numbers_of_numpy_in_a_list_come_back_as_numbers():
    assert same(round_trip([[np.float64(0.5), np.int8(3)], [np.float64(1), np.int8(4)]]), [[0.5, 3], [1.0, 4]])


@pytest.mark.parametrize("rows", [((1, 2.5), (3, 4.0)), [(1, 2.5), (3, 4.0)], [np.array([1, 2.5]), [3, 4.0]]])
def test_rows_may_be_tuples_or_arrays(rows):
    new = round_trip(rows)
    assert isinstance(new, np.ndarray if isinstance(rows, tuple) else list)
    assert np.asarray(new).tolist() == [[1.0, 2.5], [3.0, 4.0]]


def test_a_tuple_of_rows_becomes_an_array():
    assert check_table(((1, 2), (3, 4))).rows.dtype == np.int64
    assert check_table((("u", 2), ("v", 4)), [0]).rows.tolist() == [["u", 2], ["v", 4]]
    assert cells_of((("u", 2), ("v", 4)), [0]) == [[0, 1], [2, 4]]


@pytest.mark.parametrize("kind", SPARSE)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble, np.int16, np.uint64, np.bool_])
def test_sparse_tables_keep_class_and_dtype(kind, dtype):
    rows = kind(ROWS.astype(dtype))
    table = check_table(rows)
    new = table.format.build(table.cells)
    stacked = table.format.stack(table.rows, new)
    assert type(new) is type(stacked) is kind
    assert new.dtype == stacked.dtype == dtype
    np.testing.assert_array_equal(new.toarray(), ROWS.astype(dtype))
    np.testing.assert_array_equal(stacked.toarray(), np.vstack([ROWS, ROWS]).astype(dtype))


@pytest.mark.parametrize("kind", SPARSE)
def test_sparse_tables_may_hold_categories_and_nan(kind):
    dense = np.array([[0.0, NAN, 1], [2, 0, 1], [0, 7, NAN], [2, 3, 0]])
    assert cells_of(kind(dense), [0, 2]) == [[0, 1, 0, 1], [None, 0, 7, 3], [0, 0, None, 1]]
    np.testing.assert_array_equal(round_trip(kind(dense), [0, 2]).toarray(), dense)


def test_other_sparse_formats_become_csr():
    assert isinstance(check_table(sparse.coo_array(ROWS)).rows, sparse.csr_array)
    assert isinstance(check_table(sparse.lil_matrix(ROWS)).rows, sparse.csr_matrix)


def test_read_only_and_memory_mapped_arrays(tmp_path):
    np.save(tmp_path / "rows.npy", ROWS.astype(float))
    mapped = np.load(tmp_path / "rows.npy", mmap_mode="r")
    frozen = ROWS.astype(float)
    frozen.flags.writeable = False
    for rows in (mapped, frozen):
        table = check_table(rows)
        copy, stacked = (
            table.format.take(table.rows, np.arange(table.n_rows)),
            table.format.stack(table.rows, table.format.build(table.cells)),
        )
        assert type(copy) is type(stacked) is np.ndarray
        for own in (copy, stacked):
            assert not np.shares_memory(own, rows)
            own[0, 0] = 99
        assert rows.tolist() == ROWS.tolist()


@pytest.mark.parametrize("rows", [ROWS, np.asfortranarray(ROWS), ROWS[::-1, ::-1]])
def test_nothing_shares_memory_with_the_rows(rows):
    table = check_table(rows)
    new = table.format.build(table.cells)
    for own in (new, table.format.take(rows, np.arange(table.n_rows)), table.format.stack(rows, new)):
        assert not np.shares_memory(own, rows)


@pytest.mark.parametrize("kind", SPARSE)
def test_a_copy_of_a_sparse_table_shares_no_memory(kind):
    rows = kind(ROWS)
    table = check_table(rows)
    for own in (
        table.format.take(rows, np.arange(table.n_rows)),
        table.format.stack(rows, table.format.build(table.cells)),
    ):
        assert type(own) is kind
        own.data[:] = 99
    assert rows.toarray().tolist() == ROWS.tolist()


def test_a_copy_of_a_list_shares_no_row():
    rows = ROWS.tolist()
    table = check_table(rows)
    for own in (
        table.format.take(rows, np.arange(table.n_rows)),
        table.format.stack(rows, table.format.build(table.cells)),
    ):
        own[0][0] = 99
    assert rows == ROWS.tolist()


def test_original_rows_of_a_list_are_the_very_objects():
    rows = [[1, "u"], [np.float64(2), "v"]]
    table = check_table(rows, [1])
    assert same(table.format.stack(rows, table.format.build(table.cells))[:2], rows)


def test_integers_beyond_2_to_the_53_do_not_pass_through_floats():
    big = 2**53 + 1
    for rows in (np.array([[big], [-big]]), [[big], [-big]], sparse.csr_array([[big], [-big]])):
        (cells,) = check_table(rows).cells
        assert cells.values.dtype == np.int64
        assert cells.values.tolist() == [big, -big]
    assert cells_of([[big], [None], [2**63 - 1]]) == [[big, None, 2**63 - 1]]


def test_what_stands_in_a_missing_cell_is_finite():
    for cells in check_table([[NAN, None], [1.0, 2]]).cells:
        assert isinstance(cells, NumericCells)
        assert np.isfinite(cells.values).all()
        assert cells.present.tolist() in ([1.0], [2])


def test_containers_with_the_same_cells_give_the_same_codes_and_values():
    a, b, c = ["v", "u", None, "v", "w"], [0.5, None, 2.0, 3.0, 0.5], [7, 6, 5, 7, 6]
    rows = [list(row) for row in zip(a, b, c, strict=True)]
    expected = [[0, 1, None, 0, 2], b, [0, 1, 2, 0, 1]]
    named = {"a": a, "b": b, "c": c}
    for table in (rows, np.array(rows, dtype=object), pd.DataFrame(named), pl.DataFrame(named)):
        assert cells_of(table, [0, 2]) == expected
    assert cells_of(pd.DataFrame(named).astype({"a": "category"}), [0, 2]) == expected
    assert cells_of(pl.DataFrame(named, schema_overrides={"a": pl.Enum(["w", "v", "u"])}), [0, 2]) == expected


def test_no_new_rows():
    for rows in (ROWS, ROWS.tolist(), sparse.csr_array(ROWS)):
        table = check_table(rows)
        none = table.format.build([NumericCells(np.zeros(0, dtype=np.int64))] * 2)
        stacked = table.format.stack(rows, none)
        assert type(stacked) is type(rows)
        assert np.shape(stacked) == (3, 2)


def test_formats_are_pickled():
    for rows in (np.array([["u", 1.0], ["v", None]], dtype=object), [["u", 1.0], ["v", None]]):
        table = check_table(rows, [0])
        built = pickle.loads(pickle.dumps(table.format)).build(table.cells)
        assert same(built, table.format.build(table.cells))


DTYPES = st.one_of(
    hnp.floating_dtypes(),
    hnp.integer_dtypes(),
    hnp.unsigned_integer_dtypes(),
    hnp.boolean_dtypes(),
    hnp.datetime64_dtypes(),
    hnp.timedelta64_dtypes(),
)


@settings(deadline=None)
@given(st.data())
def test_arrays_of_any_dtype_round_trip(data):
    shape = data.draw(hnp.array_shapes(min_dims=2, max_dims=2, max_side=6))
    dtype = data.draw(DTYPES)
    finite = {"allow_infinity": False} if dtype.kind == "f" else {}
    rows = data.draw(hnp.arrays(dtype, shape, elements=hnp.from_dtype(dtype, **finite)))
    chosen = data.draw(st.lists(st.integers(0, shape[1] - 1)))
    new = round_trip(rows, chosen)
    assert new.dtype == rows.dtype
    np.testing.assert_array_equal(new, rows)


# Only a few characters, because hypothesis is slow to draw its first string of all characters.
TEXTS = st.text("aß€\0 ,'", max_size=3)

COLUMNS = {
    "strings": st.none() | TEXTS,
    "whole": st.none() | st.integers(-(2**63), 2**63 - 1),
    "real": st.floats(allow_infinity=False, allow_nan=False),
    "bools": st.none() | st.booleans(),
}


@settings(deadline=None)
@given(st.data(), st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=4))
def test_lists_of_any_columns_round_trip(data, kinds):
    rows = data.draw(st.lists(st.tuples(*(COLUMNS[kind] for kind in kinds)).map(list), min_size=1, max_size=8))
    assert same(round_trip(rows, [j for j, kind in enumerate(kinds) if kind == "strings"]), rows)
