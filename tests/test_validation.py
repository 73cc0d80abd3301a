"""What may be trained on, and the words in which everything else is refused."""

import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse

from wgan_resampler import InvalidDataError
from wgan_resampler.validation import check_class_sizes, check_table, check_target

GOOD = np.arange(12.0).reshape(6, 2)


def with_cell(value, dtype=np.float64):
    table = GOOD.astype(dtype)
    table[4, 1] = value
    return table


@pytest.mark.parametrize(
    "table",
    [
        GOOD,
        GOOD.astype(np.float16),
        GOOD.astype(np.uint64),
        GOOD > 3,
        sparse.csr_array(GOOD),
        sparse.csc_matrix(GOOD),
        pd.DataFrame({"a": [1, 2], "b": [True, False], "c": pd.array([1, 2], dtype="Int64")}),
    ],
    ids=lambda table: f"{type(table).__name__}-{getattr(table, 'dtype', '')}",
)
def test_numeric_tables_pass_as_they_are(table):
    checked = check_table(table)
    assert type(checked) is type(table)
    assert checked is table or checked.dtype == table.dtype


def test_other_array_likes_become_arrays():
    assert check_table([[1, 2], [3, 4]]).dtype == np.int64
    assert check_table([[1, 2.5], [3, 4]]).dtype == np.float64
    assert isinstance(check_table(sparse.coo_array(GOOD)), sparse.csr_array)


@pytest.mark.parametrize(
    ("table", "fragment"),
    [
        (with_cell(np.nan), "contains NaN.*impute them first"),
        (with_cell(np.nan).tolist(), "contains NaN.*impute them first"),
        (sparse.csr_array(with_cell(np.nan)), "contains NaN.*impute them first"),
        (pd.DataFrame(with_cell(np.nan), columns=["a", "b"]), "column 'b' has 1 missing .* in row 4.*impute"),
        (pd.DataFrame({"n": pd.array([1, None, 3], dtype="Int64")}), "column 'n' has 1 missing .* in row 1.*impute"),
        (pd.DataFrame({"n": pd.array([True, None, None], dtype="boolean")}), "column 'n' has 2 missing .* in row 1"),
        (pd.DataFrame({"n": pd.arrays.SparseArray([0.0, np.nan, 1.0])}), "column 'n' has 1 missing .* in row 1"),
        (with_cell(np.inf), "contains infinity.*Replace infinite values"),
        (with_cell(-np.inf, np.float32), "contains infinity.*Replace infinite values"),
        (sparse.csc_array(with_cell(np.inf)), "contains infinity.*Replace infinite values"),
        (pd.DataFrame(with_cell(np.inf), columns=["a", "b"]), "column 'b' has 1 infinite .* row 4.*Replace infinite"),
        ([["x", 1.0], ["y", 2.0]], "Texts are not supported yet.*OrdinalEncoder"),
        (GOOD.astype(str), "Texts are not supported yet.*OrdinalEncoder"),
        (np.array([["x", 1.0], ["y", 2.0]], dtype=object), "convert string to float: 'x' Texts are not supported yet"),
        (pd.DataFrame({"a": [1, 2], "t": ["u", "v"]}), "Column 't' is of dtype .*first value is 'u'.*OneHotEncoder"),
        (pd.DataFrame({"t": pd.Categorical(["u", "v"])}), "Column 't' is of dtype category, not numeric"),
        (pd.DataFrame({"t": pd.Categorical([1, 2])}), "Column 't' is of dtype category, not numeric"),
        (pd.DataFrame({"t": pd.to_datetime(["2020-01-01"])}), "Column 't' is of dtype datetime64.* dates"),
        (pd.DataFrame({"t": pd.to_timedelta([1], unit="s")}), "Column 't' is of dtype timedelta64"),
        (pd.DataFrame({"t": np.array([1, 2], dtype=object)}), "Column 't' is of dtype object, not numeric"),
        (np.array([["2020-01-01"]], dtype="datetime64[D]"), "dtype datetime64.*Dates are not supported yet"),
        (GOOD + 1j, "Complex data not supported"),
        (pd.DataFrame({"z": [1j, 2j]}), "Complex data not supported: column 'z'"),
        (pl.DataFrame({"a": [1.0]}), r"polars frames are not supported yet. Pass X.to_pandas\(\)"),
        (pl.LazyFrame({"a": [1.0]}), "polars frames are not supported yet"),
        (pd.DataFrame(GOOD, columns=["a", "a"]), "must be unique, but 'a' occurs more than once"),
        (GOOD[:, 0], "Expected 2D array, got 1D array"),
        (pd.Series(GOOD[:, 0]), "Expected a 2-dimensional container"),
        (GOOD[:, :, None], "dim 3"),
        (3.0, "Expected 2D array, got scalar"),
        (GOOD[:0], "0 sample"),
        (GOOD[:, :0], "0 feature"),
        (pd.DataFrame(GOOD).iloc[:0], "0 sample"),
        (pd.DataFrame(index=range(3)), r"0 feature\(s\)"),
        ([], "Expected 2D array"),
    ],
)
def test_refused_tables(table, fragment):
    with pytest.raises(InvalidDataError, match=f"(?s){fragment}"):
        check_table(table)


@pytest.mark.parametrize(
    ("target", "labels"),
    [
        ([0, 1, 0], [0, 1, 0]),
        ((0, 1, 0), [0, 1, 0]),
        (["u", "v", "u"], ["u", "v", "u"]),
        (np.array([-3, 5, -3], dtype=np.int8), [-3, 5, -3]),
        (np.array([True, False, True]), [True, False, True]),
        (np.array([0.0, 1.0, 2.0]), [0, 1, 2]),
        (np.array(["u", "v", "u"], dtype=object), ["u", "v", "u"]),
        (np.array([2**60, 2**60 + 1, 7], dtype=object), [2**60, 2**60 + 1, 7]),
        (np.array([[0], [1], [0]]), [0, 1, 0]),
        ([[0], [1], [0]], [0, 1, 0]),
        (pd.Series(["u", "v", "u"], dtype="category"), ["u", "v", "u"]),
        (pd.Series(["u", "v", "u"], dtype="string"), ["u", "v", "u"]),
        (pd.Series([2**60, 2**60 + 1, 7], dtype="Int64"), [2**60, 2**60 + 1, 7]),
        (pd.Series([True, False, True], dtype="boolean"), [True, False, True]),
        (pd.DataFrame({"y": ["u", "v", "u"]}), ["u", "v", "u"]),
        (pd.DataFrame({"y": pd.array([1, 2, 1], dtype="Int64")}), [1, 2, 1]),
        (pl.Series(["u", "v", "u"]), ["u", "v", "u"]),
    ],
)
def test_labels_of_any_type(target, labels):
    found, one_hot = check_target(target, 3)
    assert found.tolist() == labels
    assert found.ndim == 1
    assert not one_hot


@pytest.mark.parametrize(
    "make",
    [
        np.array,
        list,
        lambda rows: np.array(rows, dtype=bool),
        lambda rows: np.array(rows, dtype=np.float32),
        lambda rows: pd.DataFrame(rows, columns=["u", "v", "w"]),
        lambda rows: pd.DataFrame(rows, columns=["u", "v", "w"], dtype="Int64"),
    ],
)
def test_one_hot_targets_give_column_numbers(make):
    labels, one_hot = check_target(make([[0, 0, 1], [1, 0, 0], [0, 0, 1], [0, 1, 0]]), 4)
    assert labels.tolist() == [2, 0, 2, 1]
    assert one_hot


@pytest.mark.parametrize(
    ("target", "n_rows", "fragment"),
    [
        ([0, 1, 0], 4, r"inconsistent numbers of samples: \[4, 3\]"),
        (np.array([0.0, np.nan, 1.0]), 3, "y contains NaN: 1 label.* in row 1.*Drop these rows"),
        (["u", None, None], 3, "y contains NaN: 2 label.* in row 1"),
        (np.array(["u", np.nan, "v"], dtype=object), 3, "y contains NaN: 1 label.* in row 1"),
        (pd.Series([1, None, 0], dtype="Int64"), 3, "y contains NaN: 1 label.* in row 1"),
        (pd.Series(["u", "v", pd.NA], dtype="string"), 3, "y contains NaN: 1 label.* in row 2"),
        (pd.Series(["u", None, "v"], dtype="category"), 3, "y contains NaN: 1 label.* in row 1"),
        (pd.DataFrame({"y": ["u", "v", None]}), 3, "y contains NaN: 1 label.* in row 2"),
        (np.array([[1.0, 0.0], [0.0, np.nan]]), 2, "y contains NaN: 1 label.* in row 1"),
        (np.array([0.0, np.inf]), 2, "Input y contains infinity"),
        ([1, "u", 1], 3, "Labels must be of one type; got 'u' and 1"),
        (np.array(["u", 2.5, "v"], dtype=object), 3, "Labels must be of one type; got 'u' and 2.5"),
        (np.array([0.1, 0.2, 0.3]), 3, "Unknown label type: continuous"),
        (np.array([[1, 1], [0, 1]]), 2, "Multilabel and multioutput targets are not supported"),
        (np.array([[1, 5], [3, 4]]), 2, "1d array"),
        (np.zeros((2, 1, 1)), 2, "Unknown label type"),
        (sparse.csr_array(np.eye(2)), 2, r"sparse target is not supported. Pass y.toarray\(\)"),
        (None, 2, "None"),
    ],
)
def test_refused_targets(target, n_rows, fragment):
    with pytest.raises(InvalidDataError, match=fragment):
        check_target(target, n_rows)


def test_a_class_that_grows_needs_two_rows():
    labels = np.array(["u", "v", "v"])
    with pytest.raises(InvalidDataError, match=r"Class 'u' has 1 row; at least 2 .* sampling_strategy="):
        check_class_sizes(labels, {"u": 1})
    check_class_sizes(labels, {"v": 5})
    check_class_sizes(labels, {"u": 0, "v": 5})


def test_arrays_are_checked_without_pandas(monkeypatch):
    monkeypatch.delitem(sys.modules, "pandas")
    check_table(GOOD)
    check_target(["u", "v", "u"], 3)
    assert "pandas" not in sys.modules
